/* What an incident is, as a machine without clock and files: something happens, and it answers what
 * is to be told.  Tested by a table of stories (tests/unit/test_incident.c).
 *
 *                 trouble, ripe            a day passes
 *     (nothing) ---------------> open ---------------------+
 *         ^          OPENED       |  ^        STILL        |
 *         |                       |  +---------------------+
 *         +-----------------------+
 *          nothing stands:  OVER
 *
 * Several troubles may stand at once; they are one incident.  One that is not ripe yet (alert-after)
 * opens nothing, and what ends before it was told is never told.
 *
 * What opens and ends again and again is told OPENINGS_KEPT times in OPENINGS_WITHIN_MS; an incident
 * beyond those waits until there is room, and is then told if it still lasts.
 *
 * The clock of a machine jumps.  A time in the future is taken for now, so that a jump costs one
 * reminder at most and silences none. */
#ifndef CREDRELAY_ALERT_INCIDENT_H
#define CREDRELAY_ALERT_INCIDENT_H

#include "alert/alert.h"

enum { OPENINGS_KEPT = 3, OPENINGS_WITHIN_MS = 6 * 60 * 60 * 1000 };

/* A trouble that nobody has said again for so long does not outlast a run that works. */
enum { CAUSE_STALE_MS = 60 * 60 * 1000 };

struct cause {
    int64_t since; /* ms since 1970; 0: it does not stand */
    int64_t last;  /* when it was said last */
    struct err why;
};

struct incident {
    struct cause causes[TROUBLE_COUNT];
    int64_t since;                   /* of the first cause; 0: nothing stands */
    int64_t runs;                    /* that ended in 78 since then */
    int64_t told_at;                 /* when OPENED or STILL was told last; 0: not told */
    int64_t openings[OPENINGS_KEPT]; /* when OPENED was told, oldest first; 0: none */
    int64_t deadline;                /* of the login, told last */
    int deadline_days;               /* how many days before; 0: not told */
};

enum telling_kind {
    TELL_NOTHING,
    TELL_OPENED,
    TELL_STILL,
    TELL_OVER,
    TELL_DEADLINE, /* a person must log in again soon */
    TELL_TEST,     /* a person wants to see whether it arrives */
    TELLING_COUNT
};

/* What is to be told: everything that a message needs beside who tells it. */
struct telling {
    enum telling_kind kind;
    int64_t at;
    enum trouble what;
    int64_t since, runs;
    int64_t held_until; /* OPENED: a next one is not told before then; 0: it is */
    int64_t deadline;   /* DEADLINE: ms since 1970 */
    struct err why;     /* text and hint, as trouble was said; of DEADLINE the hint alone */
};

struct alert_policy {
    bool anybody; /* there is a channel; without one nothing is told, nor taken for told */
    int64_t after_ms[TROUBLE_COUNT];
    int64_t remind_ms; /* 0: never */
};

enum happened { HAPPENED_TROUBLE, HAPPENED_FINE, HAPPENED_DEADLINE, HAPPENED_NOTHING };

struct happening {
    enum happened kind;
    int64_t now;
    enum trouble what;     /* TROUBLE, FINE */
    const struct err *why; /* TROUBLE; DEADLINE: the remedy, as hint */
    int64_t deadline;      /* DEADLINE */
};

/* One step.  Returns what is to be told, with *RET filled in unless that is nothing. */
enum telling_kind incident_step(struct incident *i, const struct happening *h,
                                const struct alert_policy *p, struct telling *ret);

/* Is a login's time limit near enough to be told? */
bool incident_deadline_near(int64_t deadline, int64_t now);

/* The gravest trouble that stands; TROUBLE_COUNT: none. */
enum trouble incident_what(const struct incident *i);

/* "opened", "still", "over", "deadline", "test" */
const char *telling_name(enum telling_kind kind);

#endif
