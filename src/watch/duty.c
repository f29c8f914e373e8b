#include "watch/duty.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "relay/events.h"

/* What a duty may take for itself beyond its calls to the store, on a machine under load. */
enum { OWN_MS = 15000 };

/* A renewal bounds itself: the client, and a few syncs before and after it (relay/renew.c).  This is
 * for one that hangs all the same. */
enum { RENEWAL_MS = 300000 };

int64_t duty_most_ms(const struct duty_order *o)
{
    return RELAY_LOCK_WAIT_MS + o->attempt_ms + OWN_MS + (o->what == DUTY_RENEW ? RENEWAL_MS : 0);
}

bool duty_renewal_failed(const struct duty_report *r)
{
    if (!r->renews)
        return false;
    switch (r->renewal.outcome) {
    case RENEWAL_COUNT:
    case RENEWAL_NOTHING:
    case RENEWAL_FAILED:
    case RENEWAL_REFUSED: return true;
    default: return false;
    }
}

bool duty_published(const struct duty_report *r)
{
    return (r->ok && (r->did.action == DO_PUBLISH || r->did.action == DO_FORWARD)) ||
           (r->renews && r->renewal.outcome == RENEWAL_DONE);
}

bool duty_restored(const struct duty_report *r)
{
    return r->ok && (r->did.action == DO_INSTALL_SHARED || r->did.action == DO_INSTALL_RENEWABLE);
}

/* ---- looking at the file ---- */

static void judge(struct judged *j, const struct login_facts *f)
{
    j->state = f->state;
    j->renewable = f->renewable;
    snprintf(j->fingerprint, sizeof j->fingerprint, "%s",
             f->state == LOGIN_USABLE ? f->fingerprint : "");
}

static bool judged_alike(const struct judged *a, const struct judged *b)
{
    return a->state == b->state && a->renewable == b->renewable &&
           strcmp(a->fingerprint, b->fingerprint) == 0;
}

/* The file as it is now.  One that changes while it is looked at is of no known identity, so that
 * it is looked at again. */
static bool look(const struct relay *r, struct judged *ret, struct login_facts *facts,
                 struct err *e)
{
    const struct login_source source = relay_login_source(r);
    struct os_file_id after;
    struct err why;
    os_file_id(r->login_path, &ret->file);
    if (!login_source_look(&source, facts, &why)) {
        *e = why;
        return false;
    }
    os_file_id(r->login_path, &after);
    if (!os_file_same(&ret->file, &after))
        ret->file.failed = -1;
    judge(ret, facts);
    return true;
}

/* ---- what is known after it ---- */

static bool works(const struct login_facts *f, const struct memory *m)
{
    return f->state == LOGIN_USABLE && !memory_rejects(m, f->fingerprint);
}

/* A login made here that the store has never had. */
static bool is_unpublished(const struct relay *r, const struct login_facts *local,
                           const struct memory *m)
{
    return r->role == ROLE_WRITER && works(local, m) && !login_expired(local, clock_wall_ms()) &&
           memory_version(m, local->fingerprint) == 0 &&
           strcmp(m->step.fingerprint, local->fingerprint) != 0;
}

static void count(struct standing *s, const struct login_facts *f)
{
    bool is = f->state == LOGIN_USABLE;
    s->facts.expires_at = is ? f->expires_at : 0;
    s->facts.deadline = is ? f->deadline : 0;
    snprintf(s->fingerprint, sizeof s->fingerprint, "%s", is ? f->fingerprint : "");
}

/* One that the store does not know is this machine's own to renew. */
static bool is_private(const struct login_facts *local, const struct login_facts *renewable)
{
    return local->renewable && !login_same(local, renewable);
}

static bool can_renew(const struct relay *r)
{
    struct err why_not;
    bool has_command = r->renew_command[0] || r->tool->renew[0];
    return r->renews && has_command && renew_allowed(r, &why_not);
}

static void stand_in_line(const struct relay *r, const struct sync_report *report,
                          const struct memory *m, struct standing *s)
{
    bool ours = is_private(&report->local, &report->renewable);
    s->facts.renewable = report->renewable.renewable || report->local.renewable;
    s->facts.claimed = report->renewing && strcmp(report->holder, r->machine) != 0;
    s->facts.place = ours ? PLACE_HOLDER : succession_place(r->writers, r->machine, report->holder);
    s->facts.renewed = s->fingerprint[0] && strcmp(m->refused, s->fingerprint) == 0
                           ? RENEWED_REFUSED
                           : RENEWED_NOT_TRIED;
}

/* After a sync that was fine: the store's login counts. */
static void stand_in_step(const struct relay *r, const struct sync_report *report,
                          const struct memory *m, struct standing *s)
{
    const struct login_facts *shared = &report->shared, *local = &report->local;
    bool any = works(shared, m), here = works(local, m);
    s->facts.unpublished = report->stands.action == DO_PUBLISH; /* of two that came at once */
    count(s, any && !s->facts.unpublished ? shared : local);
    s->facts.lacking = !any && !here;
    s->facts.here = here && strcmp(local->fingerprint, s->fingerprint) == 0;
    s->facts.full_here = s->facts.here && relay_takes_turns(r) && local->renewable &&
                         report->renewable.renewable && login_same(local, &report->renewable);
    s->version = report->version;
    memcpy(s->holder, report->holder, sizeof s->holder);
    stand_in_line(r, report, m, s);
}

/* After one that failed: what was known of the store still is all that is known, unless a login was
 * made here since. */
