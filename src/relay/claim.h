/* The claim: the right to spend a login's refresh token, which one machine has at a time.
 *
 * Before a machine lets its client refresh, it says so in the store: a put of the renewable value
 * that makes it the holder, "renewing", and expects the version it has seen.  The store numbers what
 * is put, so of several that came at once one was the first, also where there is no compare-and-swap
 * (shelf.c, "what counts"); the others lose and leave it alone.
 *
 * Nobody takes a login away from a machine that has claimed it, however long that takes: it may have
 * spent the token, and then only its own disk has what came of it.  It publishes that, or gives back
 * what it could not renew; and what it was doing when it crashed, it goes on with.
 * tests/model/renew.pml is this protocol, for a model checker.
 *
 *   session_open(...)              after a sync that ended in SEEN
 *   claim_login(&s, &rq, &full, &e)         the full login is on disk now, this machine's alone to spend
 *   session_close(...)
 *   ... the client runs; a fresher login in the file is published by a sync, and all is done ...
 *   session_open(...)
 *   claim_lay_down(&s, &full, &e)          the refresh token is off the disk
 *   session_close(...), CLAIM_LEAVE_MS, session_open(...)
 *   claim_give_back(&s, deadline, &e)      whoever is next may claim it
 *   session_close(...) */
#ifndef CREDRELAY_RELAY_CLAIM_H
#define CREDRELAY_RELAY_CLAIM_H

#include "relay/engine.h"

/* A client that has read the file just before the refresh token was laid down sends its request. */
enum { CLAIM_LEAVE_MS = 2000 };

struct claim_request {
    const struct sync_report *seen; /* what was decided on; ERR_CONFLICT: it is otherwise by now */
    bool force;                     /* a person takes it from the machine that has claimed it */
    int64_t expires_at; /* what the file is to say, so that the client is willing; 0: the truth */
    int64_t deadline;   /* for the store, on the steady clock, ms */
};

/* *RET_FULL: the login as the store has it, the caller's.  ERR_BUSY: another machine renews it;
 * ERR_CONFLICT: another was faster. */
bool claim_login(struct session *s, const struct claim_request *rq, struct login *ret_full,
                 struct err *e) MUST_CHECK;

/* ERR_CONFLICT: the file has another login by now; if it is fresher, all is well. */
bool claim_lay_down(struct session *s, const struct login *full, struct err *e) MUST_CHECK;

bool claim_give_back(struct session *s, int64_t deadline, struct err *e) MUST_CHECK;

#endif
