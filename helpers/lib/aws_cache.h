/* Temporary keys that cost a call to get, kept for the next process of this machine and user:
 * one file each in $XDG_STATE_HOME/credrelay/aws-cache (0700, files 0600), named by the hash of
 * what determines the keys.
 *
 * Keys are used as they are until ADVISORY before they expire.  From then on whoever gets the
 * lock fetches new ones while the others go on; from MANDATORY on all wait for the one who fetches.
 * A cache that cannot be read or written is no cache, and no error. */
#ifndef CREDRELAY_HELPERS_AWS_CACHE_H
#define CREDRELAY_HELPERS_AWS_CACHE_H

#include "aws_keys.h"
#include "base/buf.h"

#define AWS_CACHE_ADVISORY_MS  ((int64_t)15 * 60 * 1000)
#define AWS_CACHE_MANDATORY_MS ((int64_t)10 * 60 * 1000)

enum aws_cache_age { AGE_FRESH, AGE_ADVISORY, AGE_MANDATORY, AGE_EXPIRED };

/* Pure. */
enum aws_cache_age aws_cache_age(int64_t expires_ms, int64_t now_ms);

/* Fetch the keys, which get their owner and flag from *RET. */
typedef bool aws_fetch_fn(void *ctx, struct aws_keys *ret, struct err *e);

/* The keys that IDENTITY (no secret, but all that determines them) stands for: from the cache, else
 * fetched and kept, if they say when they expire.  Waiting ends at DEADLINE, on the steady clock. */
bool aws_cache_get(const struct buf *identity, int64_t deadline, aws_fetch_fn *fetch, void *ctx,
                   struct aws_keys *ret, struct err *e) MUST_CHECK;

/* AWS has refused these keys: forget them. */
void aws_cache_drop(const struct aws_keys *k);

#endif
