/* The monthly cliff: what is told when, and who must do what. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "watch/cliff.h"
#include "watch/jump.h"

#define DAY  INT64_C(86400000)
#define HOUR INT64_C(3600000)
#define NOW  INT64_C(1795452612190)

/* Looks at one login or several, in turn; what each look tells. */
static const struct {
    const char *what;
    struct {
        int64_t now, deadline; /* since NOW */
        int days;
    } looks[8];
} stories[] = {
    {"far away", {{0, 8 * DAY, 0}, {DAY / 2, 8 * DAY, 0}}},
    {"each threshold once",
     {{0, 8 * DAY, 0},
      {1 * DAY, 8 * DAY, 7},
      {2 * DAY, 8 * DAY, 0},
      {5 * DAY, 8 * DAY, 3},
      {6 * DAY, 8 * DAY, 0},
      {7 * DAY, 8 * DAY, 1},
      {8 * DAY - 1, 8 * DAY, 0},
      {8 * DAY, 8 * DAY, 0}}},
    {"met late, the nearest only", {{0, 20 * HOUR, 1}, {HOUR, 20 * HOUR, 0}}},
    {"a machine that slept", {{0, 6 * DAY, 7}, {5 * DAY, 6 * DAY, 1}}},
    {"a person has logged in",
     {{0, 2 * DAY, 3}, {HOUR, 30 * DAY, 0}, {24 * DAY, 30 * DAY, 7}, {25 * DAY, 30 * DAY, 0}}},
    {"a refresh rounds it another way", {{0, 2 * DAY, 3}, {HOUR, 2 * DAY + 900000, 0}}},
    {"not known", {{0, 0, 0}}},
    {"over", {{0, -1, 0}}},
    {"the clock was wrong for a while", {{0, 2 * DAY, 3}, {-3 * DAY, 2 * DAY, 0}, {0, 2 * DAY, 0}}},
};

static void test_each_threshold_is_told_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(stories); i++) {
        struct watch_deadline_told told = {.days = 0};
        for (size_t j = 0; j < COUNT(stories[i].looks); j++) {
            int64_t deadline = stories[i].looks[j].deadline;
            char what[128];
            snprintf(what, sizeof what, "%s, look %zu", stories[i].what, j + 1);
            same_int(
                what,
                cliff_tell(&told, deadline ? NOW + deadline : 0, NOW + stories[i].looks[j].now),
                stories[i].looks[j].days);
        }
    }
}

static const struct {
    enum role role;
    const char *holder, *text;
} texts[] = {
    {ROLE_WRITER, "studio",
     "the login ends in 2 d 23 h and no renewal extends it: somebody must log in on studio, or "
     "another writer: claude /login"},
    {ROLE_WRITER, "laptop",
     "the login ends in 2 d 23 h and no renewal extends it: somebody must log in on studio, or "
     "another writer: claude /login"},
    {ROLE_READER, "laptop",
     "the login ends in 2 d 23 h and no renewal extends it: somebody must log in on laptop, or "
     "another writer: claude /login"},
    {ROLE_READER, "",
     "the login ends in 2 d 23 h and no renewal extends it: somebody must log in on a writer: "
     "claude /login"},
};

static void test_it_says_who_must_do_what_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        static struct relay r;
        char text[512];
        r.role = texts[i].role;
        r.tool = &tool_claude;
        snprintf(r.machine, sizeof r.machine, "studio");
        cliff_text(&r, texts[i].holder, NOW + 3 * DAY - HOUR, NOW, text, sizeof text);
        same_text(texts[i].holder, text, texts[i].text);
    }
}

static const struct {
    const char *what;
    struct clocks now; /* since the last look */
    bool jumped;
} jumps[] = {
    {"nothing", {0, 0}, false},
    {"half a minute", {30000, 30000}, false},
    {"a clock that is slewed", {30015, 30000}, false},
    {"a moment in between", {30002, 30000}, false},
    {"asleep for a night", {8 * HOUR, 10}, true},
    {"asleep for ten seconds", {40000, 30000}, true},
    {"the clock was put forward", {HOUR + 30000, 30000}, true},
    {"the clock was put back", {-HOUR, 30000}, true},
};

static void test_jumps_of_the_clock(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(jumps); i++) {
        const struct clocks before = {.wall = NOW, .awake = 5000};
        const struct clocks now = {.wall = NOW + jumps[i].now.wall,
                                   .awake = 5000 + jumps[i].now.awake};
        same_int(jumps[i].what, clocks_jumped(&before, &now), jumps[i].jumped);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_threshold_is_told_once),
        cmocka_unit_test(test_it_says_who_must_do_what_where),
        cmocka_unit_test(test_jumps_of_the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
