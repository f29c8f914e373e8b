#include "relay/engine.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "relay/events.h"
#include "relay/lay_down.h"
#include "relay/shelf.h"

/* Steps of one sync.  Two racing writers settle in three or four; more says that the store and the
 * decision disagree, which must end. */
enum { MOST_STEPS = 12 };

/* One sync under way. */
struct sync {
    struct session *session;
    const struct relay *relay;
    const struct sync_request *rq;
    struct shelf shelf;         /* the store's side */
    struct login_source source; /* ours */
    struct login local;
    struct err local_why; /* why `local` is not usable */
    bool asked_history;
    struct sync_report report;
};

/* ---- looking ---- */

/* A client leaves the blank stub when the renewal of the login it had was refused: that login's
 * refresh token is spent, and installing it again would only bring the stub back. */
static void note_refused_renewal(struct sync *s)
{
    struct memory *m = &s->session->state.memory;
    if (s->local.facts.state == LOGIN_BLANK && m->step.version)
        memcpy(m->refused, m->step.fingerprint, sizeof m->refused);
}

static bool look_at_local(struct sync *s, struct err *e)
{
    struct login now;
    if (!login_source_read(&s->source, &now, &s->local_why)) {
        *e = s->local_why;
        return false;
    }
    login_move(&s->local, &now);
    note_refused_renewal(s);
    return true;
}

static struct decision ask(const struct sync *s)
{
    const struct situation now = {
        .local = &s->local.facts,
        .shared = &s->shelf.shared.facts,
        .renewable = &s->shelf.renewable.facts,
        .memory = &s->session->state.memory,
        .role = s->relay->role,
        .plain = s->relay->plain,
        .takes_turns = relay_takes_turns(s->relay),
        .machine = s->relay->machine,
        .now = clock_wall_ms(),
    };
    struct decision d = decide(&now);
    if (s->rq->intent != INTENT_PULL || d.action != DO_FORWARD)
        return d;
    /* Somebody else will finish that; what can be installed now? */
    const struct stored unknown = {.known = false};
    struct situation without = now;
    without.renewable = &unknown;
    return decide(&without);
}

/* Would this publication replace a login, on grounds that the store's history could refute? */
static bool doubtful(const struct sync *s, const struct decision *d)
{
    const struct memory *m = &s->session->state.memory;
    const struct login_facts *shared = &s->shelf.shared.facts.login;
    return d->action == DO_PUBLISH && s->shelf.shared.facts.version > 0 && !s->asked_history &&
           d->reason != WHY_HALF_PUBLISHED &&
           (m->step.version == 0 || d->reason == WHY_LATER || shared->state != LOGIN_USABLE ||
            s->local.facts.fresh_at <= shared->fresh_at);
}

static struct decision ask_with_history(struct sync *s)
{
    struct decision d = ask(s);
    if (!doubtful(s, &d))
        return d;
    s->asked_history = true;
    shelf_recall(&s->shelf, &s->session->state.memory);
    return ask(s);
}

static struct decision insist(const struct sync *s)
{
    if (s->rq->intent == INTENT_PUBLISH && s->local.facts.state == LOGIN_USABLE)
        return (struct decision){DO_PUBLISH, WHY_LATER};
    if (s->rq->intent == INTENT_PULL && s->shelf.shared.facts.login.state == LOGIN_USABLE)
        return (struct decision){DO_INSTALL_SHARED, WHY_STORE_LATER};
    return ask(s);
}

static bool allowed(enum intent intent, enum action a)
{
    switch (a) {
    case DO_PUBLISH:
    case DO_FORWARD: return intent != INTENT_PULL;
    case DO_INSTALL_SHARED:
    case DO_INSTALL_RENEWABLE: return intent != INTENT_PUBLISH;
    default: return false;
    }
}

/* ---- acting ---- */

/* On disk before it is put: who is killed before the answer cannot know that it has covered another's. */
static void note_putting(struct sync *s, const struct login *l)
{
    struct memory *m = &s->session->state.memory;
    struct err ignored; /* it is told when the session is closed */
    memcpy(m->putting.fingerprint, l->facts.fingerprint, sizeof m->putting.fingerprint);
    m->putting.version = s->shelf.shared.facts.version;
    (void)!session_save(s->session, &ignored);
}

static void note_put(struct sync *s)
{
    s->session->state.memory.putting = (struct seen){.version = 0};
}

/* A store without compare-and-swap lets a put that comes too late cover a later login. */
static bool settle_put(struct sync *s, struct err *e)
{
    const struct seen putting = s->session->state.memory.putting;
    const struct stored *shared = &s->shelf.shared.facts;
    if (!putting.fingerprint[0] || strcmp(putting.fingerprint, shared->login.fingerprint) != 0 ||
        s->relay->role == ROLE_READER || s->rq->intent == INTENT_PULL || s->rq->dry_run)
        return true;
    if (shared->version > putting.version + 1 && !shelf_settle(&s->shelf, putting.version, e))
        return false;
    note_put(s);
    return true;
}

