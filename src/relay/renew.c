#include "relay/renew.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "relay/events.h"
#include "relay/renew_client.h"
#include "relay/succession.h"

/* A client starts, refreshes and answers in a few seconds; with slow servers of the user's own to
 * start, in half a minute. */
enum { CLIENT_MOST_MS = 60000 };

/* One that has refreshed is given time to answer before it is ended. */
enum { CLIENT_ANSWER_MS = 10000 };

/* How often the file is looked at meanwhile; a Keychain is a process for each look. */
enum { LOOK_MS = 100, LOOK_POLLED_MS = 2000 };

static const char *const names[] = {
    [RENEWAL_DONE] = "renewed",        [RENEWAL_UNPUBLISHED] = "unpublished",
    [RENEWAL_WOULD] = "would",         [RENEWAL_NOT_DUE] = "not_due",
    [RENEWAL_NOT_OURS] = "not_ours",   [RENEWAL_CLAIMED] = "claimed",
    [RENEWAL_OVERTAKEN] = "overtaken", [RENEWAL_NOTHING] = "nothing",
    [RENEWAL_FAILED] = "failed",       [RENEWAL_REFUSED] = "refused",
};
_Static_assert(sizeof names / sizeof names[0] == RENEWAL_COUNT, "one name for each outcome");

const char *renewal_name(enum renewal outcome)
{
    return names[outcome];
}

/* One renewal under way. */
struct attempt {
    const struct relay *relay;
    const struct renew_request *rq;
    struct sync_report sync;    /* the sync before it */
    struct renew_client client; /* running, or ended */
    struct login full;          /* claimed, on disk; absent: there was nothing to claim */
    struct renew_report report;
};

static bool end(struct attempt *a, enum renewal outcome)
{
    a->report.outcome = outcome;
    return true;
}

static bool ours(const struct attempt *a)
{
    return strcmp(a->sync.holder, a->relay->machine) == 0;
}

/* ---- whose turn it is ---- */

bool renew_allowed(const struct relay *r, struct err *e)
{
    if (r->role == ROLE_READER) {
        err_set(e, ERR_DENIED, "this machine is a reader: writers renew");
        return err_hint(e, "renew on a writer: credrelay renew");
    }
    if (r->plain) {
        err_set(e, ERR_UNSUPPORTED, "with share-refresh-token = yes each client renews by itself");
        return err_hint(e,
                        "one at a time takes the layout of two values: share-refresh-token = no");
    }
    return true;
}

static bool nothing(struct attempt *a, const char *why, const char *hint)
{
    err_set(&a->report.why, ERR_HOPELESS, "%s", why);
    err_hint(&a->report.why, "%s%s", hint, a->relay->tool->login_command);
    return end(a, RENEWAL_NOTHING);
}

/* Is there a refresh token to be had?  One that the store does not know is this machine's alone. */
static bool is_private(const struct attempt *a)
{
    return a->sync.local.renewable && !login_same(&a->sync.renewable, &a->sync.local);
}

static bool renewable(const struct attempt *a)
{
    const struct sync_report *s = &a->sync;
    return is_private(a) || (s->renewable.renewable && login_same(&s->renewable, &s->shared));
}

/* A person who asks need not wait for the turn; but before the first machine in line may take over, the
 * holder's clock may say that it still has time, with its refresh token on disk. */
static bool may_hurry(const struct attempt *a, int64_t now)
{
    int64_t expires_at = a->report.before.expires_at;
    bool is_free = expires_at && now >= succession_turn(1, expires_at);
    return a->rq->force || (a->rq->now && (ours(a) || is_private(a) || is_free));
}

/* Decides the outcome when it is not to go on.  True: go on. */
static bool is_turn(struct attempt *a, int64_t now)
{
    const struct login_facts *login = &a->report.before;
    int place = is_private(a)
                    ? PLACE_HOLDER
                    : succession_place(a->relay->writers, a->relay->machine, a->sync.holder);
    bool theirs = place != PLACE_HOLDER;
    a->report.took_over = theirs;
    a->report.due_at = login->expires_at ? succession_turn(place, login->expires_at) : INT64_MAX;
    if (a->sync.renewing && theirs && !a->rq->force)
        return !end(a, RENEWAL_CLAIMED);
    if (now >= a->report.due_at || (a->sync.renewing && !theirs) || may_hurry(a, now))
        return true;
    return !end(a, theirs ? RENEWAL_NOT_OURS : RENEWAL_NOT_DUE);
}

/* The same when there is no login that could be renewed. */
static bool is_possible(struct attempt *a, const struct memory *m, int64_t now)
{
    const struct login_facts *login = &a->report.before;
    if (login->state != LOGIN_USABLE)
        return !nothing(a, "there is no login that could be renewed", "log in: ");
    if (strcmp(m->refused, login->fingerprint) == 0) {
        nothing(a, "the renewal of this login was refused", "log in: ");
        return !end(a, RENEWAL_REFUSED);
    }
    if (login->deadline && login->deadline <= now)
        return !nothing(a, "the login has reached its time limit", "log in: ");
    return renewable(a) ||
           !nothing(a, "no machine has the refresh token of this login", "log in: ");
}

