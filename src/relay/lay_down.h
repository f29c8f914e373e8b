/* Taking a refresh token off the disk that this machine may not spend now, without asking the store:
 * the run that is about to start, or the resident process whose store does not answer, must not let
 * a client send what another machine may be sending (relay/renew.h).
 *
 * Nothing is lost by it: the store was seen to have the login in full, and gives it back
 * (WHY_HOLDER_NEEDS_IT) when it is renewed. */
#ifndef CREDRELAY_RELAY_LAY_DOWN_H
#define CREDRELAY_RELAY_LAY_DOWN_H

#include "relay/relay.h"

/* Must LOGIN, which is on disk, not be left with its refresh token? */
bool lay_down_due(const struct relay *r, const struct memory *m, const struct login_facts *login,
                  int64_t now);

/* Leave it the bare form, if that is due.  False: it is due and could not be done. */
bool lay_down(const struct relay *r, const struct memory *m, struct err *e) MUST_CHECK;

#endif
