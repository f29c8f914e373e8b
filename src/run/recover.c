#include "run/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alert/renewal.h"
#include "base/clock.h"
#include "base/inherit.h"
#include "relay/events.h"
#include "relay/lay_down.h"
#include "run/child.h"

enum { FRUITLESS_FOR_MS = 30000, POLL_FIRST_MS = 500, POLL_MOST_MS = 2000, RENEWAL_LOOK_MS = 50 };

/* What a process needs to write down that it has brought a login, on a slow disk. */
enum { BESIDE_ENDS_MS = 3000 };

/* ---- looking ---- */

void look_at_login(const struct relay *r, struct login_facts *ret)
{
    struct err ignored;
    const struct login_source source = relay_login_source(r);
    if (!login_source_look(&source, ret, &ignored))
        *ret = (struct login_facts){.state = LOGIN_ABSENT, .flaw = ""};
}

/* Without the lock: the state file is always whole. */
static void peek(const struct relay *r, struct memory *ret)
{
    char path[LIMIT_PATH];
    struct err ignored;
    ret->rejected_count = 0;
    if (relay_state_path(r, ".json", path, &ignored))
        state_peek(path, clock_wall_ms(), ret);
}

static bool refused(const struct login_facts *f, const struct memory *m)
{
    return f->state == LOGIN_USABLE && memory_rejects(m, f->fingerprint);
}

static bool works(const struct login_facts *f, const struct memory *m)
{
    return f->state == LOGIN_USABLE && !login_expired(f, clock_wall_ms()) && !refused(f, m);
}

/* ---- before ---- */

static bool recently(int64_t at)
{
    int64_t age = clock_wall_ms() - at;
    return at && age >= 0 && age < FRUITLESS_FOR_MS;
}

/* Again without the lock: whoever holds it may be waiting for a writer. */
static bool load_state(const struct relay *r, struct state *ret)
{
    char path[LIMIT_PATH];
    struct err ignored;
    return relay_state_path(r, ".json", path, &ignored) &&
           state_load(path, r->store_url, clock_wall_ms(), ret, &ignored);
}

/* Has a sync brought nothing a moment ago? */
static bool in_vain(const struct relay *r)
{
    struct state state;
    return load_state(r, &state) && recently(state.fruitless_at);
}

static bool sync_before_run(struct session *s, int64_t deadline)
{
    struct sync_report report;
    struct err e;
    const struct sync_request rq = {.intent = INTENT_SYNC, .deadline = deadline};
    bool ok = session_sync(s, &rq, &report, &e);
    bool installed = ok && sync_installed(&report);
    s->state.fruitless_at = installed ? 0 : clock_wall_ms();
    event_sync(s->relay, INTENT_SYNC, ok ? &report : NULL, &e);
    return installed;
}

/* ---- a login that is about to be renewed ---- */

/* Would the run's client refresh it by itself, with a refresh token that others may be sending? */
static bool is_about_to_refresh(const struct relay *r, const struct login_facts *login)
{
    return login->renewable && login_is_near_end(login, clock_wall_ms()) && relay_takes_turns(r);
}

/* Where no watcher has seen to it: the run goes on without the refresh token, which is claimed and
 * spent beside it. */
static void leave_renewing(const struct relay *r, struct start *start)
{
    struct state state;
    struct err e;
    if (load_state(r, &state) && !lay_down(r, &state.memory, &e))
        fprintf(stderr, "credrelay: the refresh token stays on disk, ignoring: %s\n", e.text);
    look_at_login(r, &start->login);
    renew_beside(r);
}

/* Is it this machine's to renew, if anybody's, when the store has nothing fresher? */
static bool may_be_renewed(const struct relay *r, const struct login_facts *login)
{
    return login->state == LOGIN_USABLE && login_is_near_end(login, clock_wall_ms()) &&
           relay_takes_turns(r) && r->renews;
}

/* Has the file a login, and not that one? */
static bool is_another(const struct login_facts *now, const struct login_facts *than)
{
    return now->state == LOGIN_USABLE && !login_same(now, than);
}

/* True: another login than BEFORE is on disk, by DEADLINE. */
static bool wait_for_file(const struct relay *r, const struct login_facts *before, int64_t deadline)
{
    struct login_facts now = *before;
    while (!is_another(&now, before) && clock_steady_ms() < deadline) {
        clock_sleep_ms(RENEWAL_LOOK_MS);
        look_at_login(r, &now);
    }
    return is_another(&now, before);
}

