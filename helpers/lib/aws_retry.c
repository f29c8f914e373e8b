#include "aws_retry.h"

#define BASE_TRANSIENT_MS   50.0
#define BASE_THROTTLE_MS    1000.0
#define LONGEST_MS          20000.0
/* A server that asks for more than this beyond our own delay is not followed further. */
#define RETRY_AFTER_ROOM_MS 5000

/* random * min(base * 2^(attempt-1), 20 s) */
static int64_t backoff(const struct aws_retry *r)
{
    double ms = r->kind == RETRY_THROTTLE ? BASE_THROTTLE_MS : BASE_TRANSIENT_MS;
    for (int n = 1; n < r->attempt && ms < LONGEST_MS; n++)
        ms *= 2;
    return (int64_t)(r->random * (ms < LONGEST_MS ? ms : LONGEST_MS));
}

int64_t aws_retry_delay(const struct aws_retry *r)
{
    if (r->kind == RETRY_NEVER || r->attempt >= r->max_attempts)
        return RETRY_STOP;
    int64_t delay = backoff(r), asked = r->retry_after_ms;
    if (asked <= delay)
        return delay;
    return asked < delay + RETRY_AFTER_ROOM_MS ? asked : delay + RETRY_AFTER_ROOM_MS;
}

/* botocore's RetryQuotaChecker. */
enum { BUCKET_SIZE = 500, COST_TRANSIENT = 14, COST_THROTTLE = 5, REFUND_WITHOUT_RETRY = 1 };

bool aws_bucket_pay(struct aws_bucket *b, enum aws_retry_kind kind, int *ret_cost)
{
    int cost = kind == RETRY_THROTTLE ? COST_THROTTLE : COST_TRANSIENT;
    if (b->tokens < cost)
        return false;
    b->tokens -= cost;
    *ret_cost = cost;
    return true;
}

void aws_bucket_refund(struct aws_bucket *b, int cost)
{
    b->tokens += cost ? cost : REFUND_WITHOUT_RETRY;
    if (b->tokens > BUCKET_SIZE)
        b->tokens = BUCKET_SIZE;
}