static void stand_alone(const struct relay *r, const struct login_facts *local,
                        const struct memory *m, struct standing *s)
{
    s->facts.unpublished = is_unpublished(r, local, m);
    if (s->facts.unpublished) {
        s->facts.place = PLACE_HOLDER;
        s->facts.claimed = false;
    }
    if (s->facts.unpublished || !s->fingerprint[0])
        count(s, local);
    s->facts.here = works(local, m) && strcmp(local->fingerprint, s->fingerprint) == 0;
    s->facts.full_here = s->facts.full_here && s->facts.here && local->renewable;
    s->facts.lacking = !works(local, m);
    s->facts.renewable = s->facts.renewable || local->renewable;
}

/* ---- duties ---- */

static void note_local(struct duty_report *ret, const struct login_facts *local)
{
    bool is = local->state == LOGIN_USABLE;
    ret->expires_at = is ? local->expires_at : 0;
    ret->deadline = is ? local->deadline : 0;
}

static void stand(const struct duty_order *o, const struct sync_report *report,
                  const struct memory *m, struct duty_report *ret)
{
    struct login_facts local;
    struct err ignored;
    bool seen = look(o->relay, &ret->judged, &local, &ignored);
    ret->standing.facts.renews = can_renew(o->relay);
    if (ret->ok) {
        stand_in_step(o->relay, report, m, &ret->standing);
        /* What was decided on is what has been judged, whatever is there by now. */
        if (!seen || local.state != report->local.state || !login_same(&local, &report->local))
            ret->judged.file.failed = -1;
        local = report->local;
        /* Of two that came in one sync the second is still to be judged. */
        ret->held = report->stands.action == DO_PUBLISH;
        judge(&ret->judged, ret->held ? &report->shared : &local);
    } else if (seen) {
        stand_alone(o->relay, &local, m, &ret->standing);
    }
    if (ret->ok || seen)
        note_local(ret, &local);
}

/* What failed, or was fine and is still fine, is the resident process's to tell: once. */
static void log_sync(const struct duty_order *o, const struct duty_report *ret,
                     const struct sync_report *report)
{
    if (ret->changed || report->did.action != DO_NOTHING || report->warning.code != ERR_NONE)
        event_sync(o->relay, INTENT_SYNC, report, NULL);
}

static void sync_whole(const struct duty_order *o, struct duty_report *ret)
{
    struct session s;
    struct sync_report report = {.version = 0};
    struct err unsaved;
    ret->synced = true;
    if (!session_open(o->relay, RELAY_LOCK_WAIT_MS, &s, &ret->failure))
        return;
    const struct sync_request rq = {
        .intent = INTENT_SYNC, .one_put = true, .deadline = clock_steady_ms() + o->attempt_ms};
    ret->ok = session_sync(&s, &rq, &report, &ret->failure);
    stand(o, &report, &s.state.memory, ret);
    if (!session_close(&s, &unsaved) && report.warning.code == ERR_NONE)
        report.warning = unsaved;
    if (!ret->ok)
        return;
    ret->did = report.did;
    ret->stands = report.stands;
    ret->warning = report.warning;
    ret->unmet = sync_unmet(o->relay, INTENT_SYNC, &report, &ret->failure);
    log_sync(o, ret, &report);
}

static void perform_change(const struct duty_order *o, struct duty_report *ret)
{
    struct judged now;
    struct login_facts local;
    if (!look(o->relay, &now, &local, &ret->failure))
        return;
    bool same = judged_alike(&now, &o->judged);
    ret->held = !same && o->hold && local.state == LOGIN_USABLE;
    if (same || ret->held) {
        /* Held, it is still to be judged; only the look at it is not to be repeated. */
        ret->ok = true;
        ret->judged.file = now.file;
        return;
    }
    ret->changed = true;
    const struct watch_event change = {.did = WATCH_CHANGE, .login = &local};
    event_watch(o->relay, &change);
    sync_whole(o, ret);
}

/* What the renewal leaves is judged by a sync of its own: it also finishes what could not be
 * published. */
static void perform_renewal(const struct duty_order *o, struct duty_report *ret)
{
    const struct renew_request rq = {.now = false};
    struct err why;
    if (!renew_relay(o->relay, &rq, &ret->renewal, &why)) {
        /* Another process of this machine's is at it: so be it. */
        ret->renewal.outcome = why.code == ERR_BUSY ? RENEWAL_OVERTAKEN : RENEWAL_COUNT;
        ret->renewal.why = why;
    }
    sync_whole(o, ret);
}

static void perform_wait(const struct duty_order *o, struct duty_report *ret)
{
    const struct relay *r = o->relay;
    struct store store;
    int64_t version = 0;
    if (!store_open(r->store_url, r->name, &store, &ret->failure))
        return;
    const struct store_call c = {.store = &store,
                                 .path = store.path,
                                 .role = role_name(r->role),
                                 .machine = r->machine,
                                 .options = r->store_options,
                                 .timeout_ms = o->attempt_ms};
    ret->ok = store_wait(&c, o->standing.version, &version, &ret->failure);
    ret->newer = ret->ok && version > o->standing.version;
}

void duty_perform(const struct duty_order *o, struct duty_report *ret)
{
    *ret = (struct duty_report){
        .judged = o->judged, .standing = o->standing, .renews = o->what == DUTY_RENEW};
    switch (o->what) {
    case DUTY_SYNC: sync_whole(o, ret); break;
    case DUTY_CHANGE: perform_change(o, ret); break;
    case DUTY_RENEW: perform_renewal(o, ret); break;
    case DUTY_WAIT: perform_wait(o, ret); break;
    }
}
