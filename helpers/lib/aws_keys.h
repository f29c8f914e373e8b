/* The keys that a request is signed with. */
#ifndef CREDRELAY_HELPERS_AWS_KEYS_H
#define CREDRELAY_HELPERS_AWS_KEYS_H

#include <stdint.h>

#include "base/json.h"
#include "base/secret.h"

/* The name of an entry of the cache: a hash in hex. */
#define AWS_CACHE_NAME_SIZE 65

struct aws_keys {
    char id[160];
    struct secret *secret;
    struct secret *token; /* NULL: permanent keys */
    int64_t expires_ms;   /* on the wall clock; 0: they last, or nobody said */
    char owner[192];      /* for messages: "profile claude-creds-reader", "the environment" */
    char flag[192];       /* for commands shown: " --profile claude-creds-reader", or "" */
    char cached[AWS_CACHE_NAME_SIZE]; /* whose entry they are (aws_cache.h); "": of none */
};

void aws_keys_free(struct aws_keys *k);

/* Keys as a source spelled them; EXPIRES in RFC 3339.  NULL: not given. */
struct aws_keys_text {
    const char *id, *secret, *token, *expires;
};

/* Keep copies in *RET, whose owner and flag stay.  WHERE stands in the messages.
 * ERR_BAD_CREDENTIALS: one half is missing, or they cannot be keys. */
bool aws_keys_take(struct aws_keys *ret, const char *where, const struct aws_keys_text *text,
                   struct err *e) MUST_CHECK;

/* The members of a JSON document that holds keys; TOKEN is what the source calls the session
 * token. */
struct aws_keys_text aws_keys_members(const jv *doc, const char *token);

/* Milliseconds since 1970 of "2026-11-24T07:00:00Z" and its like; 0 when TEXT is none. */
int64_t aws_time_ms(const char *text);

#endif
