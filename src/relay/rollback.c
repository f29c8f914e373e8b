#include "relay/rollback.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "relay/events.h"
#include "relay/history.h"

static const char *const forms[] = {
    [ROLLBACK_FULL] = "full", [ROLLBACK_SPENT] = "spent", [ROLLBACK_UNKNOWN] = "unknown"};

const char *rollback_form_name(enum rollback_form f)
{
    return forms[f];
}

/* One rollback under way. */
struct rollback {
    struct session *session;
    const struct relay *relay;
    const struct rollback_request *rq;
    struct shelf shelf;
    struct history *history; /* large */
    struct shelf_value old;  /* what is to be put back */
    struct rollback_report report;
};

/* ---- may it be put back? ---- */

static bool is_expired(const struct rollback *b, struct err *e)
{
    const struct login_facts *l = &b->old.facts.login;
    int64_t now = clock_wall_ms();
    char ago[32];
    if (b->rq->force || !login_expired(l, now))
        return false;
    clock_duration(now - l->expires_at, ago, sizeof ago);
    err_set(e, ERR_INVALID, "version %lld expired %s ago", (long long)b->rq->version, ago);
    err_hint(e, "choose another (credrelay history), or insist with --force");
    return true;
}

static bool is_fit(const struct rollback *b, struct err *e)
{
    const struct login_facts *l = &b->old.facts.login;
    char where[64];
    snprintf(where, sizeof where, "version %lld", (long long)b->rq->version);
    if (l->state == LOGIN_ABSENT) {
        err_set(e, ERR_NOT_FOUND, "the store has no %s (any more)", where);
        return err_hint(e, "see what it has: credrelay history");
    }
    if (l->state != LOGIN_USABLE) {
        login_explain(b->relay->tool, l, where, e);
        return err_hint(e, "choose another: credrelay history");
    }
    if (memory_rejects(&b->session->state.memory, l->fingerprint)) {
        err_set(e, ERR_INVALID, "the server refused the login of %s on this machine", where);
        return err_hint(e, "choose another: credrelay history");
    }
    return !is_expired(b, e);
}

static bool is_agreed(const struct rollback *b, struct err *e)
{
    int64_t now = b->shelf.shared.facts.version;
    if (!b->rq->expect || b->rq->expect == now)
        return true;
    err_set(e, ERR_CONFLICT, "the store has version %lld by now", (long long)now);
    return err_hint(e, "look again: credrelay history");
}

/* ---- in which form? ---- */

static bool is_spent(const struct rollback *b, const struct history_version *v)
{
    return (v && v->renewed) ||
           strcmp(b->session->state.memory.refused, b->old.facts.login.fingerprint) == 0;
}

/* The full form in place of the bare one. */
static bool find_full(struct rollback *b, const struct history_version *v, struct err *e)
{
    struct shelf_value full = {.login = LOGIN_INIT(LOGIN_ABSENT)};
    if (!shelf_read(&b->shelf, true, v->renewable_version, &full, e))
        return false;
    bool is = login_same(&full.facts.login, &b->old.facts.login) && full.facts.login.renewable;
    if (is) {
        login_move(&b->old.login, &full.login);
        b->report.form = ROLLBACK_FULL;
    }
    shelf_value_free(&full);
    return true;
}

static bool without_refresh(struct rollback *b, struct err *e)
{
    struct login bare;
    if (!b->old.login.facts.renewable)
        return true;
    if (!login_without_refresh(b->relay->tool, &b->old.login, &bare, e))
        return false;
    login_move(&b->old.login, &bare);
    return true;
}

static bool choose_form(struct rollback *b, struct err *e)
{
    const struct history_version *v = history_find(b->history, b->rq->version);
    b->report.form = ROLLBACK_UNKNOWN;
    if (v)
        memcpy(b->report.by, v->by, sizeof b->report.by);
    if (is_spent(b, v))
        b->report.form = ROLLBACK_SPENT;
    else if (b->relay->plain && b->old.login.facts.renewable)
        b->report.form = ROLLBACK_FULL;
    else if (v && v->renewable_version && !find_full(b, v, e))
        return false;
    return b->report.form == ROLLBACK_FULL || without_refresh(b, e);
}

/* ---- doing it ---- */