/* ---- before ---- */

/* The store cannot be asked: a login whose refresh token it does not have, or which nobody else may
 * renew, is still this machine's to renew. */
static bool sync_alone(struct attempt *a, const struct session *s)
{
    const struct login_source source = relay_login_source(a->relay);
    struct login_facts *local = &a->sync.local;
    struct err ignored;
    return login_source_look(&source, local, &ignored) && local->state == LOGIN_USABLE &&
           local->renewable &&
           !(relay_takes_turns(a->relay) &&
             strcmp(s->state.memory.entrusted, local->fingerprint) == 0);
}

static bool sync_first(struct attempt *a, struct session *s, struct err *e)
{
    const struct sync_request rq = {.intent = INTENT_SYNC,
                                    .dry_run = a->rq->dry_run,
                                    .deadline = clock_steady_ms() + a->relay->timeout_ms};
    bool ok = session_sync(s, &rq, &a->sync, e);
    if (!ok && !sync_alone(a, s))
        return false;
    if (ok && a->sync.did.action != DO_NOTHING && !a->rq->dry_run)
        event_sync(a->relay, INTENT_SYNC, &a->sync, NULL);
    bool here = is_private(a) || a->sync.shared.state != LOGIN_USABLE;
    a->report.before = here ? a->sync.local : a->sync.shared;
    a->report.version = a->sync.version;
    memcpy(a->report.holder, a->sync.holder, sizeof a->report.holder);
    return true;
}

/* What the file is to say so that the client refreshes at once; 0: what it says will do. */
static int64_t pretended_expiry(const struct attempt *a, int64_t now)
{
    bool willing = a->report.before.expires_at - now <= LEAD_HOLDER_MS;
    return willing && a->report.before.expires_at ? 0 : now + LEAD_HOLDER_MS;
}

static bool claim(struct attempt *a, struct session *s, int64_t now, struct err *e)
{
    const struct claim_request rq = {.seen = &a->sync,
                                     .force = a->rq->force,
                                     .expires_at = pretended_expiry(a, now),
                                     .deadline = clock_steady_ms() + a->relay->timeout_ms};
    struct err why;
    if (claim_login(s, &rq, &a->full, &why))
        return true;
    if (why.code != ERR_CONFLICT && why.code != ERR_BUSY) {
        *e = why;
        return false;
    }
    a->report.why = why;
    return end(a, why.code == ERR_BUSY ? RENEWAL_CLAIMED : RENEWAL_OVERTAKEN);
}

/* True with `outcome` RENEWAL_COUNT: the client is to be started. */
static bool prepare(struct attempt *a, struct session *s, struct err *e)
{
    int64_t now = clock_wall_ms();
    if (!sync_first(a, s, e))
        return false;
    if (!is_possible(a, &s->state.memory, now) || !is_turn(a, now))
        return true;
    if (a->rq->dry_run)
        return end(a, RENEWAL_WOULD);
    return is_private(a) || claim(a, s, now, e);
}

/* ---- the client, and after ---- */

static void look(const struct attempt *a, struct login_facts *ret)
{
    const struct login_source source = relay_login_source(a->relay);
    struct err ignored;
    if (!login_source_look(&source, ret, &ignored))
        *ret = a->report.before;
}

static bool open_session(const struct attempt *a, struct session *s, struct err *e)
{
    return session_open(a->relay, RELAY_LOCK_WAIT_MS, s, e);
}

/* Bring file and store together again, whatever the client has left. */
static bool sync_after(struct attempt *a, struct err *e)
{
    struct session s;
    struct err unsaved;
    if (!open_session(a, &s, e))
        return false;
    const struct sync_request rq = {.intent = INTENT_SYNC,
                                    .deadline = clock_steady_ms() + a->relay->timeout_ms};
    bool ok = session_sync(&s, &rq, &a->sync, e);
    if (!session_close(&s, &unsaved) && ok)
        a->report.why = unsaved;
    return ok;
}

/* What the client made is not what the store has now: it could not be put, or somebody's later login
 * is in its place, here as well. */
static enum renewal not_published(struct attempt *a, bool synced, struct err *why)
{
    if (!synced)
        return RENEWAL_UNPUBLISHED;
    err_set(why, ERR_CONFLICT, "what the client renewed was not published: %s",
            reason_text(a->sync.stands.reason));
    return login_same(&a->sync.local, &a->report.after) ? RENEWAL_UNPUBLISHED : RENEWAL_OVERTAKEN;
}

static void publish(struct attempt *a)
{
    struct err why = {.code = ERR_NONE};
    bool synced = sync_after(a, &why);
    if (synced && login_same(&a->sync.shared, &a->report.after)) {
        a->report.outcome = RENEWAL_DONE;
        a->report.version = a->sync.version;
        return;
    }
    a->report.outcome = not_published(a, synced, &why);
    if (a->report.why.code == ERR_NONE)
        a->report.why = why;
}

