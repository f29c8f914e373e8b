#include "watch/charge.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* A wait for the store, and how many may fail before it is asked instead. */
enum { WAIT_MS = 60000, MOST_WAITS_FAILED = 3 };

/* While a login waits here to be published, a network that swallows what is sent must not stretch
 * the pace of asking; every fourth attempt has all its time. */
enum { HURRIED_MS = 2000, HURRIED_BUT_EVERY = 4 };

/* A run that waits for a login holds the relay's lock; this often in a row it is something else. */
enum { MOST_BUSY = 5 };

/* That all is still well, and what is due, is news for others only after this time: they are not
 * to cost a write for each of many syncs. */
enum { STALE_MS = 60000 };

void charge_begin(struct charge *c, const struct relay *r, const struct watch_relay *before)
{
    *c = (struct charge){.relay = *r, .worker = WORKER_NONE, .waiter = WORKER_NONE, .asked = true};
    c->judged.file.failed = -1;
    if (before) {
        c->shown = *before;
        c->trouble.code = before->failing_since ? err_by_name(before->error) : ERR_NONE;
        snprintf(c->trouble.text, sizeof c->trouble.text, "%s", before->text);
    }
    snprintf(c->shown.name, sizeof c->shown.name, "%s", r->name);
    c->shown.role = r->role;
    c->changed = true;
}

void charge_end(struct charge *c)
{
    worker_drop(&c->worker);
    worker_drop(&c->waiter);
    relay_free(&c->relay);
}

bool charge_idle(const struct charge *c)
{
    return !c->asked && !c->worker.pid;
}

bool charge_renews(const struct charge *c)
{
    return c->worker.pid && c->worker.order.what == DUTY_RENEW;
}

void charge_look(struct charge *c)
{
    const struct login_source source = relay_login_source(&c->relay);
    struct os_file_id now;
    os_file_id(c->relay.login_path, &now);
    if (!os_file_same(&now, &c->judged.file) || login_source_is_polled(&source))
        debounce_changed(&c->debounce, clock_steady_ms());
}

/* ---- what is due ---- */