static bool publish(struct sync *s, struct err *e)
{
    struct memory *m = &s->session->state.memory;
    note_putting(s, &s->local);
    if (!shelf_publish(&s->shelf, &s->local, &s->report.warning, e))
        return false;
    note_put(s);
    memory_in_step(m, s->local.facts.fingerprint, s->shelf.put_version);
    /* After a lost race the store holds the winner by now. */
    if (s->shelf.shared.facts.version != s->shelf.put_version)
        memory_saw(m, s->shelf.shared.facts.login.fingerprint, s->shelf.shared.facts.version);
    return true;
}

static bool forward(struct sync *s, struct err *e)
{
    note_putting(s, &s->shelf.renewable.login);
    if (!shelf_forward(&s->shelf, e))
        return false;
    note_put(s);
    memory_saw(&s->session->state.memory, s->shelf.shared.facts.login.fingerprint,
               s->shelf.shared.facts.version);
    return true;
}

static bool write_local(struct sync *s, const struct login *l, struct err *e)
{
    return login_source_write(&s->source, &s->local.facts, l, e);
}

static bool install(struct sync *s, bool full, struct err *e)
{
    const struct login *source = full ? &s->shelf.renewable.login : &s->shelf.shared.login;
    struct memory *m = &s->session->state.memory;
    bool refused = strcmp(m->refused, source->facts.fingerprint) == 0;
    bool ok;
    if (full || (s->relay->plain && !refused) || !source->facts.renewable) {
        ok = write_local(s, source, e);
    } else {
        /* A refresh token in the shared value is for nobody, or one that has been refused. */
        struct login bare;
        ok = login_without_refresh(s->relay->tool, source, &bare, e);
        if (ok) {
            ok = write_local(s, &bare, e);
            login_free(&bare);
        }
    }
    if (!ok)
        return false;
    /* What was replaced must not come back as news from a backup. */
    if (s->local.facts.state == LOGIN_USABLE)
        memory_saw(m, s->local.facts.fingerprint, s->shelf.shared.facts.version);
    memory_in_step(m, source->facts.fingerprint, s->shelf.shared.facts.version);
    return true;
}

static bool apply(struct sync *s, const struct decision *d, struct err *e)
{
    switch (d->action) {
    case DO_PUBLISH: return publish(s, e);
    case DO_FORWARD: return forward(s, e);
    case DO_INSTALL_SHARED: return install(s, false, e);
    case DO_INSTALL_RENEWABLE: return install(s, true, e);
    default: return true;
    }
}

/* ---- the loop ---- */

static void settle(struct sync *s, const struct decision *d)
{
    struct sync_report *r = &s->report;
    const struct stored *shared = &s->shelf.shared.facts;
    struct memory *m = &s->session->state.memory;
    if (d->reason == WHY_SAME)
        memory_in_step(m, shared->login.fingerprint, shared->version);
    const struct stored *renewable = &s->shelf.renewable.facts;
    if (renewable->known && renewable->login.renewable &&
        login_same(&renewable->login, &shared->login))
        memcpy(m->entrusted, shared->login.fingerprint, sizeof m->entrusted);
    r->stands = *d;
    r->local = s->local.facts;
    r->shared = shared->login;
    r->renewable = renewable->login;
    r->version = shared->version;
    memcpy(r->holder, renewable->holder, sizeof r->holder);
    r->renewing = renewable->renewing;
    r->reads = s->shelf.reads;
    r->writes = s->shelf.writes;
}

/* What is decided is not, or not now, for this sync to do. */
static bool left_undone(const struct sync *s, const struct decision *d)
{
    bool again = d->action == DO_PUBLISH && s->report.did.action == DO_PUBLISH;
    return !allowed(s->rq->intent, d->action) || s->rq->dry_run || (s->rq->one_put && again);
}

/* That a refresh token was laid down is not worth telling where more was done. */
static void note_done(struct sync *s, const struct decision *d)
{
    if (d->reason != WHY_RENEWAL_NEAR || s->report.did.action == DO_NOTHING)
        s->report.did = *d;
}

