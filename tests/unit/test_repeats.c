/* The same line once, then at growing intervals. */
#include "unit.h"

#include <stdio.h>

#include "watch/repeats.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* A line that is met every second, for three days: when it is said. */
static void test_growing(void **state)
{
    (void)state;
    static const int64_t said[] = {0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 2047, 3487};
    struct repeats r = {.count = 0};
    size_t n = 0;
    for (int64_t now = 5 * DAY; now < 8 * DAY; now += SECOND)
        if (repeats_may_say(&r, "the disk is full", now)) {
            assert_true(n < COUNT(said));
            same_int("minute", (now - 5 * DAY) / MINUTE, said[n++]);
        }
    same_int("times", (long long)n, COUNT(said));
}

static void test_others(void **state)
{
    (void)state;
    struct repeats r = {.count = 0};
    assert_true(repeats_may_say(&r, "a", 0));
    assert_true(repeats_may_say(&r, "b", 1));
    assert_false(repeats_may_say(&r, "a", 2));
    assert_false(repeats_may_say(&r, "b", 3));
}

/* What was well in between is news again. */
static void test_quiet(void **state)
{
    (void)state;
    struct repeats r = {.count = 0};
    assert_true(repeats_may_say(&r, "a", 0));
    assert_false(repeats_may_say(&r, "a", MINUTE - 1));
    assert_true(repeats_may_say(&r, "a", MINUTE));              /* the next is due in two minutes */
    assert_true(repeats_may_say(&r, "a", MINUTE + 2 * MINUTE)); /* and it was quiet until then */
    assert_false(repeats_may_say(&r, "a", 4 * MINUTE - 1));
    assert_true(repeats_may_say(&r, "a", 4 * MINUTE));
}

/* Lines that differ each time cost no memory, and do not make others forgotten that are met. */
static void test_many(void **state)
{
    (void)state;
    struct repeats r = {.count = 0};
    char line[32];
    assert_true(repeats_may_say(&r, "a", 0));
    for (int i = 1; i < 1000; i++) {
        snprintf(line, sizeof line, "line %d", i);
        assert_true(repeats_may_say(&r, line, i));
        assert_false(repeats_may_say(&r, "a", i));
    }
    same_int("kept", (long long)r.count, REPEATS_KEPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_growing),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
