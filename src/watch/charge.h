/* One relay in the watcher's charge: what is known of it, what is being done for it, and what is due
 * next.  It has no loop and waits for nothing; watch/loop.c does.
 *
 *   charge_begin(&c, &relay)                     takes over the relay
 *   charge_look(&c)                              the file may have changed
 *   at charge_due(&c): charge_act(&c, ...)       start what is due
 *   when a process of its own is done: charge_collect(&c, ...)
 *   charge_end(&c) */
#ifndef CREDRELAY_WATCH_CHARGE_H
#define CREDRELAY_WATCH_CHARGE_H

#include "watch/debounce.h"
#include "watch/told.h"
#include "watch/worker.h"

struct charge {
    struct relay relay;
    struct debounce debounce;
    struct judged judged;
    struct standing standing;
    struct worker worker; /* what changes something: one at a time */
    struct worker waiter; /* what only waits for the store */
    bool asked;           /* sync now, whatever the schedule says */

    /* syncs, for the schedule; wall clock, ms */
    int64_t tried_at, failing_since, retry_after_ms;
    unsigned failures;
    unsigned waits_failed; /* in a row: a store that cannot be waited on */

    /* Renewals that came to nothing, of the login that counts. */
    struct {
        char fingerprint[FINGERPRINT_SIZE];
        int64_t tried_at; /* wall clock, ms */
        unsigned failures;
        enum err_code told; /* why, when somebody has been told; else ERR_NONE */
    } renewals;

    struct err trouble; /* what stands in the way of a login that works here; ERR_NONE: nothing */
    struct watch_relay shown; /* for those who look (watch/presence.h) */
    bool changed;             /* `shown` is news */
};

/* What all of them share. */
struct watch_common {
    struct teller teller;
    struct lock lock;
};

/* BEFORE: what an earlier watcher knew of it; NULL: nothing. */
void charge_begin(struct charge *c, const struct relay *r, const struct watch_relay *before);
void charge_end(struct charge *c);

/* Look whether the file still is what was judged; a change is left to the debounce. */
void charge_look(struct charge *c);

/* When charge_act has something to do: steady clock, ms; INT64_MAX: never. */
int64_t charge_due(const struct charge *c);
void charge_act(struct charge *c, const struct watch_common *w);

/* The worker, or the waiter, is done. */
void charge_collect(struct charge *c, struct worker *of, const struct watch_common *w);

/* Nothing is being done, and nothing is asked for. */
bool charge_idle(const struct charge *c);

/* It is having its client renew the login: to be let finish. */
bool charge_renews(const struct charge *c);

#endif