static struct schedule schedule(const struct charge *c, int64_t now)
{
    struct schedule_facts f = c->standing.facts;
    f.now = now;
    f.jitter = succession_jitter(c->relay.machine);
    f.fleet_size = (unsigned)c->relay.fleet_size;
    f.can_wait = c->waits_failed < MOST_WAITS_FAILED;
    f.tried_at = c->tried_at;
    f.failures = c->failures;
    f.failing_since = c->failing_since;
    f.retry_after_ms = c->retry_after_ms;
    if (f.renewed != RENEWED_REFUSED && c->renewals.failures &&
        strcmp(c->renewals.fingerprint, c->standing.fingerprint) == 0) {
        f.renewed = RENEWED_FAILED;
        f.renew_tried_at = c->renewals.tried_at;
        f.renew_failures = c->renewals.failures;
    }
    return schedule_next(&f);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Moved from the wall clock to the steady one. */
static int64_t steady_at(int64_t wall, int64_t wall_now, int64_t steady_now)
{
    return wall == INT64_MAX ? INT64_MAX : steady_now + (wall > wall_now ? wall - wall_now : 0);
}

int64_t charge_due(const struct charge *c)
{
    int64_t steady = clock_steady_ms(), wall = clock_wall_ms(), due = INT64_MAX;
    if (c->waiter.pid)
        due = c->waiter.deadline;
    if (c->worker.pid)
        return earlier(due, c->worker.deadline);
    if (c->asked)
        return steady;
    due = earlier(due, debounce_due(&c->debounce));
    struct schedule s = schedule(c, wall);
    if (s.sync_why != SYNC_WAIT || !c->waiter.pid)
        due = earlier(due, steady_at(s.sync_at, wall, steady));
    return earlier(due, steady_at(s.renew_at, wall, steady));
}

/* ---- doing it ---- */

static int64_t attempt_ms(const struct charge *c)
{
    bool hurried = c->standing.facts.unpublished && c->failures % HURRIED_BUT_EVERY != 0;
    return hurried ? earlier(c->relay.timeout_ms, HURRIED_MS) : c->relay.timeout_ms;
}

static void start(struct charge *c, const struct watch_common *w, enum duty what, bool hold)
{
    struct duty_order o = {.what = what,
                           .relay = &c->relay,
                           .judged = c->judged,
                           .standing = c->standing,
                           .hold = hold,
                           .attempt_ms = what == DUTY_WAIT ? WAIT_MS : attempt_ms(c)};
    struct err e;
    if (worker_start(what == DUTY_WAIT ? &c->waiter : &c->worker, &o, &w->lock, &e))
        return;
    /* No process to be had: that passes, and is a failure like another. */
    c->tried_at = clock_wall_ms();
    c->failing_since = c->failures++ ? c->failing_since : c->tried_at;
    tell_state(&w->teller, &c->relay, &e, c->trouble.code != e.code, 0);
    c->trouble = e;
}

static void act_on_schedule(struct charge *c, const struct watch_common *w)
{
    int64_t now = clock_wall_ms();
    struct schedule s = schedule(c, now);
    if (s.sync_why != SYNC_WAIT)
        worker_drop(&c->waiter);
    if (s.renew_at <= now)
        start(c, w, DUTY_RENEW, false); /* begins with a sync */
    else if (s.sync_at <= now && s.sync_why != SYNC_WAIT)
        start(c, w, DUTY_SYNC, false);
    if (s.sync_at <= now && s.sync_why == SYNC_WAIT && !c->waiter.pid)
        start(c, w, DUTY_WAIT, false);
}

void charge_act(struct charge *c, const struct watch_common *w)
{
    int64_t now = clock_steady_ms();
    if (c->waiter.pid && now >= c->waiter.deadline)
        charge_collect(c, &c->waiter, w);
    if (c->worker.pid && now >= c->worker.deadline)
        charge_collect(c, &c->worker, w);
    if (c->worker.pid)
        return;
    if (c->asked) {
        c->asked = false;
        start(c, w, DUTY_SYNC, false);
        return;
    }
    switch (debounce_take(&c->debounce, now)) {
    case DEBOUNCE_SYNC: start(c, w, DUTY_CHANGE, false); break;
    case DEBOUNCE_LOOK: start(c, w, DUTY_CHANGE, true); break;
    case DEBOUNCE_WAIT: act_on_schedule(c, w); break;
    }
}

/* ---- what came of it ---- */

static bool is_trouble(const struct charge *c, const struct duty_report *report, struct err *ret)
{
    bool passing = !report->ok && report->failure.code == ERR_BUSY && c->failures < MOST_BUSY;
    *ret = (struct err){.code = ERR_NONE};
    if (passing)
        *ret = c->trouble;
    else if (!report->ok || report->unmet)
        *ret = report->failure;
    return ret->code != ERR_NONE;
}

static void tell(struct charge *c, const struct duty_report *report, const struct watch_common *w)
{
    struct err trouble;
    bool is = is_trouble(c, report, &trouble);
    bool news = is && trouble.code != c->trouble.code;
    if (report->ok)
        tell_done(&w->teller, &c->relay, report);
    tell_state(&w->teller, &c->relay, &trouble, news, is ? 0 : c->shown.failing_since);
    tell_deadline(&w->teller, &c->relay, report->standing.holder,
                  report->deadline ? report->deadline : report->standing.facts.deadline,
                  &c->shown.told);
    if (!is)
        c->shown.failing_since = 0;
    else if (!c->shown.failing_since)
        c->shown.failing_since = clock_wall_ms();
    c->trouble = trouble;
}

static void show(struct charge *c, const struct duty_report *report)
{
    struct watch_relay *s = &c->shown;
    const struct judged *j = &report->judged;
    bool here = j->state == LOGIN_USABLE;
    bool nothing = report->did.action == DO_NOTHING && !s->error[0];
    if (report->ok && !(nothing && c->tried_at - s->synced_at < STALE_MS)) {
        s->synced_at = c->tried_at;
        snprintf(s->did, sizeof s->did, "%s", action_name(report->did.action));
        snprintf(s->why, sizeof s->why, "%s",
                 reason_name(report->did.action == DO_NOTHING ? report->stands.reason
                                                              : report->did.reason));
        s->version = report->standing.version;
        memcpy(s->holder, report->standing.holder, sizeof s->holder);
    }
    snprintf(s->error, sizeof s->error, "%s",
             c->trouble.code == ERR_NONE ? "" : err_name(c->trouble.code));
    snprintf(s->text, sizeof s->text, "%s", c->trouble.text);
    snprintf(s->hint, sizeof s->hint, "%s", c->trouble.hint);
    memcpy(s->fingerprint, here ? j->fingerprint : "", here ? sizeof s->fingerprint : 1);
    s->expires_at = report->expires_at;
    s->deadline = report->deadline;
    s->renewable = here && j->renewable;
    s->unpublished = report->standing.facts.unpublished;
}

static void show_due(struct charge *c)
{
    int64_t now = clock_wall_ms();
    struct schedule s = schedule(c, now);
    int64_t due = earlier(s.sync_at, s.renew_at);
    int64_t moved = due > c->shown.due ? due - c->shown.due : c->shown.due - due;
    if (moved >= STALE_MS)
        c->shown.due = due;
}

static void count(struct charge *c, const struct duty_report *report)
{
    c->tried_at = clock_wall_ms();
    c->retry_after_ms = report->ok ? 0 : report->failure.retry_after_ms;
    if (report->ok)
        c->failures = 0;
    else if (c->failures++ == 0)
        c->failing_since = c->tried_at;
}

/* Another login counts than before: what came of renewing that one is over. */
static void begin_anew(struct charge *c, const struct watch_common *w)
{
    if (strcmp(c->renewals.fingerprint, c->standing.fingerprint) == 0)
        return;
    if (c->renewals.fingerprint[0])
        tell_renewed(&w->teller, &c->relay);
    memset(&c->renewals, 0, sizeof c->renewals);
    memcpy(c->renewals.fingerprint, c->standing.fingerprint, sizeof c->renewals.fingerprint);
}

static void collect_renewal(struct charge *c, const struct duty_report *report,
                            const struct watch_common *w)
{
    begin_anew(c, w);
    enum err_code why = report->renewal.why.code;
    tell_renewal(&w->teller, &c->relay, report, c->renewals.told != why);
    if (report->renewal.outcome == RENEWAL_DONE || report->renewal.outcome == RENEWAL_UNPUBLISHED)
        return;
    if (duty_renewal_failed(report))
        c->renewals.told = why;
    /* Where the store fails, the syncs have their pace, and it has not come to a renewal. */
    if (!report->ok && report->renewal.outcome == RENEWAL_COUNT)
        return;
    /* Also what only was not our turn is not asked for again at once. */
    c->renewals.tried_at = clock_wall_ms();
    c->renewals.failures++;
}

static void collect_sync(struct charge *c, enum duty what, const struct duty_report *report,
                         const struct watch_common *w)
{
    int64_t now = clock_steady_ms();
    count(c, report);
    c->standing = report->standing;
    if (duty_published(report))
        debounce_published(&c->debounce, now);
    else if (duty_restored(report) && what == DUTY_CHANGE)
        debounce_restored(&c->debounce, now);
    tell(c, report, w);
    if (report->renews)
        collect_renewal(c, report, w);
    else
        begin_anew(c, w);
    show(c, report);
    show_due(c);
    c->changed = true;
}

static void collect_wait(struct charge *c, const struct duty_report *report)
{
    if (report->ok) {
        c->waits_failed = 0;
        c->asked = c->asked || report->newer;
        c->tried_at = clock_wall_ms();
    } else if (report->failure.code == ERR_UNSUPPORTED) {
        c->waits_failed = MOST_WAITS_FAILED;
    } else {
        /* Is it the store, or the waiting?  A sync tells. */
        c->waits_failed++;
        c->asked = true;
    }
}

void charge_collect(struct charge *c, struct worker *of, const struct watch_common *w)
{
    struct duty_report report;
    struct os_file_id now;
    enum duty what = of->order.what;
    worker_end(of, &report);
    if (what == DUTY_WAIT) {
        collect_wait(c, &report);
        return;
    }
    c->judged = report.judged;
    if (report.synced || !report.ok)
        collect_sync(c, what, &report, w);
    if (report.held)
        debounce_held(&c->debounce);
    /* What has changed meanwhile was either our own doing or is the next change. */
    os_file_id(c->relay.login_path, &now);
    if (os_file_same(&now, &c->judged.file))
        debounce_forget(&c->debounce);
    else if (report.ok)
        debounce_changed(&c->debounce, clock_steady_ms());
}
