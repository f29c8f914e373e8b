/* When a change of the login's file is acted on.  Pure: no clock, no I/O; tested by a table
 * (tests/unit/test_debounce.c).
 *
 *   debounce_changed(&d, now);                     at each sign of a change
 *   sleep until debounce_due(&d)
 *   switch (debounce_take(&d, now)) ...            what to do now
 *   debounce_published(&d, now) or debounce_restored(&d, now) or debounce_held(&d)      what it did
 *
 * A change is acted on when the file has been quiet for a moment: clients up to 2.1.100 rewrite it
 * in place.  The first one is published at once; what comes within 10 s of a publication is gathered
 * into one, at their end.  A login that was damaged is restored without waiting for that, unless
 * somebody keeps damaging it.
 *
 * Times are ms on a clock that does not jump; 0: never. */
#ifndef CREDRELAY_WATCH_DEBOUNCE_H
#define CREDRELAY_WATCH_DEBOUNCE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    DEBOUNCE_QUIET_MS = 30, /* a client that writes in place is done within milliseconds */
    DEBOUNCE_MOST_MS = 250, /* a file that never is quiet is looked at all the same */
    GATHER_MS = 10000,      /* one publication in */
    RESTORES_IN_GATHER = 5, /* restorations in that time, before they wait as well */
};

struct debounce {
    int64_t first, last; /* unsettled signs of change */
    bool held;           /* a new login waits for the end of the gathering */
    int64_t gather_until;
    int64_t restoring_since; /* the first of the last restorations, and how many */
    int restored;
};

enum debounce_step {
    DEBOUNCE_WAIT,
    DEBOUNCE_SYNC, /* look at the file and do what is right */
    DEBOUNCE_LOOK, /* the same, but a new login is held */
};

#define DEBOUNCE_NEVER INT64_MAX

void debounce_changed(struct debounce *d, int64_t now);

/* The signs so far were of what has been acted on already. */
void debounce_forget(struct debounce *d);

/* When debounce_take will say something else than DEBOUNCE_WAIT; DEBOUNCE_NEVER. */
int64_t debounce_due(const struct debounce *d);

/* What is settled by now is taken: a change from here on is another one. */
enum debounce_step debounce_take(struct debounce *d, int64_t now);

void debounce_published(struct debounce *d, int64_t now);
void debounce_restored(struct debounce *d, int64_t now);
void debounce_held(struct debounce *d);

#endif
