/* The keys a request is signed with, looked for in the SDKs' order: the table in
 * aws_credentials.c, one row a source.
 *
 * An explicitly chosen profile skips the keys in the environment, as the aws command's --profile
 * does; AWS_PROFILE does not. */
#ifndef CREDRELAY_HELPERS_AWS_CREDENTIALS_H
#define CREDRELAY_HELPERS_AWS_CREDENTIALS_H

#include "aws_config.h"
#include "base/secret.h"

struct aws_keys {
    char id[160];
    struct secret *secret;
    struct secret *token; /* NULL: permanent keys */
    char owner[192];      /* for messages: "profile claude-creds-reader", "the environment" */
    char flag[192];       /* for commands shown: " --profile claude-creds-reader", or "" */
};

/* CHOSEN: the profile asked for, NULL for the machine's own choice.  Looking ends at DEADLINE, on
 * the steady clock (a profile may run a program).  ERR_BAD_CREDENTIALS: there are none, or what
 * there is cannot be used here; the hint says what to do. */
bool aws_keys_find(const struct aws_config *c, const char *chosen, int64_t deadline,
                   struct aws_keys *ret, struct err *e) MUST_CHECK;
void aws_keys_free(struct aws_keys *k);

#endif
