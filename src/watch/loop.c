#include "watch/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/home.h"
#include "os/wake.h"
#include "watch/charge.h"
#include "watch/jump.h"
#include "watch/sentry.h"
#include "watch/signals.h"

/* A look at each file: when the system tells of changes, and when it does not; and how often it is
 * then given another chance to. */
enum { SLOW_LOOK_MS = 30000, BLIND_LOOK_MS = 500, SEE_MS = 60000 };

_Static_assert((int)MOST_RELAYS <= (int)SENTRY_PATHS, "each relay has its bit");

struct watcher {
    const struct watch_request *rq;
    struct watch_common common;
    struct repeats said;
    char state_dir[LIMIT_PATH];
    struct charge *charges;
    size_t count;
    struct sentry sentry;
    bool told_blind;
    int signals, wake; /* descriptors; -1: none */
    struct clocks clocks;
    int64_t look_at; /* the next slow look; steady, ms */
    int64_t see_at;  /* the next attempt to watch again, when blind */
    bool end, reload;
    bool terminal; /* it was started at one */
    struct watch_presence presence;
};

/* ---- the relays ---- */

static void end_charges(struct charge *charges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        charge_end(&charges[i]);
    free(charges);
}

/* All relays of the configuration; what is known of one of the same name is known of the new one.
 * NULL: *e says why. */
static struct charge *load_charges(const struct watcher *w, size_t *ret_count, struct err *e)
{
    struct relay_names names;
    size_t n = 0;
    if (!relay_names(&names, e))
        return NULL;
    struct charge *charges = calloc(names.count, sizeof *charges);
    if (!charges) {
        err_no_memory(e);
        return NULL;
    }
    for (struct relay r; n < names.count && relay_load(names.name[n], &r, e); n++)
        charge_begin(&charges[n], &r, watch_relay_of(&w->presence, r.name));
    if (n < names.count) {
        end_charges(charges, n);
        return NULL;
    }
    *ret_count = n;
    return charges;
}

/* In the place of those there are. */
static bool take_charge(struct watcher *w, enum watch_did did, struct err *e)
{
    size_t count = 0;
    struct charge *charges = load_charges(w, &count, e);
    if (!charges)
        return false;
    end_charges(w->charges, w->count);
    w->charges = charges;
    w->count = count;
    for (size_t i = 0; i < count; i++)
        tell_watch(&w->common.teller, &charges[i].relay, did);
    return true;
}

/* ---- looking ---- */

/* The bits of the relays whose files are elsewhere now. */
static uint32_t arm(struct watcher *w)
{
    const char *paths[MOST_RELAYS];
    struct err why = {.code = ERR_NONE};
    for (size_t i = 0; i < w->count; i++)
        paths[i] = w->charges[i].relay.login_path;
    uint32_t elsewhere = sentry_arm(&w->sentry, paths, w->count);
    if (w->sentry.blind && !w->told_blind) {
        sentry_explain(&w->sentry, &why);
        tell_blind(&w->common.teller, &w->charges[0].relay, &why);
    }
    w->told_blind = w->sentry.blind;
    return elsewhere;
}

static void look_at_all(struct watcher *w)
{
    int64_t now = clock_steady_ms();
    if (w->sentry.blind && now >= w->see_at) {
        sentry_close(&w->sentry);
        sentry_open(&w->sentry);
        arm(w);
        w->see_at = now + SEE_MS;
    }
    for (size_t i = 0; i < w->count; i++)
        charge_look(&w->charges[i]);
    w->look_at = now + (w->sentry.blind ? BLIND_LOOK_MS : SLOW_LOOK_MS);
}

/* First armed, then looked at: what comes after the look is told. */
static void heed_changes(struct watcher *w)
{
    uint32_t touched = sentry_read(&w->sentry);
    if (!touched)
        return;
    touched |= arm(w);
    for (size_t i = 0; i < w->count; i++)
        if (touched & UINT32_C(1) << i)
            charge_look(&w->charges[i]);
}

static void ask_all(struct watcher *w)
{
    for (size_t i = 0; i < w->count; i++)
        w->charges[i].asked = true;
}

static void heed_clocks(struct watcher *w, bool woken)
{
    const struct clocks now = {.wall = clock_wall_ms(), .awake = os_awake_ms()};
    if (woken || clocks_jumped(&w->clocks, &now)) {
        arm(w);
        ask_all(w);
    }
    w->clocks = now;
}

/* ---- for those who look ---- */

static void show(struct watcher *w)
{
    bool changed = w->presence.relay_count != w->count;
    struct err e;
    w->presence.relay_count = w->count;
    for (size_t i = 0; i < w->count; i++) {
        changed = changed || w->charges[i].changed;
        w->charges[i].changed = false;
        w->presence.relays[i] = w->charges[i].shown;
    }
    if (changed && !presence_save(w->state_dir, &w->presence, &e))
        tell_ignored(&w->common.teller, "the state could not be saved", &e);
}

/* ---- signals ---- */

static void heed_signals(struct watcher *w)
{
    unsigned means = signals_read(w->signals);
    w->end = w->end || means & SIGNAL_END;
    /* A hang-up of the terminal it was started at is the end, not a wish for a reload. */
    if (means & SIGNAL_RELOAD && w->terminal && !isatty(STDERR_FILENO))
        w->end = true;
    w->reload = w->reload || means & SIGNAL_RELOAD;
}

static void reload(struct watcher *w)
{
    struct err e;
    w->reload = false;
    if (!take_charge(w, WATCH_RELOAD, &e)) {
        fprintf(stderr, "credrelay: watch: the configuration is as it was: %s\n", e.text);
        if (e.hint[0])
            fprintf(stderr, "  %s\n", e.hint);
        return;
    }
    arm(w);
    ask_all(w);
}

