/* An earlier login of the store's history put back: as a new version, so that it is the newest and
 * every machine follows.  For people, when a login that was published is the wrong one.
 *
 *   struct rollback_request rq = {.version = 8, .dry_run = true, ...};
 *   if (!relay_rollback(&relay, &rq, wait, &report, &e)) ...       what would be done
 *   rq.dry_run = false, rq.expect = report.replaced;               and if a person agrees:
 *   if (!relay_rollback(&relay, &rq, wait, &report, &e)) ...
 *
 * Of the login put back this machine becomes the holder.  Its full form is put where the renewable
 * value once had it and its refresh token is not known to be spent; else the login goes back without
 * one, and nobody can renew it.
 *
 * That it stays back: a machine that had the abandoned login has it in its memory with an earlier
 * version, so it is superseded there (decide.h); one that has forgotten asks the store's history
 * before it would publish.  What the abandoned login was renewed into meanwhile is a new login,
 * though, and wins: say so to people where another machine renews. */
#ifndef CREDRELAY_RELAY_ROLLBACK_H
#define CREDRELAY_RELAY_ROLLBACK_H

#include "relay/engine.h"

struct rollback_request {
    int64_t version;  /* to be put back */
    int64_t expect;   /* the newest version that was agreed to replace; 0: whatever it is */
    bool force;       /* also an expired one */
    bool dry_run;     /* look, change nothing */
    int64_t deadline; /* on the steady clock, ms */
    struct buf *told; /* what the store's helper says to people is put here; NULL: dropped */
};

enum rollback_form {
    ROLLBACK_FULL,   /* with its refresh token */
    ROLLBACK_SPENT,  /* without: it was renewed, or its renewal was refused here */
    ROLLBACK_UNKNOWN /* without: the store has no full form of it (any more) */
};

struct rollback_report {
    bool done;                   /* false: the store has that login, there was nothing to do */
    struct login_facts from, to; /* the store's login before; the one put back */
    int64_t replaced;            /* the newest version before */
    int64_t version;             /* and the one that was put; 0: none (dry_run) */
    char by[HOLDER_SIZE];        /* who had put what was put back */
    char holder[HOLDER_SIZE];    /* who renewed the login before; "": not known */
    enum rollback_form form;
    bool installed;     /* and this machine has it as well */
    struct err warning; /* something that did not stop it; code ERR_NONE: nothing */
};

/* Takes the relay's lock, waiting up to WAIT_MS (added to the request's deadline), puts the login back
 * and then into this machine's file; the event goes to the log.
 *
 * ERR_DENIED: a reader.  ERR_NOT_FOUND: no such version.  ERR_INVALID: it must not be put back, and
 * why.  ERR_CONFLICT: others published meanwhile, and their login stays. */
bool relay_rollback(const struct relay *r, const struct rollback_request *rq, int64_t wait_ms,
                    struct rollback_report *ret, struct err *e) MUST_CHECK;

/* "full", "spent", "unknown" */
const char *rollback_form_name(enum rollback_form f);

#endif
