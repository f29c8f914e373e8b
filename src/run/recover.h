/* Getting a login that works, before a run and after one that failed.
 *
 * Any number of runs on a machine share one pull: each takes the relay's lock, and finds the work
 * done when another was there before it. */
#ifndef CREDRELAY_RUN_RECOVER_H
#define CREDRELAY_RUN_RECOVER_H

#include "relay/engine.h"

/* What a run starts with. */
struct start {
    struct login_facts login; /* on disk when the run started */
    bool doubtful;            /* it was on the list of the rejected */
    bool pulled;              /* the preflight put it there */
};

/* Look at the login and, when it is missing, blank, malformed, expired or known to be rejected,
 * sync: at most every 30 s where that brought nothing, and within the relay's `preflight` time.
 * What goes wrong is no reason not to run. */
void preflight(const struct relay *r, struct start *ret);

struct recovery {
    bool retry;         /* another login is on disk now: run again */
    bool pulled;        /* ... and this run brought it */
    struct err why_not; /* when not */
};

/* The run that began with FAILED was refused.  Waits up to the relay's `recover-wait` for a writer
 * to publish.  BEGAN: the run's end, on the wall clock in ms. */
void recover(const struct relay *r, const struct login_facts *failed, int64_t ended,
             struct recovery *ret);

/* The login works after all: take it off the list of the rejected. */
void forgive(const struct relay *r, const struct login_facts *login);

#endif
