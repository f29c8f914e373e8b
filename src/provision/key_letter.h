/* A role's key on its way to another machine of the fleet, as one line of JSON for a pipe:
 *
 *   {"credrelay_key":1,"role":"reader","key_id":ID,"secret":SECRET}
 *
 * `rotate-key --ssh` writes it and `take-key` reads it.  It replaces a key in a profile that is there
 * and changes nothing else: what makes a machine one of the fleet is an invitation. */
#ifndef CREDRELAY_PROVISION_KEY_LETTER_H
#define CREDRELAY_PROVISION_KEY_LETTER_H

#include "provision/aws_admin.h"

#define LIMIT_KEY_LETTER 4096

/* Append the letter with the key that PROFILE has. */
bool key_letter_write(const char *profile, enum role role, struct buf *out,
                      struct err *e) MUST_CHECK;

/* ERR_INVALID: TEXT is none.  *RET's to be freed. */
bool key_letter_read(const char *text, size_t len, enum role *ret_role, struct aws_key *ret,
                     struct err *e) MUST_CHECK;

#endif
