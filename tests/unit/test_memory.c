/* What a machine remembers of the logins it has seen, and what it forgets. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "relay/decide.h"

/* A made-up fingerprint for N. */
static const char *print(unsigned n)
{
    static char texts[4][FINGERPRINT_SIZE];
    static unsigned turn;
    char *text = texts[turn++ % 4];
    snprintf(text, FINGERPRINT_SIZE, "%064u", n);
    return text;
}

static void test_saw(void **state)
{
    (void)state;
    static struct memory m;
    same_int("never seen", memory_version(&m, print(1)), 0);
    memory_saw(&m, print(1), 5);
    memory_saw(&m, print(2), 3);
    same_int("seen", memory_version(&m, print(1)), 5);
    memory_saw(&m, print(1), 4);
    same_int("the later counts", memory_version(&m, print(1)), 5);
    memory_saw(&m, print(1), 9);
    same_int("the later counts", memory_version(&m, print(1)), 9);
    same_int("once each", (long long)m.seen_count, 2);
}

/* The oldest place in line is forgotten, not what was put in first. */
static void test_full(void **state)
{
    (void)state;
    static struct memory m;
    for (unsigned n = 1; n <= MEMORY_SEEN; n++)
        memory_saw(&m, print(n), 1000 - n); /* the newest first, as a history is read */
    same_int("all", (long long)m.seen_count, MEMORY_SEEN);
    memory_saw(&m, print(500), 2000);
    same_int("limit", (long long)m.seen_count, MEMORY_SEEN);
    same_int("oldest version", memory_version(&m, print(MEMORY_SEEN)), 0);
    same_int("first in", memory_version(&m, print(1)), 999);
    same_int("new", memory_version(&m, print(500)), 2000);
    memory_saw(&m, print(501), 2001);
    same_int("next oldest", memory_version(&m, print(MEMORY_SEEN - 1)), 0);
}

static void test_in_step(void **state)
{
    (void)state;
    static struct memory m;
    memory_in_step(&m, print(1), 7);
    same_text("step", m.step.fingerprint, print(1));
    same_int("version", m.step.version, 7);
    same_int("seen as well", memory_version(&m, print(1)), 7);
    memory_in_step(&m, print(2), 8);
    same_text("step", m.step.fingerprint, print(2));
    same_int("the one before is not forgotten", memory_version(&m, print(1)), 7);
}

static void test_rejected(void **state)
{
    (void)state;
    static struct memory m;
    assert_false(memory_rejects(&m, print(1)));
    for (unsigned n = 1; n <= MEMORY_REJECTED; n++)
        memory_reject(&m, print(n), n);
    memory_reject(&m, print(1), 100); /* again: the newest by now */
    same_int("once each", (long long)m.rejected_count, MEMORY_REJECTED);
    memory_reject(&m, print(50), 101);
    same_int("limit", (long long)m.rejected_count, MEMORY_REJECTED);
    same_int("the oldest is forgotten", memory_rejects(&m, print(2)), false);
    same_int("kept", memory_rejects(&m, print(1)), true);
    same_int("kept", memory_rejects(&m, print(3)), true);
    same_int("new", memory_rejects(&m, print(50)), true);
    memory_forgive(&m, print(3));
    memory_forgive(&m, print(77));
    same_int("forgiven", memory_rejects(&m, print(3)), false);
    same_int("the others stay", memory_rejects(&m, print(4)), true);
    same_int("fewer", (long long)m.rejected_count, MEMORY_REJECTED - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_saw),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_in_step),
        cmocka_unit_test(test_rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
