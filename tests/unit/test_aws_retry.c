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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_delays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
