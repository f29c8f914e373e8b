#include "run/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alert/alert.h"
#include "alert/plain.h"
#include "base/clock.h"
#include "base/inherit.h"
#include "base/refusal.h"
#include "os/pipe.h"
#include "relay/events.h"
#include "run/child.h"
#include "run/input.h"
#include "run/plan.h"
#include "run/program.h"
#include "run/pump.h"
#include "run/recover.h"
#include "run/say.h"
#include "tool/override.h"

/* One go of a command. */
struct attempt {
    struct child child;
    struct pump pump;
    const struct run *run;
    struct verdict *verdict;
    pid_t beside; /* looks for a login while this goes on; 0: not needed so far */
    struct verdict_result result;
    const char *override; /* what the client used instead of the login; NULL nothing */
    int64_t ended;        /* wall clock, ms */
};

/* One command under the wrapper. */
struct run {
    const struct relay *relay;
    char path[LIMIT_PATH]; /* the program */
    char **argv;
    struct plan plan;
    struct input input;
    struct start start;
    struct attempt attempts[2];
    struct attempt *shown; /* the one whose output and end are ours */
    struct run_event event;
    struct err hopeless; /* why nothing could be done, and what a person can do */
};

/* ---- one attempt ---- */

/* The client announces that it was refused and tries again, and it reads its login anew: a login
 * brought now heals the run as it is. */
static void heal_in_flight(struct attempt *a)
{
    if (a->beside || !verdict_retrying(a->verdict) || tool_override(a->run->relay->tool))
        return;
    a->beside = recover_beside(a->run->relay, &a->run->start.login);
}

/* A text that began otherwise than a failure is none; a stream may still end as one. */
static enum pump_seen look(void *ctx, const char *bytes, size_t len)
{
    struct attempt *a = ctx;
    enum verdict_now now = verdict_feed(a->verdict, bytes, len);
    heal_in_flight(a);
    if (now != VERDICT_FINE)
        return PUMP_HOLD;
    return a->run->plan.format == RUN_TEXT ? PUMP_DONE : PUMP_SHOW;
}

static bool start_child(struct run *run, struct attempt *a, struct err *e)
{
    int out[2], in;
    if (!input_begin(&run->input, &in, e))
        return false;
    if (!os_pipe(out))
        return err_errno(e, errno, "cannot make a pipe");
    bool ok = child_start(run->path, run->argv, in, out[1], &a->child, e);
    close(out[1]);
    if (in >= 0)
        close(in);
    pump_init(&a->pump, &a->child, &run->input, out[0], look, a);
    return ok;
}

static void judge(struct run *run, struct attempt *a)
{
    int status = child_exit_status(&a->child);
    a->ended = clock_wall_ms();
    /* Looked up only now: it reads the client's settings. */
    a->override = status ? tool_override(run->relay->tool) : NULL;
    verdict_end(a->verdict, status, a->override != NULL, &a->result);
}

static bool attempt(struct run *run, struct attempt *a, struct err *e)
{
    *a = (struct attempt){.run = run, .pump.from_child = -1};
    a->verdict = verdict_new(run->relay->tool, run->plan.format);
    if (!a->verdict)
        return err_no_memory(e);
    if (!signals_catch(e) || !start_child(run, a, e))
        return false;
    bool ok = pump_run(&a->pump, e);
    signals_release();
    if (ok)
        judge(run, a);
    return ok;
}

static void attempt_free(struct attempt *a)
{
    pump_free(&a->pump);
    verdict_free(a->verdict);
    a->verdict = NULL;
}

/* ---- what to do about a failure ---- */

static bool about_the_login(const struct attempt *a)
{
    switch (a->result.meaning) {
    case FAILURE_LAPSED:
    case FAILURE_OVERRIDDEN:
    case FAILURE_FORBIDDEN: return true;
    default: return false;
    }
}

/* Would a second run do again what the first has done? */
static const char *why_not_again(const struct run *run, const struct attempt *a)
{
    if (run->relay->retry == RETRY_NEVER)
        return "retry = never";
    if (a->pump.released)
        return "the run had already answered in part";
    if (a->pump.unread)
        return "nobody reads its output any more";
    if (a->result.worked && run->relay->retry != RETRY_ALWAYS)
        return "the run had already done work";
    return input_why_no_replay(&run->input);
}

