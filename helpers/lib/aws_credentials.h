/* The search for the keys that requests are signed with, in the SDKs' order: the table in
 * aws_credentials.c, one row a source.
 *
 * An explicitly chosen profile skips the keys in the environment, as the aws command's --profile
 * does; AWS_PROFILE does not. */
#ifndef CREDRELAY_HELPERS_AWS_CREDENTIALS_H
#define CREDRELAY_HELPERS_AWS_CREDENTIALS_H

#include "aws_config.h"
#include "aws_keys.h"
#include "http.h"

/* What a search needs; all lent. */
struct aws_search {
    const struct aws_config *config;
    const char *profile; /* from aws_config_profile */
    bool chosen;         /* asked for by name, rather than the machine's own choice */
    struct http *http;
    const char *region;                      /* where STS is asked */
    const char *endpoint, *endpoint_service; /* as in struct aws_client */
    int64_t deadline;                        /* on the steady clock */
};

/* ERR_BAD_CREDENTIALS: there are none, or what there is cannot be used here; the hint says what to
 * do.  A source that was asked over the network gives its own errors. */
bool aws_keys_find(const struct aws_search *s, struct aws_keys *ret, struct err *e) MUST_CHECK;

#endif
