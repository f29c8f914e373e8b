/* Delays of the SDKs' standard mode of 2026, by its formula. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws_retry.h"

#define NOT_SAID (-1)

static const struct {
    const char *what;
    struct aws_retry in; /* kind, attempt, max_attempts, retry_after_ms, random */
    int64_t delay;
} cases[] = {
    {"first transient failure", {RETRY_TRANSIENT, 1, 3, NOT_SAID, 0.5}, 25},
    {"second: twice as long", {RETRY_TRANSIENT, 2, 3, NOT_SAID, 0.5}, 50},
    {"first throttle", {RETRY_THROTTLE, 1, 3, NOT_SAID, 0.5}, 500},
    {"second throttle", {RETRY_THROTTLE, 2, 3, NOT_SAID, 0.5}, 1000},
    {"no luck, no wait", {RETRY_THROTTLE, 1, 3, NOT_SAID, 0.0}, 0},
    {"never longer than 20 s", {RETRY_THROTTLE, 9, 99, NOT_SAID, 1.0}, 20000},
    {"not even after many", {RETRY_TRANSIENT, 90, 99, NOT_SAID, 1.0}, 20000},
    {"the last attempt", {RETRY_TRANSIENT, 3, 3, NOT_SAID, 0.5}, RETRY_STOP},
    {"beyond it", {RETRY_THROTTLE, 4, 3, NOT_SAID, 0.5}, RETRY_STOP},
    {"one attempt only", {RETRY_TRANSIENT, 1, 1, NOT_SAID, 0.5}, RETRY_STOP},
    {"hopeless", {RETRY_NEVER, 1, 3, NOT_SAID, 0.5}, RETRY_STOP},
    {"hopeless, whatever it says", {RETRY_NEVER, 1, 3, 100, 0.5}, RETRY_STOP},
    {"told to wait longer", {RETRY_TRANSIENT, 1, 3, 700, 0.5}, 700},
    {"told to wait shorter: ours", {RETRY_THROTTLE, 1, 3, 100, 0.5}, 500},
    {"told to wait for 5 s more than ours", {RETRY_TRANSIENT, 1, 3, 5025, 0.5}, 5025},
    {"told to wait for an hour: 5 s more", {RETRY_TRANSIENT, 1, 3, 3600000, 0.5}, 5025},
    {"told not to wait: ours", {RETRY_TRANSIENT, 1, 3, 0, 0.5}, 25},
};

static void test_delays(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t delay = aws_retry_delay(&cases[i].in);
        if (delay != cases[i].delay)
            print_error("%s\n", cases[i].what);
        assert_int_equal(delay, cases[i].delay);
    }
}

/* 500 tokens are 35 retries of transient failures, or 100 of throttles. */
static void test_the_bucket(void **state)
{
    (void)state;
    static const struct {
        enum aws_retry_kind kind;
        int retries, cost;
    } runs[] = {{RETRY_TRANSIENT, 35, 14}, {RETRY_THROTTLE, 100, 5}};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        struct aws_bucket b = AWS_BUCKET_FULL;
        int cost = 0, retries = 0;
        while (aws_bucket_pay(&b, runs[i].kind, &cost))
            retries++;
        assert_int_equal(retries, runs[i].retries);
        assert_int_equal(cost, runs[i].cost);
        aws_bucket_refund(&b, cost); /* a retry that succeeded pays for the next */
        assert_true(aws_bucket_pay(&b, runs[i].kind, &cost));
        int left = b.tokens;
        aws_bucket_refund(&b, 0);
        assert_int_equal(b.tokens, left + 1);
    }
    struct aws_bucket full = AWS_BUCKET_FULL;
    aws_bucket_refund(&full, 14);
    assert_int_equal(full.tokens, 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delays),
        cmocka_unit_test(test_the_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