static int tell_hopeless(struct run *run, const char *why, const char *hint)
{
    fprintf(stderr, RUN_PREFIX "not recovered: %s.\n", why);
    say_hint(hint);
    err_set(&run->hopeless, ERR_HOPELESS, "%s", why);
    err_hint(&run->hopeless, "%s", hint);
    run->event.message = run->hopeless.text;
    return RUN_HOPELESS;
}

static int tell_overridden(struct run *run, const struct attempt *a)
{
    char why[256], hint[256];
    snprintf(why, sizeof why, "the credential that failed is not the login but %s",
             a->override ? a->override : "an API key");
    snprintf(hint, sizeof hint,
             "mend or remove it; the login in %.128s is not used while it is there",
             run->relay->login_path);
    return tell_hopeless(run, why, hint);
}

static int tell_forbidden(struct run *run, const struct attempt *a)
{
    char why[1024], said[sizeof a->result.message];
    plain_text(a->result.message, said, sizeof said); /* it goes into the log */
    snprintf(why, sizeof why, "no login can help: %s", said);
    return tell_hopeless(run, why,
                         "ask the administrator of the organization, or use another account");
}

/* The login is there for the next run, or WHY_NOT says why it is not; this one stands as it is. */
static int tell_not_again(struct run *run, const struct attempt *a, const char *why,
                          const struct err *why_not)
{
    fprintf(stderr, RUN_PREFIX "auth lapsed; not retried: %s. %s.\n", why,
            why_not ? why_not->text : "The next run has a fresh login");
    if (why_not)
        say_hint(why_not->hint);
    else if (a->result.session[0] && run->relay->tool->resume)
        fprintf(stderr, RUN_PREFIX "  go on with: %s %s %s\n", run->relay->tool->program,
                run->relay->tool->resume, a->result.session);
    run->event.message = why;
    return child_exit_status(&a->child);
}

static int tell_refused_again(struct run *run)
{
    char hint[128];
    note_login(run->relay, &run->start.login, false);
    return tell_hopeless(run, "the fresh login was refused as well",
                         how_to_log_in(run->relay, hint, sizeof hint));
}

/* The same command with another login.  Only this second run's output is shown; the first one's
 * never was. */
static int retry(struct run *run)
{
    struct attempt *a = &run->attempts[1];
    struct err e;
    say_recovered(run->relay);
    run->event.retried = true;
    look_at_login(run->relay, &run->start.login);
    run->start.doubtful = false;
    if (!attempt(run, a, &e)) {
        attempt_free(a);
        return tell_hopeless(run, e.text, e.hint);
    }
    attempt_free(run->shown);
    run->shown = a;
    switch (a->result.meaning) {
    case FAILURE_LAPSED: return tell_refused_again(run);
    case FAILURE_OVERRIDDEN: return tell_overridden(run, a);
    case FAILURE_FORBIDDEN: return tell_forbidden(run, a);
    default: break;
    }
    run->event.recovery_succeeded = a->result.meaning == FAILURE_NONE;
    return child_exit_status(&a->child);
}

static int after_lapse(struct run *run, struct attempt *a)
{
    struct err e;
    const char *why = why_not_again(run, a);
    run->event.recovery_attempted = true;
    run->event.recovery_succeeded = false; /* what the preflight brought did not do */
    bool found = recover(run->relay, &run->start.login, a->ended, &e);
    if (why)
        return tell_not_again(run, a, why, found ? NULL : &e);
    return found ? retry(run) : tell_hopeless(run, e.text, e.hint);
}

/* The exit status of the whole. */
static int decide_status(struct run *run, struct attempt *a)
{
    run->event.verdict = failure_class_name(a->result.meaning);
    switch (a->result.meaning) {
    case FAILURE_LAPSED: return after_lapse(run, a);
    case FAILURE_OVERRIDDEN: return tell_overridden(run, a);
    case FAILURE_FORBIDDEN: return tell_forbidden(run, a);
    default: return child_exit_status(&a->child);
    }
}

