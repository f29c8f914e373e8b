#include "run/recover.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "relay/events.h"
#include "tool/login_file.h"

enum { FRUITLESS_FOR_MS = 30000, POLL_FIRST_MS = 500, POLL_MOST_MS = 2000 };

/* ---- before ---- */

static bool works(const struct login_facts *f, const struct memory *m)
{
    return f->state == LOGIN_USABLE && f->expires_at > clock_wall_ms() &&
           !memory_rejects(m, f->fingerprint);
}

static bool read_facts(const struct relay *r, struct login_facts *ret, struct err *why)
{
    struct login l;
    if (!login_file_read(r->tool, r->login_path, &l, why))
        return false;
    *ret = l.facts;
    login_free(&l);
    return true;
}

/* Without the lock: the state file is always whole. */
static void peek(const struct relay *r, struct state *ret)
{
    char path[LIMIT_PATH];
    struct err ignored;
    if (!relay_state_path(r, ".json", path, &ignored) ||
        !state_load(path, r->store_url, clock_wall_ms(), ret, &ignored))
        memset(ret, 0, sizeof *ret);
}

static bool recently(int64_t at)
{
    int64_t age = clock_wall_ms() - at;
    return at && age >= 0 && age < FRUITLESS_FOR_MS;
}

static bool sync_before_run(const struct relay *r)
{
    struct session s;
    struct sync_report report;
    struct err e;
    const struct sync_request rq = {.intent = INTENT_SYNC,
                                    .deadline = clock_steady_ms() + r->preflight_ms};
    if (!session_open(r, r->preflight_ms, &s, &e))
        return false;
    bool ok = session_sync(&s, &rq, &report, &e);
    bool installed = ok && sync_installed(&report);
    s.state.fruitless_at = installed ? 0 : clock_wall_ms();
    struct err ignored;
    (void)session_close(&s, &ignored);
    event_sync(r, INTENT_SYNC, ok ? &report : NULL, &e);
    return installed;
}

void preflight(const struct relay *r, struct start *ret)
{
    struct state state;
    struct err ignored;
    *ret = (struct start){.login = {.state = LOGIN_ABSENT, .flaw = ""}};
    if (!read_facts(r, &ret->login, &ignored))
        return;
    peek(r, &state);
    ret->doubtful =
        ret->login.state == LOGIN_USABLE && memory_rejects(&state.memory, ret->login.fingerprint);
    if (works(&ret->login, &state.memory) || recently(state.fruitless_at))
        return;
    ret->pulled = sync_before_run(r);
    if (ret->pulled) {
        ret->doubtful = false;
        (void)read_facts(r, &ret->login, &ignored);
    }
}

/* ---- after ---- */

/* Is there a login on disk that the failed run did not have? */
static bool others_did(const struct session *s, const struct login_facts *failed)
{
    struct login_facts now;
    struct err ignored;
    return read_facts(s->relay, &now, &ignored) && now.state == LOGIN_USABLE &&
           !login_same(&now, failed) && !memory_rejects(&s->state.memory, now.fingerprint);
}

static void explain(const struct relay *r, const struct sync_report *report, struct err *e)
{
    err_set(e, ERR_HOPELESS, "%s", reason_text(report->stands.reason));
    if (r->role == ROLE_READER || report->stands.action == DO_WAIT)
        err_hint(e, "log in on a writer (%s there), then: credrelay pull", r->tool->login_command);
    else
        err_hint(e, "log in: %s", r->tool->login_command);
}

/* Ask the store until it has a login that is not the refused one. */
static bool pull_until(struct session *s, int64_t until, struct err *why_not)
{
    const struct relay *r = s->relay;
    struct sync_report report;
    for (int64_t pause = POLL_FIRST_MS;;
         pause = pause * 2 < POLL_MOST_MS ? pause * 2 : POLL_MOST_MS) {
        const struct sync_request rq = {.intent = INTENT_SYNC,
                                        .deadline = clock_steady_ms() + r->timeout_ms};
        bool ok = session_sync(s, &rq, &report, why_not);
        event_sync(r, INTENT_SYNC, ok ? &report : NULL, why_not);
        if (!ok)
            return false;
        if (sync_installed(&report))
            return true;
        explain(r, &report, why_not);
        if (report.stands.action != DO_WAIT || clock_steady_ms() + pause > until)
            return false;
        clock_sleep_ms(pause);
    }
}

static void recover_locked(struct session *s, const struct login_facts *failed, int64_t ended,
                           struct recovery *ret)
{
    const struct relay *r = s->relay;
    if (failed->state == LOGIN_USABLE)
        memory_reject(&s->state.memory, failed->fingerprint, clock_wall_ms());
    if (others_did(s, failed)) {
        ret->retry = true;
        return;
    }
    /* Somebody has asked and waited since this run failed: the answer would be the same. */
    if (s->state.fruitless_at > ended) {
        err_set(&ret->why_not, ERR_HOPELESS, "the store has no other login");
        err_hint(&ret->why_not, "log in on a writer: %s", r->tool->login_command);
        return;
    }
    ret->pulled = pull_until(s, clock_steady_ms() + r->recover_wait_ms, &ret->why_not);
    ret->retry = ret->pulled;
    s->state.fruitless_at = ret->pulled ? 0 : clock_wall_ms();
}

void recover(const struct relay *r, const struct login_facts *failed, int64_t ended,
             struct recovery *ret)
{
    struct session s;
    struct err unsaved;
    *ret = (struct recovery){.retry = false};
    /* Whoever holds the lock may be waiting for a writer: as long as it may, so may we. */
    if (!session_open(r, r->recover_wait_ms + 2 * r->timeout_ms, &s, &ret->why_not))
        return;
    recover_locked(&s, failed, ended, ret);
    if (!session_close(&s, &unsaved))
        fprintf(stderr, "credrelay: the state could not be saved, ignoring: %s\n", unsaved.text);
}

void forgive(const struct relay *r, const struct login_facts *login)
{
    struct session s;
    struct err ignored;
    if (!session_open(r, r->preflight_ms, &s, &ignored))
        return;
    memory_forgive(&s.state.memory, login->fingerprint);
    (void)session_close(&s, &ignored);
}
