/* When the resident process does something of its own accord: the next sync, and the next attempt
 * to renew.  Pure: no I/O, no clock; tested by tables (tests/unit/test_schedule.c).
 *
 *   struct schedule_facts f = {.now = clock_wall_ms(), ...};     what the last sync reported
 *   struct schedule s = schedule_next(&f);
 *   if (s.sync_at <= f.now) ...          fork a sync; its report is the next facts
 *   else if (s.renew_at <= f.now) ...    fork a renewal
 *   else sleep until the earlier of the two, or until the file changes
 *
 * Times are of the wall clock, since that is what logins carry: ask again after every report, every
 * wake-up and every step of the clock.  What a change of the file asks for is not here.
 *
 * Machines ask regularly, every 15 minutes, and closely around a renewal, until they have the
 * fresher login.  Each asks at its own place in the lap (by `jitter`), and the lap is as long as
 * the fleet needs to ask SCHEDULE_GETS times a second: 15 s for up to 240 machines, 625 s for
 * 10,000, which then have their turns one after the other. */
#ifndef CREDRELAY_WATCH_SCHEDULE_H
#define CREDRELAY_WATCH_SCHEDULE_H

#include "relay/succession.h"

enum {
    SCHEDULE_REGULAR_MS = 15 * 60000,
    SCHEDULE_LAP_MS = 15000, /* the shortest */
    /* A second, in the mean.  Parameter Store allows an account 40; places are by chance, and regular
     * syncs and runs come on top: tests/sim says what is left of it. */
    SCHEDULE_GETS = 16
};

/* How the last attempt to renew the login that now counts ended. */
enum renewed {
    RENEWED_NOT_TRIED,
    RENEWED_FAILED,  /* it is as it was: again, later and later */
    RENEWED_REFUSED, /* the server has refused the refresh token: never again */
};

struct schedule_facts {
    int64_t now; /* ms since 1970, as all times here */

    /* this machine */
    uint32_t jitter;     /* succession_jitter() of its name */
    unsigned fleet_size; /* machines that ask the store; 0: a few */
    bool can_wait;       /* the store can be waited on */

    /* the login that counts: the store's, or one made here and not published yet */
    int64_t expires_at; /* 0: not known, it is taken to last */
    int64_t deadline;   /* 0: not known */
    bool lacking;     /* there is no login that works, here or there: it is renewed all the same */
    bool here;        /* the file has it */
    bool full_here;   /* with its refresh token, which the store has as well */
    bool unpublished; /* it waits here for the store to take it */

    /* syncs */
    int64_t tried_at;       /* the end of the last one; 0: none since the start */
    unsigned failures;      /* how many have failed since one was fine */
    int64_t failing_since;  /* when the first of those ended */
    int64_t retry_after_ms; /* what the store asked for, followed for minutes; 0: nothing */

    /* renewing */
    bool renews;    /* this machine has a command that renews, and may run it */
    bool renewable; /* its refresh token can be had, here or from the store */
    bool claimed;   /* another machine has claimed it */
    int place;      /* succession_place() */
    enum renewed renewed;
    int64_t renew_tried_at; /* the end of the last attempt; 0: none */
    unsigned renew_failures;
};

enum sync_why {
    SYNC_START,    /* none so far */
    SYNC_REGULAR,  /* the time is up */
    SYNC_LAY_DOWN, /* clients are about to become willing: the refresh token must be off the disk */
    SYNC_RENEWAL,  /* a fresher login is due in the store */
    SYNC_WAIT,     /* the same, with a store that can be waited on */
    SYNC_RETRY,    /* the last one failed */
    SYNC_WHY_COUNT
};

enum renew_why {
    RENEW_HOLDER,    /* this machine holds the login */
    RENEW_TAKE_OVER, /* the store still has no fresher one, and this machine is next */
    RENEW_AGAIN,     /* the last attempt failed */
    /* never, as things stand: renew_at is INT64_MAX */
    RENEW_OFF,         /* this machine does not renew */
    RENEW_NOTHING,     /* no login that can be renewed */
    RENEW_LASTS,       /* it is not known to expire */
    RENEW_REFUSED,     /* its refresh token was refused: a person must log in */
    RENEW_DEADLINE,    /* its time limit is over: a person must log in */
    RENEW_CLAIMED,     /* another machine is at it */
    RENEW_NOT_IN_LINE, /* another machine's, and this one does not take over */
    RENEW_WHY_COUNT
};

struct schedule {
    int64_t sync_at; /* at or before `now`: now */
    enum sync_why sync_why;
    int64_t renew_at;
    enum renew_why renew_why;
};

struct schedule schedule_next(const struct schedule_facts *f);

/* "regular", ... for the log. */
const char *sync_why_name(enum sync_why w);
const char *renew_why_name(enum renew_why w);

#endif
