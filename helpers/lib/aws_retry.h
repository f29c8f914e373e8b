/* When to try again: the SDKs' standard mode as announced for 2026 (AWS_NEW_RETRIES_2026 in
 * botocore/retries/standard.py).  Pure.
 *
 * A bucket of tokens, for all calls of a process, ends retrying when most of them fail: each retry
 * takes some, success gives them back. */
#ifndef CREDRELAY_HELPERS_AWS_RETRY_H
#define CREDRELAY_HELPERS_AWS_RETRY_H

#include <stdbool.h>
#include <stdint.h>

enum aws_retry_kind {
    RETRY_NEVER,     /* it would fail the same way */
    RETRY_TRANSIENT, /* no answer, or the server's own trouble */
    RETRY_THROTTLE,  /* too many requests */
};

#define RETRY_STOP (-1)

struct aws_retry {
    enum aws_retry_kind kind;
    int attempt;            /* the one that failed, from 1 */
    int max_attempts;       /* in all */
    int64_t retry_after_ms; /* the answer's x-amz-retry-after; negative: none */
    double random;          /* in [0, 1) */
};

struct aws_bucket {
    int tokens;
};
#define AWS_BUCKET_FULL ((struct aws_bucket){.tokens = 500})

/* Pay for one retry.  False: the bucket has not enough.  *RET_COST is what aws_bucket_refund takes
 * when the retry succeeds. */
bool aws_bucket_pay(struct aws_bucket *b, enum aws_retry_kind kind, int *ret_cost);

/* A call has succeeded: COST of its last retry, 0 without one. */
void aws_bucket_refund(struct aws_bucket *b, int cost);

/* Milliseconds to wait before the next attempt, or RETRY_STOP. */
int64_t aws_retry_delay(const struct aws_retry *r);

#endif
