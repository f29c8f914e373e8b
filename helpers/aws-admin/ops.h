/* The operations of src/provision/admin_protocol.h. */
#ifndef CREDRELAY_AWS_ADMIN_OPS_H
#define CREDRELAY_AWS_ADMIN_OPS_H

#include "aws_client.h"
#include "provision/admin_protocol.h"

struct admin {
    const jv *request;
    enum admin_op op;
    struct aws_client client;
    jv *answer;
};

typedef bool admin_fn(struct admin *a, struct err *e);

/* IAM and STS: forms out, XML in, a row of a table each. */
admin_fn admin_form;

/* Parameter Store and KMS: JSON both ways. */
admin_fn admin_probe, admin_find_kms, admin_create_kms, admin_rotate_kms, admin_alias_kms;

/* A member of the request; "" when it is missing. */
const char *admin_text(const struct admin *a, const char *member);

#endif