/* ---- the command ---- */

/* Output that found no reader, or no room: the child wrote it to us, and may have ended well or, since
 * it was cut off, by SIGPIPE. */
static void end_for_lost_output(struct attempt *a, int status)
{
    struct err e;
    if (a->pump.lost == EPIPE) {
        /* SIGPIPE's number is what waitpid(2) says of who dies of it. */
        if (status == 0 && inherit_dies_of_pipe())
            a->child.status = SIGPIPE;
        return;
    }
    err_errno(&e, a->pump.lost, "the output could not be written");
    (void)refused_output(&e, a->pump.lost);
    say(e.text, e.hint);
    if (status == 0 || status == 128 + SIGPIPE)
        _exit(err_exit_status(ERR_IO));
}

/* A run that was healed as it went: the client tells its own stream, we tell the log. */
static void note_healing(struct run *run, const struct attempt *a)
{
    if (!a->beside || run->event.recovery_attempted)
        return;
    run->event.recovery_attempted = true;
    run->event.recovery_succeeded =
        a->result.meaning == FAILURE_NONE && recovered_beside(a->beside);
    if (run->event.recovery_succeeded)
        say_recovered(run->relay); /* the one retry was the client's own */
}

/* What is missing is said, whatever the child says of itself. */
static int end_for_unreadable_output(const struct attempt *a, int status)
{
    if (!a->pump.unreadable)
        return status;
    fprintf(stderr, RUN_PREFIX "the client's output could not be read: %s\n",
            strerror(a->pump.unreadable));
    if (status == 0)
        _exit(err_exit_status(ERR_IO));
    return status;
}

/* The owner hears of it, in the background; of a run that works only when something was wrong. */
static void keep_incident(const struct run *run, const struct attempt *a)
{
    struct err e;
    bool ok = true;
    if (run->hopeless.code != ERR_NONE)
        ok = alert_trouble(run->relay, TROUBLE_RUN, &run->hopeless, clock_wall_ms(), &e);
    else if (a->result.meaning == FAILURE_NONE)
        ok = alert_fine(run->relay, TROUBLE_RUN, clock_wall_ms(), &e);
    if (!ok)
        fprintf(stderr, RUN_PREFIX "nobody could be told: %s\n", e.text);
}

static _Noreturn void finish(struct run *run, int status)
{
    struct attempt *a = run->shown;
    note_healing(run, a);
    pump_release(&a->pump);
    pump_leave(&a->pump);
    run->event.exit_status = status;
    bool noteworthy = about_the_login(a) || run->event.recovery_attempted;
    if (noteworthy)
        event_run(run->relay, &run->event);
    keep_incident(run, a);
    if (a->result.meaning == FAILURE_NONE && run->start.doubtful)
        note_login(run->relay, &run->start.login, true);
    if (status == RUN_HOPELESS && noteworthy)
        _exit(status);
    if (a->pump.lost)
        end_for_lost_output(a, status);
    child_end_like(&a->child, end_for_unreadable_output(a, status));
}

static int run_watched(struct run *run)
{
    struct err e;
    run->shown = &run->attempts[0];
    input_open(&run->input);
    if (!attempt(run, run->shown, &e)) {
        attempt_free(run->shown);
        input_free(&run->input);
        return say_cannot_start(&e);
    }
    finish(run, decide_status(run, run->shown));
}

/* A terminal on both sides is a person's: it stays the client's own. */
static bool interactive(const struct plan *plan)
{
    return !plan->prints || (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO));
}

int run_relay(const struct relay *r, char **argv)
{
    struct run run = {.relay = r, .argv = argv, .plan = plan_read(r->tool, argv + 1)};
    struct err e;
    if (!program_find(argv[0], run.path, &e))
        return say_cannot_start(&e);
    preflight(r, &run.start);
    if (run.start.pulled) {
        say_recovered(r);
        run.event = (struct run_event){.recovery_attempted = true, .recovery_succeeded = true};
    }
    if (interactive(&run.plan))
        return child_become(run.path, argv);
    return run_watched(&run);
}
