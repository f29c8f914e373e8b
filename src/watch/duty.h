/* What the watcher has done by a forked process, which lives for one duty and takes all secrets with
 * it: the resident process sees facts only.
 *
 *   struct duty_order o = {.what = DUTY_SYNC, .relay = &relay, ...};
 *   struct duty_report r;
 *   duty_perform(&o, &r);                   in the forked process (watch/worker.h)
 *
 * The order is inherited, the report is of fixed size and goes through a pipe. */
#ifndef CREDRELAY_WATCH_DUTY_H
#define CREDRELAY_WATCH_DUTY_H

#include "os/file_id.h"
#include "relay/renew.h"
#include "watch/schedule.h"

enum duty {
    DUTY_SYNC,   /* look at the file and the store, do what is right */
    DUTY_CHANGE, /* the same, if the file's login is another one than was judged last */
    DUTY_RENEW,  /* have the client renew the login, if it is our turn; then a sync */
    DUTY_WAIT,   /* until the store has a newer version; touches nothing */
};

/* The file's login as it was when it was last judged. */
struct judged {
    struct os_file_id file; /* `failed` is -1: not yet */
    enum login_state state;
    bool renewable;
    char fingerprint[FINGERPRINT_SIZE];
};

/* What is known of the login that counts, for the schedule and for the next duty. */
struct standing {
    struct schedule_facts facts;        /* what concerns the login and renewing; the rest is 0 */
    char fingerprint[FINGERPRINT_SIZE]; /* "": there is none */
    int64_t version;                    /* of the shared value */
    char holder[HOLDER_SIZE];
};

struct duty_order {
    enum duty what;
    const struct relay *relay;
    struct judged judged;
    struct standing standing;
    bool hold;          /* DUTY_CHANGE: a new login is left for later */
    int64_t attempt_ms; /* for the store */
};

struct duty_report {
    bool ok;      /* else `failure` says why */
    bool unmet;   /* ok, but there is no login that works: `failure` says why as well */
    bool synced;  /* a sync was tried; else it was not another login, or it was held */
    bool changed; /* the file's login was another one than judged last */
    bool held;    /* a new login was left for later (watch/debounce.h) */
    bool newer;   /* DUTY_WAIT: it came */
    bool renews;  /* DUTY_RENEW; then: */
    struct renew_report renewal; /* how it ended; RENEWAL_COUNT: it could not be tried */
    struct decision did;         /* and what stands after it, as in struct sync_report */
    struct decision stands;
    struct judged judged;
    int64_t expires_at, deadline; /* of the file's login, when usable */
    struct standing standing;
    struct err failure;
    struct err warning; /* code ERR_NONE: none */
};

/* How long it may take at most before it is killed, ms. */
int64_t duty_most_ms(const struct duty_order *o);

void duty_perform(const struct duty_order *o, struct duty_report *ret);

/* A renewal that was tried and failed, or could not be tried: somebody has to act. */
bool duty_renewal_failed(const struct duty_report *r);

/* Was a login put into the store, or into the file? */
bool duty_published(const struct duty_report *r);
bool duty_restored(const struct duty_report *r);

#endif
