/* An earlier login back into the store, when the one that was published is the wrong one.  A person
 * says so: on the terminal, or beforehand with --yes. */
#include "relay/rollback.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/terminal.h"
#include "cmd/cmd.h"
#include "cmd/show.h"

/* ---- saying what it means ---- */

static const char *form_words(enum rollback_form f)
{
    static const char *const words[] = {
        [ROLLBACK_FULL] = "This machine will renew it.",
        [ROLLBACK_SPENT] = "Its refresh token is spent: nobody can renew it, and a person must log "
                           "in before it expires.",
        [ROLLBACK_UNKNOWN] = "The store has no refresh token of it: nobody can renew it, and a "
                             "person must log in before it expires.",
    };
    return words[f];
}

/* Somebody else may be about to renew what is to be abandoned. */
static bool renewed_elsewhere(const struct relay *r, const struct rollback_report *report)
{
    return report->holder[0] && strcmp(report->holder, r->machine) != 0;
}

static void describe_plan(const struct relay *r, const struct rollback_request *rq,
                          const struct rollback_report *report, struct buf *out)
{
    char from[128], to[128];
    show_login_words(&report->from, from, sizeof from);
    show_login_words(&report->to, to, sizeof to);
    buf_printf(out, "version %lld (%s%s%s) over version %lld (%s).\n%s\n", (long long)rq->version,
               to, *report->by ? ", by " : "", report->by, (long long)report->replaced, from,
               form_words(report->form));
    if (renewed_elsewhere(r, report))
        buf_printf(out,
                   "%s renews the present login: should it do so before it hears of this, that is "
                   "a new login and wins.  Sync there: credrelay sync\n",
                   report->holder);
}

/* ---- asking ---- */

static bool no_terminal(struct err *e)
{
    err_set(e, ERR_USAGE, "this asks a person, and there is no terminal");
    return err_hint(e, "see what it would do with --dry-run, then say --yes");
}

static bool is_yes(const char *answer)
{
    return strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0;
}

/* False: the person does not want it, or nobody is there. */
static bool ask(const struct buf *plan, struct err *e)
{
    struct terminal t;
    struct buf answer;
    if (!terminal_open(&t))
        return no_terminal(e);
    buf_init(&answer, LIMIT_PATH);
    terminal_say(&t, "Put back ");
    terminal_say(&t, buf_str(plan));
    terminal_say(&t, "Do it? [y/N] ");
    bool ok = terminal_read(&t, TERMINAL_SHOWN, &answer, e);
    if (ok && !is_yes(buf_str(&answer)))
        ok = err_set(e, ERR_USAGE, "not done: nobody said yes");
    buf_free(&answer);
    terminal_close(&t);
    return ok;
}

static bool agreed(const struct relay *r, const struct options *o,
                   const struct rollback_request *rq, const struct rollback_report *report,
                   struct err *e)
{
    struct buf plan;
    if (o->yes)
        return true;
    buf_init(&plan, LIMIT_EVENT);
    describe_plan(r, rq, report, &plan);
    bool ok = ask(&plan, e);
    buf_free(&plan);
    return ok;
}

/* ---- telling ---- */

static void tell_json(const struct relay *r, const struct rollback_request *rq,
                      const struct rollback_report *report)
{
    jv *v = jv_object();
    jv_put_bool(v, "ok", true);
    jv_put_text(v, "command", "rollback");
    jv_put_text(v, "relay", r->name);
    jv_put_text(v, "machine", r->machine);
    jv_put_text(v, "store", r->store_url);
    jv_put_bool(v, "dry_run", rq->dry_run);
    jv_put_bool(v, "done", report->done);
    jv_put_int(v, "restored", rq->version);
    jv_put_int(v, "replaced", report->replaced);
    jv_put_int(v, "version", report->version ? report->version : report->replaced);
    jv_put(v, "from", show_login(&report->from));
    jv_put(v, "to", show_login(&report->to));
    jv_put_text(v, "form", rollback_form_name(report->form));
    jv_put_text(v, "holder", *report->holder ? report->holder : NULL);
    jv_put_bool(v, "installed", report->installed);
    if (report->warning.code != ERR_NONE)
        jv_put_text(v, "warning", report->warning.text);
    jv_put_int(v, "exit_status", 0);
    show_line(v);
}

