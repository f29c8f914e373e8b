/* What an invitation says, as the JSON object in its line (invitation.h has both). */
#ifndef CREDRELAY_PROVISION_INVITATION_BODY_H
#define CREDRELAY_PROVISION_INVITATION_BODY_H

#include "provision/invitation.h"

bool invitation_body_write(const struct invitation *i, struct buf *out, struct err *e) MUST_CHECK;

/* ERR_INVALID: a member is missing, or is nothing that a machine could be set up with. */
bool invitation_body_read(const char *json, size_t len, struct invitation *ret,
                          struct err *e) MUST_CHECK;

/* The sentence for both: "the invitation is not valid: WHY".  Returns false. */
bool invitation_not_valid(const char *why, struct err *e);

#endif