static bool loop(struct sync *s, struct err *e)
{
    bool insisted = false;
    for (int step = 0; step < MOST_STEPS; step++) {
        if (!look_at_local(s, e))
            return false;
        /* Nothing here to publish: say so without asking the store. */
        if (s->rq->intent == INTENT_PUBLISH && s->local.facts.state != LOGIN_USABLE) {
            *e = s->local_why;
            return false;
        }
        if (!shelf_look(&s->shelf, &s->session->state.memory, e) || !settle_put(s, e))
            return false;
        bool force = s->rq->force && !insisted;
        struct decision d = force ? insist(s) : ask_with_history(s);
        if (left_undone(s, &d)) {
            if (s->rq->dry_run && allowed(s->rq->intent, d.action))
                s->report.did = d;
            settle(s, &d);
            return true;
        }
        if (apply(s, &d, e)) {
            note_done(s, &d);
            insisted = true;
        } else if (e->code != ERR_CONFLICT) {
            return false;
        } else {
            s->shelf.fresh = false;
        }
    }
    err_set(e, ERR_CONFLICT, "%s: others keep changing the login", s->relay->name);
    return err_hint(e, "try again in a moment");
}

/* The store cannot say whether this machine may still renew. */
static void lay_down_unasked(const struct sync *s)
{
    struct err ignored; /* the failure of the store is what is told */
    if (!s->rq->dry_run)
        (void)!lay_down(s->relay, &s->session->state.memory, &ignored);
}

bool session_sync(struct session *session, const struct sync_request *rq, struct sync_report *ret,
                  struct err *e)
{
    struct sync s = {.session = session,
                     .relay = session->relay,
                     .source = relay_login_source(session->relay),
                     .rq = rq,
                     .local = LOGIN_INIT(LOGIN_ABSENT)};
    s.report.did = (struct decision){DO_NOTHING, WHY_SAME};
    if (rq->intent == INTENT_PUBLISH && session->relay->role == ROLE_READER) {
        err_set(e, ERR_DENIED, "this machine is a reader: it never publishes");
        return err_hint(e, "publish on a writer, or make this one a writer: role = writer");
    }
    struct state before = session->state;
    bool ok = shelf_open(session->relay, rq->deadline, rq->told, &s.shelf, e) && loop(&s, e);
    if (ok)
        *ret = s.report;
    else if (!s.shelf.fresh)
        lay_down_unasked(&s);
    if (rq->dry_run)
        session->state = before; /* what was learnt on the way is a change as well */
    shelf_close(&s.shelf);
    login_free(&s.local);
    return ok;
}

/* ---- the session ---- */

static bool load(struct session *s, struct err *e)
{
    return state_load(s->state_path, s->relay->store_url, clock_wall_ms(), &s->state, e) &&
           state_text(s->relay->store_url, &s->state, &s->saved, e);
}

bool session_open(const struct relay *r, int64_t wait_ms, struct session *ret, struct err *e)
{
    char lock_path[LIMIT_PATH];
    struct session s = {.relay = r, .lock = LOCK_NONE};
    buf_init(&s.saved, LIMIT_STATE);
    if (!dir_make(r->state_dir, e) || !relay_state_path(r, ".lock", lock_path, e) ||
        !relay_state_path(r, ".json", s.state_path, e) ||
        !lock_take(lock_path, wait_ms, &s.lock, e))
        return false;
    if (!load(&s, e)) {
        buf_free(&s.saved);
        lock_release(&s.lock);
        return false;
    }
    *ret = s;
    return true;
}

bool session_save(struct session *s, struct err *e)
{
    struct buf now;
    buf_init(&now, LIMIT_STATE);
    bool ok = state_text(s->relay->store_url, &s->state, &now, e);
    bool same = ok && now.len == s->saved.len && memcmp(now.data, s->saved.data, now.len) == 0;
    ok = same || (ok && state_save(s->state_path, &now, e));
    if (ok) {
        buf_free(&s->saved);
        s->saved = now;
    } else {
        buf_free(&now);
    }
    return ok;
}

bool session_close(struct session *s, struct err *e)
{
    bool ok = session_save(s, e);
    buf_free(&s->saved);
    lock_release(&s->lock);
    return ok;
}

bool relay_sync(const struct relay *r, const struct sync_request *rq, int64_t lock_wait_ms,
                struct sync_report *ret, struct err *e)
{
    struct session s;
    struct sync_request timed = *rq;
    int64_t asked = clock_steady_ms();
    if (!session_open(r, lock_wait_ms, &s, e))
        return false;
    /* Who waited for another's slow store still has its own time. */
    timed.deadline += clock_steady_ms() - asked;
    bool ok = session_sync(&s, &timed, ret, e);
    struct err unsaved;
    if (!session_close(&s, &unsaved) && ok && ret->warning.code == ERR_NONE)
        ret->warning = unsaved; /* the login is where it belongs; only the memory is short */
    if (!rq->dry_run)
        event_sync(r, rq->intent, ok ? ret : NULL, e);
    return ok;
}

bool sync_installed(const struct sync_report *report)
{
    return (report->did.action == DO_INSTALL_SHARED && report->did.reason != WHY_RENEWAL_NEAR) ||
           report->did.action == DO_INSTALL_RENEWABLE;
}