/* False: nothing was asked, since it was a moment ago, or could not be. */
static bool sync_in_doubt(const struct relay *r, struct start *ret, int64_t deadline)
{
    struct session s;
    struct err ignored;
    if (in_vain(r) || !session_open(r, r->preflight_ms, &s, &ignored))
        return false;
    /* Whoever held the lock until now may have done all that is to be done. */
    look_at_login(r, &ret->login);
    bool wanted = !works(&ret->login, &s.state.memory) && !recently(s.state.fruitless_at);
    if (wanted)
        ret->pulled = sync_before_run(&s, deadline);
    if (ret->pulled)
        look_at_login(r, &ret->login);
    ret->doubtful = refused(&ret->login, &s.state.memory);
    (void)session_close(&s, &ignored);
    return wanted && !ret->pulled;
}

void preflight(const struct relay *r, struct start *ret)
{
    struct memory memory;
    int64_t deadline = clock_steady_ms() + r->preflight_ms;
    *ret = (struct start){.pulled = false};
    look_at_login(r, &ret->login);
    peek(r, &memory);
    ret->doubtful = refused(&ret->login, &memory);
    bool good = works(&ret->login, &memory);
    if (good && is_about_to_refresh(r, &ret->login))
        leave_renewing(r, ret);
    /* Where nothing can be read, nothing can be put: a Keychain that is locked for this session. */
    if (good || ret->login.state == LOGIN_UNREADABLE)
        return;
    if (sync_in_doubt(r, ret, deadline) && may_be_renewed(r, &ret->login)) {
        const struct login_facts over = ret->login;
        renew_beside(r);
        ret->pulled = wait_for_file(r, &over, deadline);
        look_at_login(r, &ret->login);
    }
    /* The store could not be asked, or was a moment ago. */
    if (is_about_to_refresh(r, &ret->login))
        leave_renewing(r, ret);
}

/* ---- after ---- */

/* Is there a login on disk that the failed run did not have?  Others pulled it, a person logged
 * in, or the client renewed it. */
static bool others_did(const struct session *s, const struct login_facts *failed)
{
    struct login_facts now;
    look_at_login(s->relay, &now);
    return is_another(&now, failed) && !refused(&now, &s->state.memory);
}

const char *how_to_log_in(const struct relay *r, char *out, size_t size)
{
    snprintf(out, size, r->role == ROLE_READER ? "log in on a writer: %s" : "log in: %s",
             r->tool->login_command);
    return out;
}

static bool hopeless(const struct relay *r, const char *why, struct err *e)
{
    char hint[128];
    err_set(e, ERR_HOPELESS, "%s", why);
    return err_hint(e, "%s", how_to_log_in(r, hint, sizeof hint));
}

/* How long the store is asked for, and whether what came of it is an event when it is nothing: of all
 * the looks of a wait, the last one is. */
struct look {
    int64_t wait_ms;
    bool more; /* another one comes */
};

static int64_t longer(int64_t pause)
{
    return pause * 2 < POLL_MOST_MS ? pause * 2 : POLL_MOST_MS;
}

/* Ask the store until it, or this machine, has a login that is not the refused one.  *RET_WAITED: a
 * writer was given its time to publish, in vain. */
static bool pull_until(struct session *s, const struct login_facts *failed, struct look look,
                       bool *ret_waited, struct err *why_not)
{
    const struct relay *r = s->relay;
    int64_t until = clock_steady_ms() + look.wait_ms;
    struct sync_report report;
    for (int64_t pause = POLL_FIRST_MS;; pause = longer(pause)) {
        const struct sync_request rq = {.intent = INTENT_SYNC,
                                        .deadline = clock_steady_ms() + r->timeout_ms};
        bool ok = session_sync(s, &rq, &report, why_not);
        bool found = ok && (sync_installed(&report) || others_did(s, failed));
        bool over = clock_steady_ms() + pause > until;
        *ret_waited = ok && !found && over && look.wait_ms;
        if (ok && !found && report.stands.action == DO_WAIT && !over) {
            clock_sleep_ms(pause);
            continue;
        }
        if (found || !look.more)
            event_sync(r, INTENT_SYNC, ok ? &report : NULL, why_not);
        if (found || !ok)
            return found;
        return hopeless(r, reason_text(report.stands.reason), why_not);
    }
}

