/* Whose turn it is. */
#include "unit.h"

#include <stdio.h>

#include "relay/succession.h"

static void places(void **state)
{
    static const struct {
        const char *writers, *machine, *holder;
        int place;
    } rows[] = {
        {"a, b, c", "a", "a", PLACE_HOLDER},
        {"a, b, c", "b", "a", 1},
        {"a, b, c", "c", "a", 2},
        {"a, b, c", "c", "b", 1},
        {"a, b, c", "a", "b", 2},
        {"a, b, c", "a", "c", 1},
        {"a,b\n c", "c", "a", 2},
        {"a, b", "b", "elsewhere", 2},
        {"a, b", "a", "elsewhere", 1},
        {"a, b", "c", "a", PLACE_NONE},
        {"a, b", "c", "c", PLACE_HOLDER}, /* a person has logged in on it */
        {"ab, abc", "abc", "ab", 1},
        {"", "a", "a", PLACE_HOLDER},
        {" , ", "a", "a", PLACE_HOLDER},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char what[128];
        snprintf(what, sizeof what, "%s after %s of '%s'", rows[i].machine, rows[i].holder,
                 rows[i].writers);
        same_int(what, succession_place(rows[i].writers, rows[i].machine, rows[i].holder),
                 rows[i].place);
    }
}

/* Without a list: names that differ little still spread over the slots, and stay there. */
static void places_by_name(void **state)
{
    unsigned in_slot[SUCCESSION_SLOTS] = {0};
    (void)state;
    for (unsigned i = 0; i < 400; i++) {
        char name[32];
        snprintf(name, sizeof name, "mac-%u.local", i);
        int place = succession_place("", name, "holder");
        assert_in_range(place, 1, SUCCESSION_SLOTS);
        same_int(name, succession_place("", name, "another"), place);
        in_slot[place - 1]++;
    }
    for (int i = 0; i < SUCCESSION_SLOTS; i++)
        assert_in_range(in_slot[i], 70, 130);
}

static void alone(void **state)
{
    (void)state;
    assert_true(succession_alone("a", "a"));
    assert_true(succession_alone(" a ,", "a"));
    assert_false(succession_alone("a, b", "a"));
    assert_false(succession_alone("b", "a"));
    assert_false(succession_alone("", "a"));
}

static void turns(void **state)
{
    (void)state;
    same_int("the holder", succession_turn(PLACE_HOLDER, 1000000), 1000000 - 270000);
    same_int("the next", succession_turn(1, 1000000), 1000000 - 120000);
    same_int("the one after", succession_turn(2, 1000000), 1000000 - 90000);
    same_int("one far behind", succession_turn(9, 1000000), 1000000 + 120000);
    same_int("none", succession_turn(PLACE_NONE, 1000000) == INT64_MAX, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places),
        cmocka_unit_test(places_by_name),
        cmocka_unit_test(alone),
        cmocka_unit_test(turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