/* What renews is let finish first. */
static bool may_reload(const struct watcher *w)
{
    for (size_t i = 0; i < w->count; i++)
        if (charge_renews(&w->charges[i]))
            return false;
    return w->reload;
}

/* ---- the loop ---- */

static int64_t due(const struct watcher *w)
{
    int64_t due = w->look_at;
    for (size_t i = 0; i < w->count; i++) {
        int64_t at = charge_due(&w->charges[i]);
        due = at < due ? at : due;
    }
    return due;
}

enum { FD_SIGNALS, FD_SENTRY, FD_WAKE, FD_RELAYS }; /* of each relay its worker and its waiter */

struct sleep {
    struct pollfd fds[FD_RELAYS + 2 * MOST_RELAYS];
    nfds_t count;
};

/* Until something happens or is due. */
static void sleep_well(const struct watcher *w, struct sleep *ret)
{
    struct pollfd *fd = ret->fds;
    *fd++ = (struct pollfd){.fd = w->signals, .events = POLLIN};
    *fd++ = (struct pollfd){.fd = sentry_fd(&w->sentry), .events = POLLIN};
    *fd++ = (struct pollfd){.fd = w->wake, .events = POLLIN};
    for (size_t i = 0; i < w->count; i++) {
        *fd++ = (struct pollfd){.fd = w->charges[i].worker.fd, .events = POLLIN};
        *fd++ = (struct pollfd){.fd = w->charges[i].waiter.fd, .events = POLLIN};
    }
    ret->count = (nfds_t)(fd - ret->fds);
    int64_t left = due(w) - clock_steady_ms();
    left = left < 0 ? 0 : left > SLOW_LOOK_MS ? SLOW_LOOK_MS : left + 1;
    if (poll(ret->fds, ret->count, (int)left) < 0)
        for (nfds_t i = 0; i < ret->count; i++)
            ret->fds[i].revents = 0;
}

static void heed(struct watcher *w, const struct sleep *s)
{
    heed_signals(w);
    if (s->fds[FD_WAKE].revents)
        os_wake_read(w->wake);
    heed_clocks(w, s->fds[FD_WAKE].revents != 0);
    if (s->fds[FD_SENTRY].revents)
        heed_changes(w);
    for (size_t i = 0; i < w->count; i++) {
        struct charge *c = &w->charges[i];
        if (s->fds[FD_RELAYS + 2 * i].revents)
            charge_collect(c, &c->worker, &w->common);
        if (s->fds[FD_RELAYS + 2 * i + 1].revents)
            charge_collect(c, &c->waiter, &w->common);
    }
}

static void act(struct watcher *w)
{
    if (clock_steady_ms() >= w->look_at)
        look_at_all(w);
    for (size_t i = 0; i < w->count; i++)
        if (charge_due(&w->charges[i]) <= clock_steady_ms())
            charge_act(&w->charges[i], &w->common);
}

static bool idle(const struct watcher *w)
{
    for (size_t i = 0; i < w->count; i++)
        if (!charge_idle(&w->charges[i]))
            return false;
    return true;
}

static void watch(struct watcher *w)
{
    struct sleep s;
    while (!w->end && !(w->rq->once && idle(w))) {
        if (may_reload(w))
            reload(w);
        act(w);
        sleep_well(w, &s);
        heed(w, &s);
        show(w);
    }
}

/* ---- beginning and end ---- */

static bool begin(struct watcher *w, struct err *e)
{
    if (!home_state(w->state_dir, e) || !dir_make(w->state_dir, e) ||
        !presence_take(w->state_dir, &w->common.lock, e) ||
        !watch_presence(w->state_dir, &w->presence, e))
        return false;
    w->presence.pid = getpid();
    w->presence.since = clock_wall_ms();
    snprintf(w->presence.version, sizeof w->presence.version, "%s", CREDRELAY_VERSION);
    w->signals = signals_open(e);
    if (w->signals < 0)
        return false;
    teller_begin(&w->common.teller, w->rq->voice, &w->said);
    w->wake = os_wake_open();
    w->clocks = (struct clocks){.wall = clock_wall_ms(), .awake = os_awake_ms()};
    sentry_open(&w->sentry);
    if (!take_charge(w, WATCH_START, e))
        return false;
    arm(w);
    look_at_all(w);
    show(w);
    if (w->rq->ready)
        w->rq->ready(w->rq->ctx);
    w->terminal = isatty(STDERR_FILENO); /* once detached it has none to lose */
    return true;
}

static void finish(struct watcher *w)
{
    for (size_t i = 0; i < w->count; i++)
        tell_watch(&w->common.teller, &w->charges[i].relay, WATCH_STOP);
    end_charges(w->charges, w->count);
    sentry_close(&w->sentry);
    if (w->wake >= 0)
        close(w->wake);
    lock_release(&w->common.lock);
}

/* The first that is not well. */
static enum err_code outcome(const struct watcher *w)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->charges[i].trouble.code != ERR_NONE)
            return w->charges[i].trouble.code;
    return ERR_NONE;
}

bool watch_run(const struct watch_request *rq, enum err_code *ret_came, struct err *e)
{
    static struct watcher w; /* what it says of all relays is large for a stack */
    w = (struct watcher){.rq = rq, .common = {.lock = LOCK_NONE}, .signals = -1, .wake = -1};
    w.sentry.events = -1;
    bool ok = begin(&w, e);
    if (ok)
        watch(&w);
    *ret_came = rq->once ? outcome(&w) : ERR_NONE;
    finish(&w);
    return ok;
}