static bool recover_locked(struct session *s, const struct login_facts *failed, int64_t ended,
                           struct look look, struct err *why_not)
{
    const struct relay *r = s->relay;
    bool waited = false;
    if (failed->state == LOGIN_USABLE)
        memory_reject(&s->state.memory, failed->fingerprint, clock_wall_ms());
    if (others_did(s, failed))
        return true;
    if (s->state.waited_at > ended)
        return hopeless(r, "the store has no other login", why_not);
    bool found = pull_until(s, failed, look, &waited, why_not);
    s->state.fruitless_at = found ? 0 : clock_wall_ms();
    if (waited)
        s->state.waited_at = s->state.fruitless_at;
    return found;
}

static void close_session(struct session *s)
{
    struct err unsaved;
    if (!session_close(s, &unsaved))
        fprintf(stderr, "credrelay: the state could not be saved, ignoring: %s\n", unsaved.text);
}

static bool recover_by(const struct relay *r, const struct login_facts *failed, int64_t ended,
                       struct look look, struct err *why_not)
{
    struct session s;
    /* Whoever holds the lock may be waiting for a writer: as long as it may, so may we. */
    if (!session_open(r, r->recover_wait_ms + 2 * r->timeout_ms, &s, why_not))
        return false;
    bool found = recover_locked(&s, failed, ended, look, why_not);
    close_session(&s);
    return found;
}

/* A login that is over in its last minutes has most likely expired by another clock.  Whoever is in
 * line to renew it does that, and the lock is not held meanwhile; if another machine is faster, the
 * store has it. */
static bool recover_renewing(const struct relay *r, const struct login_facts *failed, int64_t ended,
                             struct err *why_not)
{
    int64_t end = clock_steady_ms() + r->recover_wait_ms;
    renew_beside(r);
    for (int64_t pause = POLL_FIRST_MS;; pause = longer(pause)) {
        int64_t at = clock_steady_ms() + pause;
        bool last = at >= end;
        if (wait_for_file(r, failed, last ? end : at) ||
            recover_by(r, failed, ended, (struct look){.more = !last}, why_not))
            return true;
        if (last)
            return false;
    }
}

bool recover(const struct relay *r, const struct login_facts *failed, int64_t ended,
             struct err *why_not)
{
    if (!may_be_renewed(r, failed))
        return recover_by(r, failed, ended, (struct look){.wait_ms = r->recover_wait_ms}, why_not);
    return recover_by(r, failed, ended, (struct look){.wait_ms = 0}, why_not) ||
           recover_renewing(r, failed, ended, why_not);
}

/* Nobody is to wait for this process: it gives back the streams and pipes of the run. */
static void let_go_of_the_run(void)
{
    int nothing = open("/dev/null", O_RDWR);
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        dup2(nothing, fd);
    inherit_close_from(STDERR_FILENO + 1);
}

pid_t recover_beside(const struct relay *r, const struct login_facts *failed)
{
    struct err ignored;
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    signals_release();
    let_go_of_the_run();
    _exit(recover(r, failed, clock_wall_ms(), &ignored) ? 0 : 1);
}

/* In a session of its own, so that what ends the run does not end a client that is just saving a
 * login; and nobody's child. */
static _Noreturn void renew_apart(const struct relay *r)
{
    const struct renew_request rq = {.now = true};
    struct renew_report report;
    struct err e; /* the log says it */
    setsid();
    if (fork() != 0)
        _exit(0);
    signals_release();
    let_go_of_the_run();
    if (renew_relay(r, &rq, &report, &e))
        (void)alert_renewal(r, &report, clock_wall_ms(), &e);
    _exit(0);
}

void renew_beside(const struct relay *r)
{
    int status;
    if (!r->renews)
        return;
    pid_t pid = fork();
    if (pid == 0)
        renew_apart(r);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
}

bool recovered_beside(pid_t pid)
{
    int status;
    int64_t end = clock_steady_ms() + BESIDE_ENDS_MS;
    pid_t ended = 0;
    while (pid > 0 && (ended = waitpid(pid, &status, WNOHANG)) == 0 && clock_steady_ms() < end)
        clock_sleep_ms(2);
    return ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void note_login(const struct relay *r, const struct login_facts *login, bool works)
{
    struct session s;
    struct err ignored;
    if (login->state != LOGIN_USABLE || !session_open(r, r->preflight_ms, &s, &ignored))
        return;
    if (works)
        memory_forgive(&s.state.memory, login->fingerprint);
    else
        memory_reject(&s.state.memory, login->fingerprint, clock_wall_ms());
    close_session(&s);
}