static void tell(const struct relay *r, const struct rollback_request *rq,
                 const struct rollback_report *report)
{
    char to[128];
    struct buf plan;
    show_login_words(&report->to, to, sizeof to);
    if (!report->done) {
        printf("nothing to do: the store has that login (%s; version %lld)\n", to,
               (long long)report->replaced);
        return;
    }
    if (!rq->dry_run) {
        printf("rolled back: version %lld is version %lld now (%s)\n", (long long)rq->version,
               (long long)report->version, to);
        if (report->form != ROLLBACK_FULL)
            fprintf(stderr, "credrelay: warning: %s\n", form_words(report->form));
        return;
    }
    buf_init(&plan, LIMIT_EVENT);
    describe_plan(r, rq, report, &plan);
    printf("would put back %s", buf_str(&plan));
    buf_free(&plan);
}

static void tell_report(const struct relay *r, const struct options *o,
                        const struct rollback_request *rq, const struct rollback_report *report)
{
    if (report->warning.code != ERR_NONE && !o->json)
        tell_warning(&report->warning);
    if (o->json)
        tell_json(r, rq, report);
    else
        tell(r, rq, report);
}

/* ---- the command ---- */

/* Look first, ask, then do what was agreed on. */
static bool look_and_do(const struct relay *r, const struct options *o, struct rollback_request *rq,
                        struct rollback_report *ret, struct err *e)
{
    rq->dry_run = true;
    rq->deadline = clock_steady_ms() + r->timeout_ms;
    if (!relay_rollback(r, rq, RELAY_LOCK_WAIT_MS, ret, e))
        return false;
    if (o->dry_run || !ret->done)
        return true;
    if (!agreed(r, o, rq, ret, e))
        return false;
    rq->dry_run = false;
    rq->expect = ret->replaced;
    rq->deadline = clock_steady_ms() + r->timeout_ms;
    return relay_rollback(r, rq, RELAY_LOCK_WAIT_MS, ret, e);
}

static bool read_version(const char *text, int64_t *ret, struct err *e)
{
    if (parse_int64(text, 1, INT64_MAX, ret))
        return true;
    err_set(e, ERR_USAGE, "'%.64s' is no version", text);
    return err_hint(e, "see what the store has: credrelay history");
}

static int run(const struct options *o, int argc, char **argv)
{
    struct relay r;
    struct err e;
    struct rollback_request rq = {.force = o->force};
    struct rollback_report report = {.version = 0};
    (void)argc;
    if (!read_version(argv[0], &rq.version, &e) || !relay_load(o->relay, &r, &e))
        return tell_failure("rollback", o, &e);
    bool ok = look_and_do(&r, o, &rq, &report, &e);
    if (ok)
        tell_report(&r, o, &rq, &report);
    relay_free(&r);
    return ok ? 0 : tell_failure("rollback", o, &e);
}

const struct command cmd_rollback = {
    .name = "rollback",
    .arguments = "VERSION",
    .summary = "put an earlier login of the store's back",
    .about =
        "Puts the login of VERSION (credrelay history) back into the store as a new version, so "
        "that every\n"
        "machine follows.  Blank logins and those that the server refused are never put back, "
        "expired ones\n"
        "with --force.  Asks on the terminal first.",
    .options = TAKES(RELAY) | TAKES(YES) | TAKES(FORCE) | TAKES(DRY_RUN) | TAKES(JSON),
    .least = 1,
    .most = 1,
    .run = run,
};