static bool is_fresher(const struct attempt *a, const struct login_facts *now)
{
    return now->state == LOGIN_USABLE && !login_same(now, &a->report.before);
}

/* Until the client has ended, or refreshed and had its time to answer.  What it has refreshed is
 * published at once: the earlier login may have ended with that. */
static void follow(struct attempt *a)
{
    const struct login_source source = relay_login_source(a->relay);
    int64_t until = clock_steady_ms() + CLIENT_MOST_MS;
    int64_t pause = login_source_is_polled(&source) ? LOOK_POLLED_MS : LOOK_MS;
    for (bool ended = false; !ended && clock_steady_ms() < until;) {
        clock_sleep_ms(pause);
        ended = renew_client_ended(&a->client);
        look(a, &a->report.after);
        if (a->report.outcome == RENEWAL_COUNT && is_fresher(a, &a->report.after)) {
            publish(a);
            until = clock_steady_ms() + CLIENT_ANSWER_MS;
        }
    }
    renew_client_end(&a->client);
    look(a, &a->report.after);
    if (a->report.outcome == RENEWAL_COUNT && is_fresher(a, &a->report.after))
        publish(a); /* it was asked to end, and had just refreshed */
}

/* The refresh token has been refused: the login on disk is what the store has of it, without that.
 * The claim stays, so that nobody else sends it. */
static void heal(struct attempt *a)
{
    struct err why;
    nothing(a, "the renewal was refused", "log in: ");
    a->report.outcome = RENEWAL_REFUSED;
    if (!sync_after(a, &why))
        a->report.why = why;
    look(a, &a->report.after);
}

static bool lay_down_claimed(struct attempt *a, struct err *e)
{
    struct session s;
    struct err unsaved;
    if (!open_session(a, &s, e))
        return false;
    bool ok = claim_lay_down(&s, &a->full, e);
    return session_close(&s, &unsaved) && ok;
}

static bool give_back(struct attempt *a, struct err *e)
{
    struct session s;
    struct err unsaved;
    if (!open_session(a, &s, e))
        return false;
    bool ok = claim_give_back(&s, clock_steady_ms() + a->relay->timeout_ms, e);
    return session_close(&s, &unsaved) && ok;
}

/* The client has left the login as it was, or could not be started: others may try. */
static void leave(struct attempt *a)
{
    struct err why;
    a->report.outcome = RENEWAL_FAILED;
    if (a->full.part && lay_down_claimed(a, &why)) {
        clock_sleep_ms(CLAIM_LEAVE_MS);
        if (!give_back(a, &why))
            a->report.why = why;
    }
    look(a, &a->report.after);
    if (is_fresher(a, &a->report.after))
        publish(a); /* at the last moment */
}

static void leave_undone(struct attempt *a)
{
    char how[200];
    renew_client_explain(&a->client, how, sizeof how);
    err_set(&a->report.why, ERR_FAILED, "%s and left the login as it was", how);
    err_hint(&a->report.why, "run it by hand to see why");
    leave(a);
}

static void run(struct attempt *a)
{
    if (!renew_client_start(a->relay, &a->client, &a->report.why)) {
        leave(a);
        return;
    }
    follow(a);
    if (a->report.outcome != RENEWAL_COUNT)
        return;
    if (a->report.after.state == LOGIN_BLANK)
        heal(a);
    else
        leave_undone(a);
}

/* ---- all of it ---- */

static bool attempt(struct attempt *a, struct err *e)
{
    struct session s;
    struct err unsaved;
    if (!open_session(a, &s, e))
        return false;
    bool ok = prepare(a, &s, e);
    look(a, &a->report.after);
    /* The claim was saved when it was made; what else is not saved is learnt again. */
    (void)session_close(&s, &unsaved);
    if (ok && a->report.outcome == RENEWAL_COUNT)
        run(a);
    return ok;
}

static bool lock(const struct relay *r, struct lock *ret, struct err *e)
{
    char path[LIMIT_PATH];
    if (!dir_make(r->state_dir, e) || !relay_state_path(r, ".renew.lock", path, e))
        return false;
    struct err why;
    if (lock_take(path, 0, ret, &why))
        return true;
    *e = why;
    if (why.code == ERR_BUSY)
        err_set(e, ERR_BUSY, "another process of this machine's renews it now");
    return why.code == ERR_BUSY ? err_hint(e, "see what comes of it: credrelay log -f") : false;
}

bool renew_relay(const struct relay *r, const struct renew_request *rq, struct renew_report *ret,
                 struct err *e)
{
    struct lock one_at_a_time = LOCK_NONE;
    struct attempt a = {.relay = r, .rq = rq, .full = LOGIN_INIT(LOGIN_ABSENT)};
    a.report.outcome = RENEWAL_COUNT;
    if (!renew_allowed(r, e) || !renew_client_find(r, &a.client, e) || !lock(r, &one_at_a_time, e))
        return false;
    bool ok = attempt(&a, e);
    if (ok)
        *ret = a.report;
    login_free(&a.full);
    lock_release(&one_at_a_time);
    if (!rq->dry_run)
        event_renew(r, ok ? ret : NULL, e);
    return ok;
}
