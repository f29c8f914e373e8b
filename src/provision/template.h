/* Users (or roles), their policies and a customer-managed key, as CloudFormation and as Terraform.
 * Pure: texts for people to read, keep and apply.
 *
 * No template makes access keys: both tools would keep their secrets, in outputs or in state.
 * `credrelay aws setup` gives a user that is there its key. */
#ifndef CREDRELAY_PROVISION_TEMPLATE_H
#define CREDRELAY_PROVISION_TEMPLATE_H

#include "provision/aws_place.h"

struct template_request {
    const struct aws_place *place;
    const char *region;
    bool kms;         /* make a key, and the alias place->alias */
    bool roles;       /* instead of users: for machines that have no keys of their own */
    bool rotate_self; /* users may rotate their own keys */
};

/* Appended to OUT.  ERR_INVALID: a name cannot be one of IAM's; ERR_USAGE: roles have no keys to
 * rotate. */
bool template_cloudformation(const struct template_request *rq, struct buf *out,
                             struct err *e) MUST_CHECK;
bool template_terraform(const struct template_request *rq, struct buf *out,
                        struct err *e) MUST_CHECK;

/* The name of the policy inside a user or role, here and in `aws setup`. */
extern const char template_policy_name[];

/* What a key's description says: by it one that was made without an alias is found again. */
void template_key_description(const struct aws_place *place, char out[256]);

/* ERR_INVALID: NAME cannot be a user's. */
bool template_user_ok(const char *name, struct err *e) MUST_CHECK;

/* Can these be the names of users and of an alias?  Errors as above. */
bool template_check(const struct template_request *rq, struct err *e) MUST_CHECK;

#endif
