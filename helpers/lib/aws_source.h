/* Where keys can come from: what a source is given, and the sources that have a file of their own.
 * Only for aws_credentials.c, whose table gives their order, and for the sources. */
#ifndef CREDRELAY_HELPERS_AWS_SOURCE_H
#define CREDRELAY_HELPERS_AWS_SOURCE_H

#include "aws_credentials.h"

enum found {
    NOT_HERE, /* this source is not set up: ask the next */
    FOUND,
    UNUSABLE /* it is set up and does not work, as *e says: ask no other */
};

/* RET comes with owner and flag, for messages, and gets the keys. */
typedef enum found aws_source_fn(const struct aws_search *s, struct aws_keys *ret, struct err *e);

aws_source_fn aws_from_environment;  /* AWS_ACCESS_KEY_ID and its like */
aws_source_fn aws_from_role;         /* a profile with role_arn: STS AssumeRole */
aws_source_fn aws_from_web_identity; /* a token in a file: STS AssumeRoleWithWebIdentity */
aws_source_fn aws_from_program;      /* a profile's credential_process */
aws_source_fn aws_from_container;    /* the agent of ECS or EKS beside this container */
aws_source_fn aws_from_instance;     /* the metadata service of an EC2 instance (IMDSv2) */

/* The sources that one profile can be, for profiles that another one names. */
enum found aws_from_profile(const struct aws_search *s, struct aws_keys *ret, struct err *e);

/* Fill in the names that messages and commands use for PROFILE. */
void aws_keys_name(struct aws_keys *k, const char *profile);

/* Settings of the profile that its source needs and cannot have here: one clear sentence, which
 * points to the way around. */
enum found aws_needs_aws_command(const struct aws_search *s, const struct aws_keys *k,
                                 const char *what, const char *key, struct err *e);

#endif
