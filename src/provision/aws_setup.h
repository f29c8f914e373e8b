/* What the templates make, made through IAM and KMS directly: users, their policies, a key in this
 * machine's profiles, a customer-managed key.  What is there already stays; stopped anywhere, the
 * same again goes on from there. */
#ifndef CREDRELAY_PROVISION_AWS_SETUP_H
#define CREDRELAY_PROVISION_AWS_SETUP_H

#include "provision/aws_admin.h"

enum aws_setup_item {
    AWS_SETUP_KMS_KEY,
    AWS_SETUP_ALIAS,
    AWS_SETUP_USER,
    AWS_SETUP_POLICY,
    AWS_SETUP_KEY, /* in the profile */
    AWS_SETUP_ITEM_COUNT
};

enum aws_setup_outcome { AWS_SETUP_THERE, AWS_SETUP_DONE, AWS_SETUP_WOULD };

/* NAME: of the user, the alias, ... */
typedef void aws_setup_told_fn(void *ctx, enum aws_setup_item item, enum aws_setup_outcome outcome,
                               const char *name);

struct aws_setup_request {
    const struct relay *relay;
    const struct aws_place *place;
    const char *admin_profile; /* whose keys; "": as this machine is set to */
    bool wanted[2];            /* by role */
    bool kms, rotate_self, dry_run;
    aws_setup_told_fn *told;
    void *ctx;
};

/* *RET_ACCOUNT: the account it is in, as soon as it is known. */
bool aws_setup(const struct aws_setup_request *rq, char ret_account[16], struct err *e) MUST_CHECK;

#endif
