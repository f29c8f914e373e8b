/* What an invitation from this machine has to say: its relay's store and settings, and of the keys
 * in its AWS profiles those that the role needs.  A machine can give away only what it has: a reader
 * invites readers. */
#ifndef CREDRELAY_PROVISION_INVITING_H
#define CREDRELAY_PROVISION_INVITING_H

#include "provision/invitation.h"

#define INVITATION_SHORTEST_MS INT64_C(60000)
#define INVITATION_LONGEST_MS  (INT64_C(30) * 86400000)

/* To the fleet of R as ROLE, from NOW for LIFETIME_MS.  ERR_DENIED: a reader asked for a writer's;
 * ERR_UNSUPPORTED: the store is no other machine's, or the key cannot be given away;
 * ERR_NOT_FOUND: there is no such key here. */
bool invitation_make(const struct relay *r, enum role role, int64_t now, int64_t lifetime_ms,
                     struct invitation *ret, struct err *e) MUST_CHECK;

#endif
