/* A fleet in virtual time: a year of it in seconds or minutes.
 *
 * What decides is the code of the program itself: relay/decide.h, relay/memory.c, relay/succession.h
 * and watch/schedule.h.  What does input and output there (engine, shelf, claim, renew) is done here by
 * assignments, in the same order, each step at its own moment, so that machines sleep, crash and are
 * cut off between any two.  Times are ms; the machines' clocks are off by up to three minutes. */
#ifndef CREDRELAY_TESTS_SIM_H
#define CREDRELAY_TESTS_SIM_H

#include <stdio.h>

#include "relay/decide.h"
#include "watch/schedule.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define NEVER  INT64_MAX

enum {
    MOST_LOGINS = 1 << 16,
    RENEWABLE_KEPT = 32, /* versions of the renewable value that are still looked at */
    LIFETIME_HOURS = 8,
    MONTH_DAYS = 30
};

struct scenario {
    int machines, writers;
    int sleepers; /* of a hundred machines */
    int64_t run_every;
    int64_t days;
    uint64_t seed;
    bool revokes; /* a refresh ends the access token before it at once */
};

/* ---- the vendor and the store (sim_store.c) ---- */

struct made_login {
    int64_t expires; /* true time, of the access token */
    bool spent;      /* its refresh token */
    int month;       /* which of the person's logins it comes of */
    int64_t deadline;
    int maker; /* the machine whose client was given it */
};

/* A new login for MACHINE, whose clock is OFFSET ahead.  FROM: the one whose refresh token is spent;
 * 0: a person's. */
struct login_facts vendor_login(int machine, int64_t offset, int from);

/* A client sends the refresh token of LOGIN.  0: refused, else the new login's number. */
int vendor_refresh(int machine, int64_t offset, const struct login_facts *login,
                   struct login_facts *ret);

bool vendor_accepts(const struct login_facts *login);
int serial(const struct login_facts *f); /* 0: it is none */
const struct made_login *login_made(int number);

struct stored_renewable {
    struct login_facts login;
    int holder;
    bool renewing;
};

/* The values as a writer sees them: of the renewable one what counts. */
void store_look(const struct memory *m, struct stored *shared, struct stored *renewable);
int64_t store_put_shared(const struct login_facts *l);
int64_t store_put_renewable(const struct login_facts *l, int holder, bool renewing);
bool store_claim_is_lost(void); /* whoever has claimed the login is not there */
int store_shared(void);         /* the number of the login in the shared value */
int64_t store_shared_at(void);  /* when it was put there first */

/* ---- the fleet (sim_machine.c) ---- */

enum phase { NO_RENEWAL, CLAIM, CLIENT, SAVED, GIVE_BACK };

struct machine {
    int number;
    char name[24];
    enum role role;
    bool sleeper;
    uint32_t jitter;
    int64_t offset;
    struct login_facts local;
    struct memory memory;

    /* what the watcher knows, as in watch/charge.h */
    struct schedule_facts facts;
    char standing[FINGERPRINT_SIZE]; /* of the login that the facts are about */
    char tried[FINGERPRINT_SIZE];    /* of the one that was to be renewed */

    /* a renewal under way */
    enum phase phase;
    int64_t phase_at, seen_version;
    struct login_facts claiming;

    bool awake, cut;
    int64_t awake_change, cut_change, run_at;
    int64_t there_since; /* awake and not cut off since; NEVER: it is not */
    int64_t again_at;    /* a run that waits for a login; NEVER: none */
    int64_t next;        /* the earliest of all that comes */
    int has;             /* the number of the login it was last given */
};

/* ---- all of it (sim.c) ---- */

struct counts {
    int64_t runs, recovered, failed;
    /* of the failed: cut off from the store; no writer was there; the one that had claimed the login
     * was lost; a take-over was still to come, by clocks that are behind; any other */
    int64_t failed_cut, failed_asleep, failed_lost, failed_late, failed_else;
    int64_t rotations, taken_over, claims_lost, refused;
    int64_t people, extra_lost, extra_else; /* logins; those beyond one a month, and why */
    int64_t asked, peak, over; /* a second; seconds with more than Parameter Store allows */
    int64_t slowest;           /* time to the last machine that was there all the time */
    int64_t within[4];         /* machines that had it within 1, 5, 10 min; later */
};

extern struct scenario scenario;
extern struct counts counts;
extern struct machine *fleet;
extern int64_t now;

int64_t random_below(int64_t n);
int64_t random_about(int64_t mean); /* exponentially distributed, at least 1 */

void count_gets(int n);
void broken(const char *what, const struct machine *m); /* an invariant is: says so and ends */

void machine_begin(struct machine *m);
void machine_act(struct machine *m); /* whatever is due now; sets `next` */
void machine_log_in(struct machine *m);
bool machine_there(const struct machine *m); /* awake, and not cut off from the store */
int64_t machine_clock(const struct machine *m);
bool machine_sync(struct machine *m); /* false: the store could not be asked */
void machine_lay_down(struct machine *m);

/* ---- what its jobs do (sim_run.c) ---- */

void run_job(struct machine *m);
void run_again(struct machine *m); /* it was refused, and has waited for a writer */

#endif
