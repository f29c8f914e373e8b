/* Renewing a login: one machine at a time makes its client refresh, and publishes what comes of it.
 *
 *   struct renew_report report;
 *   if (!renew_relay(&relay, &request, &report, &e)) ...      it could not be tried
 *   switch (report.outcome) ...
 *
 * In order: a sync, so that file and store agree; whose turn it is (succession.h); the claim
 * (claim.h); the client (renew_client.h).  The relay's lock is held for the first three and again to
 * publish, not while the client runs: runs that fail meanwhile need not wait for it.  One renewal at
 * a time on a machine (STATE/NAME.renew.lock).
 *
 * A renewal counts when the file holds another login afterwards, whatever the client says.  Nothing
 * is lost by a crash at any moment: a fresher login in the file is published by the next sync, and a
 * claim that stands is gone on with by the next renewal. */
#ifndef CREDRELAY_RELAY_RENEW_H
#define CREDRELAY_RELAY_RENEW_H

#include "relay/claim.h"

struct renew_request {
    bool now;     /* a person asks: before this machine's turn, and before the login is due */
    bool force;   /* and insists: also from a machine that holds or has claimed it */
    bool dry_run; /* only say what would be done */
};

enum renewal {
    RENEWAL_DONE,        /* a fresher login is in the file and the store */
    RENEWAL_UNPUBLISHED, /* it is in the file: the next sync publishes it */
    RENEWAL_WOULD,       /* dry_run: it would be tried */
    RENEWAL_NOT_DUE,     /* this machine's turn comes at `due_at` */
    RENEWAL_NOT_OURS,    /* `holder` renews it; this machine takes over at `due_at`, if at all */
    RENEWAL_CLAIMED,     /* `holder` renews it now, or has begun to and not come back */
    RENEWAL_OVERTAKEN,   /* another machine was faster to claim it, or has renewed it */
    RENEWAL_NOTHING,     /* there is no login that could be renewed */
    RENEWAL_FAILED,      /* the client left the login as it was; given back for others to try */
    RENEWAL_REFUSED,     /* the server refused it: a person must log in */
    RENEWAL_COUNT
};

struct renew_report {
    enum renewal outcome;
    struct login_facts before,
        after;                /* the login that was to be renewed; what is in the file now */
    char holder[HOLDER_SIZE]; /* before it; "": not known */
    bool took_over;           /* this machine was not the holder */
    int64_t due_at;           /* ms since 1970; INT64_MAX: never; 0: does not matter */
    int64_t version;          /* of the shared value; 0: not known */
    struct err why;           /* what stands in the way, and what mends it; ERR_NONE: nothing */
};

/* False: it could not be tried, and nothing was changed (or only as a sync does).  ERR_BUSY: another
 * process of this machine's renews; ERR_DENIED: a reader; ERR_UNSUPPORTED: no command, or one value
 * for all. */
bool renew_relay(const struct relay *r, const struct renew_request *rq, struct renew_report *ret,
                 struct err *e) MUST_CHECK;

/* May this machine renew at all, ever?  False: *e says why not. */
bool renew_allowed(const struct relay *r, struct err *e);

const char *renewal_name(enum renewal outcome);

#endif