static bool look(struct rollback *b, struct err *e)
{
    struct memory *m = &b->session->state.memory;
    struct rollback_report *r = &b->report;
    struct err ignored;
    if (!shelf_look(&b->shelf, m, e) || !is_agreed(b, e) ||
        !shelf_read(&b->shelf, false, b->rq->version, &b->old, e) || !is_fit(b, e))
        return false;
    /* A store that will not tell its history has told the version: no full form is known then. */
    if (!history_of_shelf(&b->shelf, HISTORY_MOST, b->history, &ignored))
        b->history->count = 0;
    r->from = b->shelf.shared.facts.login;
    r->replaced = b->shelf.shared.facts.version;
    memcpy(r->holder, b->shelf.renewable.facts.holder, sizeof r->holder);
    r->to = b->old.facts.login;
    r->done = !login_same(&r->from, &r->to);
    return !r->done || choose_form(b, e);
}

static bool lost_race(const struct rollback *b, struct err *e)
{
    const struct stored *now = &b->shelf.shared.facts;
    if (login_same(&now->login, &b->old.facts.login))
        return false;
    err_set(e, ERR_CONFLICT, "another machine published version %lld meanwhile, which stays",
            (long long)now->version);
    err_hint(e, "look again: credrelay history");
    return true;
}

static bool put_back(struct rollback *b, struct err *e)
{
    struct memory *m = &b->session->state.memory;
    struct rollback_report *r = &b->report;
    if (!shelf_publish(&b->shelf, &b->old.login, &r->warning, e))
        return false;
    /* What is abandoned must be an earlier one here, also where it was never seen in the store. */
    if (r->from.state == LOGIN_USABLE)
        memory_saw(m, r->from.fingerprint, r->replaced);
    if (lost_race(b, e))
        return false;
    memory_saw(m, r->to.fingerprint, b->shelf.put_version);
    r->version = b->shelf.put_version;
    return true;
}

static bool roll_back(struct rollback *b, struct err *e)
{
    b->history = calloc(1, sizeof *b->history);
    if (!b->history)
        return err_no_memory(e);
    bool ok = look(b, e) && (!b->report.done || b->rq->dry_run || put_back(b, e));
    free(b->history);
    return ok;
}

static bool roll_session_back(struct session *s, const struct rollback_request *rq,
                              struct rollback_report *ret, struct err *e)
{
    struct rollback b = {.session = s, .relay = s->relay, .rq = rq};
    struct state before = s->state;
    if (!shelf_open(s->relay, rq->deadline, rq->told, &b.shelf, e))
        return false;
    b.old = (struct shelf_value){.login = LOGIN_INIT(LOGIN_ABSENT)};
    bool ok = roll_back(&b, e);
    if (ok)
        *ret = b.report;
    if (rq->dry_run)
        s->state = before; /* what was learnt on the way is a change as well */
    shelf_value_free(&b.old);
    shelf_close(&b.shelf);
    return ok;
}

/* This machine is one of those that follow, and need not wait for its turn. */
static void install_here(struct session *s, const struct rollback_request *rq,
                         struct rollback_report *ret)
{
    const struct sync_request pull = {
        .intent = INTENT_PULL, .deadline = rq->deadline, .told = rq->told};
    struct sync_report report;
    struct err why;
    ret->installed = session_sync(s, &pull, &report, &why) && login_same(&report.local, &ret->to);
    if (ret->installed || ret->warning.code != ERR_NONE)
        return;
    err_set(&ret->warning, ERR_FAILED, "this machine does not have the login yet");
    err_hint(&ret->warning, "credrelay pull says why");
}

bool relay_rollback(const struct relay *r, const struct rollback_request *rq, int64_t wait_ms,
                    struct rollback_report *ret, struct err *e)
{
    struct session s;
    struct rollback_request timed = *rq;
    int64_t asked = clock_steady_ms();
    if (r->role == ROLE_READER) {
        err_set(e, ERR_DENIED, "this machine is a reader: it never publishes");
        return err_hint(e, "roll back on a writer");
    }
    if (!session_open(r, wait_ms, &s, e))
        return false;
    timed.deadline += clock_steady_ms() - asked;
    bool ok = roll_session_back(&s, &timed, ret, e);
    if (ok && ret->version)
        install_here(&s, &timed, ret);
    struct err unsaved;
    if (!session_close(&s, &unsaved) && ok && ret->warning.code == ERR_NONE)
        ret->warning = unsaved;
    if (!rq->dry_run)
        event_rollback(r, rq->version, ok ? ret : NULL, e);
    return ok;
}
