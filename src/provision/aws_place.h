/* Where a relay's login stands in AWS, and by which names: what the `aws` commands are about. */
#ifndef CREDRELAY_PROVISION_AWS_PLACE_H
#define CREDRELAY_PROVISION_AWS_PLACE_H

#include "relay/relay.h"
#include "store/ssm_url.h"

struct aws_place {
    struct ssm_url url;   /* region ("": as this machine is set to), endpoint */
    char path[512];       /* the shared value's name: "/claude/oauth/credentials" */
    bool plain;           /* no second value: share-refresh-token */
    char kms_key[256];    /* kms-key-id; "": the account's aws/ssm */
    char alias[256];      /* of a customer-managed key: kms-key-id's, or one by the tool's name */
    char tier[16];        /* "": the account's own setting */
    char profile[2][128]; /* by role: whose name its IAM user has too */
};

/* ERR_UNSUPPORTED: the relay's store is not Parameter Store. */
bool aws_place_of(const struct relay *r, struct aws_place *ret, struct err *e) MUST_CHECK;

#endif
