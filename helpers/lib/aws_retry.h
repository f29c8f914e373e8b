/* When to try again: the SDKs' standard mode as announced for 2026 (AWS_NEW_RETRIES_2026 in
 * botocore/retries/standard.py).  Pure.
 *
 * The SDKs' token bucket is left out: it starts with room for 35 retries and a helper makes a
 * handful of calls. */
#ifndef CREDRELAY_HELPERS_AWS_RETRY_H
#define CREDRELAY_HELPERS_AWS_RETRY_H

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

/* Milliseconds to wait before the next attempt, or RETRY_STOP. */
int64_t aws_retry_delay(const struct aws_retry *r);

#endif
