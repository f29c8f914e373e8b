/* What calls of AWS need, from what this machine is set to: region, keys, endpoint, connection.
 *
 *   struct aws_client c;
 *   bool ok = aws_client_open(&c, &(struct aws_choice){.profile = ..., .region = ...}, deadline, &e)
 *             && aws_call(&c, ...) && aws_call(&c, ...);       one warm connection for all
 *   aws_client_close(&c);                                      always */
#ifndef CREDRELAY_HELPERS_AWS_CLIENT_H
#define CREDRELAY_HELPERS_AWS_CLIENT_H

#include "aws_call.h"

/* What the caller wants other than what this machine is set to; NULL or "" for the latter. */
struct aws_choice {
    const char *profile, *region;
    const char *endpoint, *service;   /* the endpoint, and the service it was chosen for */
    const struct aws_keys_text *keys; /* instead of looking for any */
};

bool aws_client_open(struct aws_client *c, const struct aws_choice *choice, int64_t deadline,
                     struct err *e) MUST_CHECK;
void aws_client_close(struct aws_client *c);

#endif
