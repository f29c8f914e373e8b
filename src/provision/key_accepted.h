/* A key that was just made becomes known to AWS's services one after the other. */
#ifndef CREDRELAY_PROVISION_KEY_ACCEPTED_H
#define CREDRELAY_PROVISION_KEY_ACCEPTED_H

#include "provision/aws_admin.h"

/* Until STS and Parameter Store take KEY (NULL: that of OWN's profile), for a minute and a half.  False:
 * it does not become one that they take, or not in time; WHY is AWS's. */
bool key_wait_until_accepted(const struct aws_admin *own, const struct aws_key *key,
                             struct err *e) MUST_CHECK;

#endif
