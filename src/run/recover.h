/* Getting a login that works, before a run and after one that failed.
 *
 * Any number of runs on a machine share one pull: each takes the relay's lock, and finds the work
 * done when another was there before it. */
#ifndef CREDRELAY_RUN_RECOVER_H
#define CREDRELAY_RUN_RECOVER_H

#include <sys/types.h>

#include "relay/engine.h"

/* What a run starts with. */
struct start {
    struct login_facts login; /* on disk when the run started */
    bool doubtful;            /* it is on the list of the rejected */
    bool pulled;              /* the preflight put it there */
};

/* Look at the login and, when it is missing, blank, malformed, expired or known to be rejected,
 * sync: at most every 30 s where that brought nothing, and within the relay's `preflight` time.
 * What goes wrong is no reason not to run.
 *
 * A client that is about to be started must not refresh a login which another machine may be
 * refreshing: near its end the refresh token is laid down, and the login is renewed beside the run
 * (relay/renew.h). */
void preflight(const struct relay *r, struct start *ret);

/* The login on disk, as it is. */
void look_at_login(const struct relay *r, struct login_facts *ret);

/* The run that began with FAILED was refused, and ended at ENDED (wall clock, ms).  True: another
 * login is on disk, brought by this call, by others or by a person.  Waits up to the relay's
 * `recover-wait` for a writer to publish. */
bool recover(const struct relay *r, const struct login_facts *failed, int64_t ended,
             struct err *why_not) MUST_CHECK;

/* The same in a process of its own, beside a client that is about to try again.  Returns its pid,
 * -1 when it could not be started. */
pid_t recover_beside(const struct relay *r, const struct login_facts *failed);

/* Renew the login in a process of its own, which outlives this one, if it is this machine's to renew. */
void renew_beside(const struct relay *r);

/* Has that process found a login?  It is given a moment to end, the client may have been faster; then it
 * is left to itself. */
bool recovered_beside(pid_t pid);

/* A server has taken or refused this login: take it off the list of the rejected, or put it on. */
void note_login(const struct relay *r, const struct login_facts *login, bool works);

/* "log in: claude /login", with where.  Returns OUT. */
const char *how_to_log_in(const struct relay *r, char *out, size_t size);

#endif
