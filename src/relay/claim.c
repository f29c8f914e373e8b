#include "relay/claim.h"

#include <string.h>

#include "base/clock.h"
#include "relay/shelf.h"

static bool ours(const struct session *s, const char *holder)
{
    return strcmp(holder, s->relay->machine) == 0;
}

static bool remembered(const struct session *s, const struct login_facts *login)
{
    return strcmp(s->state.memory.claimed, login->fingerprint) == 0;
}

/* ---- taking ---- */

/* Is what the store has still what was decided on? */
static bool as_seen(const struct shelf *shelf, const struct sync_report *seen, struct err *e)
{
    const struct stored *now = &shelf->renewable.facts;
    if (login_same(&shelf->shared.facts.login, &seen->shared) &&
        login_same(&now->login, &seen->shared) && now->login.renewable &&
        strcmp(now->holder, seen->holder) == 0 && now->renewing == seen->renewing)
        return true;
    return err_set(e, ERR_CONFLICT, "%s: the login was changed by others meanwhile",
                   shelf->relay->name);
}

static bool look(struct session *s, struct shelf *shelf, const struct claim_request *rq,
                 struct err *e)
{
    return shelf_look(shelf, &s->state.memory, e) && as_seen(shelf, rq->seen, e);
}

/* A claim of this machine's that it does not remember: it crashed before it could, or after it had
 * begun to give it back.  A put of a process that was killed may still be under way; it has ended
 * when the time-out is over. */
static bool take_up(struct session *s, struct shelf *shelf, const struct claim_request *rq,
                    struct err *e)
{
    clock_sleep_ms(s->relay->timeout_ms);
    shelf->fresh = false;
    shelf->deadline += s->relay->timeout_ms;
    return look(s, shelf, rq, e);
}

static bool claim(struct session *s, struct shelf *shelf, const struct claim_request *rq,
                  struct err *e)
{
    const struct stored *now = &shelf->renewable.facts;
    if (now->renewing && ours(s, now->holder))
        return remembered(s, &now->login) || take_up(s, shelf, rq, e);
    if (now->renewing && !rq->force) {
        err_set(e, ERR_BUSY, "%s renews this login now", now->holder);
        return err_hint(e, "if that machine is lost: credrelay renew --force");
    }
    /* Over another's claim: first as if that had been given back, so that ours is the one that
     * counts. */
    if (now->renewing && (!shelf_claim(shelf, false, e) || !shelf_look(shelf, &s->state.memory, e)))
        return false;
    return shelf_claim(shelf, true, e);
}

/* The full login into the file, which must have the one that was decided on. */
static bool install(struct session *s, const struct claim_request *rq, const struct login *full,
                    struct err *e)
{
    const struct login_source source = relay_login_source(s->relay);
    const struct login_facts *seen = &rq->seen->local;
    struct login as_if = LOGIN_INIT(LOGIN_ABSENT);
    if (!rq->expires_at)
        return login_source_write(&source, seen, full, e);
    bool ok = login_with_expiry(s->relay->tool, full, rq->expires_at, &as_if, e) &&
              login_source_write(&source, seen, &as_if, e);
    login_free(&as_if);
    return ok;
}

static bool take(struct session *s, struct shelf *shelf, const struct claim_request *rq,
                 struct login *ret_full, struct err *e)
{
    struct memory *m = &s->state.memory;
    if (!look(s, shelf, rq, e) || !claim(s, shelf, rq, e))
        return false;
    /* It is remembered before the refresh token is on the disk: what lies there unclaimed is laid
     * down. */
    memcpy(m->claimed, rq->seen->shared.fingerprint, sizeof m->claimed);
    return session_save(s, e) && login_copy(&shelf->renewable.login, ret_full, e);
}

bool claim_login(struct session *s, const struct claim_request *rq, struct login *ret_full,
                 struct err *e)
{
    struct shelf shelf;
    struct login full = LOGIN_INIT(LOGIN_ABSENT);
    bool ok = shelf_open(s->relay, rq->deadline, NULL, &shelf, e) &&
              take(s, &shelf, rq, &full, e) && install(s, rq, &full, e);
    shelf_close(&shelf);
    if (ok)
        *ret_full = full;
    else
        login_free(&full);
    return ok;
}

/* ---- giving back ---- */

bool claim_lay_down(struct session *s, const struct login *full, struct err *e)
{
    const struct login_source source = relay_login_source(s->relay);
    struct login bare = LOGIN_INIT(LOGIN_ABSENT);
    struct login_facts now;
    if (!login_source_look(&source, &now, e))
        return false;
    if (now.state == LOGIN_USABLE && !login_same(&now, &full->facts))
        return err_set(e, ERR_CONFLICT, "%s: another login is here by now", s->relay->name);
    bool ok = now.state != LOGIN_USABLE || (login_without_refresh(s->relay->tool, full, &bare, e) &&
                                            login_source_write(&source, &now, &bare, e));
    login_free(&bare);
    if (!ok)
        return false;
    s->state.memory.claimed[0] = '\0';
    return session_save(s, e);
}

static bool give_back(struct session *s, struct shelf *shelf, struct err *e)
{
    const struct stored *now = &shelf->renewable.facts;
    if (!shelf_look(shelf, &s->state.memory, e))
        return false;
    if (!now->renewing || !ours(s, now->holder) ||
        !login_same(&now->login, &shelf->shared.facts.login))
        return true;
    struct err why;
    if (shelf_claim(shelf, false, &why) || why.code == ERR_CONFLICT)
        return true; /* what came between is newer, or a claim that came too late */
    *e = why;
    return false;
}

bool claim_give_back(struct session *s, int64_t deadline, struct err *e)
{
    struct shelf shelf;
    bool ok = shelf_open(s->relay, deadline, NULL, &shelf, e) && give_back(s, &shelf, e);
    shelf_close(&shelf);
    return ok;
}
