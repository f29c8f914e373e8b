/* The engine performs what decide.h decides: lock, load, decide, apply, record.
 *
 *   struct session s;
 *   if (!session_open(&relay, wait_ms, &s, &e)) ...      takes the relay's lock
 *   ok = session_sync(&s, &request, &report, &e);
 *   session_close(&s);                                   saves the memory, lets the lock go
 *
 * The order is what keeps a login from being lost: the file is written whole before the memory says
 * so, the store has accepted a value before the memory says so, and a step that was cut short is
 * found and finished by the next sync on any machine that may.
 *
 * An error leaves file and store as they were, or with a whole newer login. */
#ifndef CREDRELAY_RELAY_ENGINE_H
#define CREDRELAY_RELAY_ENGINE_H

#include "base/lock.h"
#include "relay/relay.h"
#include "relay/state.h"

/* How long commands wait for the relay's lock: another sync of this machine may be waiting for a slow
 * store; the usual time-out plus a little. */
enum { RELAY_LOCK_WAIT_MS = 12000 };

enum intent {
    INTENT_SYNC,    /* whichever direction is right */
    INTENT_PULL,    /* store to file only */
    INTENT_PUBLISH, /* file to store only */
};

struct sync_request {
    enum intent intent;
    bool force;       /* a person insists: order and memory do not count, usability does */
    bool dry_run;     /* decide, change nothing */
    bool one_put;     /* publish once; a login that comes meanwhile is left, and stands */
    int64_t deadline; /* for all of it, on the steady clock, ms */
    struct buf *told; /* what the store's helper says to people is put here; NULL: dropped */
};

struct sync_report {
    struct decision did;    /* what was done (with dry_run: would be); DO_NOTHING: nothing */
    struct decision stands; /* what is to do now, by the decision, after what was done */
    struct login_facts local, shared; /* as they are now */
    struct login_facts renewable;     /* absent when it is not known here */
    int64_t version;                  /* of the shared value; 0: none */
    char holder[HOLDER_SIZE];         /* "": not known here */
    bool renewing;                    /* it has claimed the login, to renew it now */
    unsigned reads, writes;           /* calls to the store */
    struct err warning; /* something that did not stop the sync; code ERR_NONE: nothing */
};

struct session {
    const struct relay *relay;
    struct lock lock;
    char state_path[LIMIT_PATH];
    struct state state;
    struct buf saved; /* the state's text as it was loaded */
};

/* Takes the relay's lock, waiting up to WAIT_MS (ERR_BUSY), and loads its state. */
bool session_open(const struct relay *r, int64_t wait_ms, struct session *ret,
                  struct err *e) MUST_CHECK;

bool session_sync(struct session *s, const struct sync_request *rq, struct sync_report *ret,
                  struct err *e) MUST_CHECK;

/* Saves what changed in the state so far, for what must be remembered before it is done. */
bool session_save(struct session *s, struct err *e) MUST_CHECK;

/* Saves what changed in the state.  False: it could not be saved; the lock is let go all the
 * same. */
bool session_close(struct session *s, struct err *e);

/* All three, for who needs no more; the event goes to the log.  The time spent waiting for the lock
 * is added to the request's deadline. */
bool relay_sync(const struct relay *r, const struct sync_request *rq, int64_t lock_wait_ms,
                struct sync_report *ret, struct err *e) MUST_CHECK;

/* Was something asked for that is not so now?  *RET says why not, and what a person can do. */
bool sync_unmet(const struct relay *r, enum intent intent, const struct sync_report *report,
                struct err *ret);

/* Did the sync put a login into the file that was not there? */
bool sync_installed(const struct sync_report *report);

#endif
