/* Keys of a role from AWS's Security Token Service
 * (https://docs.aws.amazon.com/STS/latest/APIReference/), asked in the region the machine is set
 * to. */
#ifndef CREDRELAY_HELPERS_AWS_STS_H
#define CREDRELAY_HELPERS_AWS_STS_H

#include "aws_credentials.h"

struct aws_sts_role {
    const char *arn;
    const char *session_name; /* NULL: one that names this machine */
    const char *external_id;  /* NULL: none */
    const char *duration_s;   /* as written in a profile; NULL: AWS's own, an hour */
    const char *web_token;    /* NULL: the request is signed instead */
};

/* AssumeRole, signed with WITH; with a web_token AssumeRoleWithWebIdentity, and WITH may be NULL.
 * RET's owner names the role's profile, WITH's whose keys are not good enough. */
bool aws_sts_assume(const struct aws_search *s, const struct aws_keys *with,
                    const struct aws_sts_role *role, struct aws_keys *ret,
                    struct err *e) MUST_CHECK;

#endif
