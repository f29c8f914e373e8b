/* When a change is acted on: scripts of what happens, and what is done when. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "watch/debounce.h"

/* What each act turns out to be: a login that is published, one that is restored, or nothing new. */
enum found { NOTHING, NEW, DAMAGED };

struct happens {
    int64_t at;
    enum found found; /* what a look at the file finds from then on */
};

struct story {
    const char *what;
    struct happens signs[40];
    const char *acts; /* "30 publish, 10030 publish" */
};

/* A sign every STEP ms from FROM on, COUNT in all. */
#define EVERY(from, step, found)                                                                   \
    {(from), (found)}, {(from) + (step), (found)}, {(from) + 2 * (step), (found)},                 \
        {(from) + 3 * (step), (found)}, {(from) + 4 * (step), (found)},                            \
        {(from) + 5 * (step), (found)}, {(from) + 6 * (step), (found)},                            \
        {(from) + 7 * (step), (found)}, {(from) + 8 * (step), (found)},                            \
    {                                                                                              \
        (from) + 9 * (step), (found)                                                               \
    }

static const struct story stories[] = {
    {"nothing happens", {{0}}, ""},
    {"the first change is published at once", {{100, NEW}}, "130 publish"},
    {"a change of nothing", {{100, NOTHING}}, "130 nothing"},
    {"a torn write settles", {{100, NEW}, {110, NEW}, {129, NEW}}, "159 publish"},
    {"the second write comes after the quiet",
     {{100, NEW}, {131, NEW}},
     "130 publish, 161 hold, 10130 publish"},
    {"a file that never is quiet", {EVERY(100, 29, NEW)}, "350 publish, 391 hold, 10350 publish"},
    {"thirty in a second",
     {EVERY(100, 33, NEW), EVERY(430, 33, NEW), EVERY(760, 33, NEW)},
     "130 publish, 163 hold, 196 hold, 229 hold, 262 hold, 295 hold, 328 hold, 361 hold, 394 hold, "
     "427 hold, 460 hold, 493 hold, 526 hold, 559 hold, 592 hold, 625 hold, 658 hold, 691 hold, "
     "724 hold, 757 hold, 790 hold, 823 hold, 856 hold, 889 hold, 922 hold, 955 hold, 988 hold, "
     "1021 hold, 1054 hold, 1087 hold, 10130 publish"},
    {"two with ten seconds between them", {{100, NEW}, {10130, NEW}}, "130 publish, 10160 publish"},
    {"another one at the end of the gathering",
     {{100, NEW}, {5000, NEW}, {10120, NEW}},
     "130 publish, 5030 hold, 10150 publish"},
    {"what is gathered ends with the last",
     {{100, NEW}, {5000, NEW}, {9000, NOTHING}},
     "130 publish, 5030 hold, 9030 nothing, 10130 nothing"},
    {"damage is restored at once", {{100, DAMAGED}}, "130 restore"},
    {"also while publications are gathered",
     {{100, NEW}, {200, DAMAGED}, {300, NEW}},
     "130 publish, 230 restore, 330 hold, 10130 publish"},
    {"restoring gathers no publication", {{100, DAMAGED}, {200, NEW}}, "130 restore, 230 publish"},
    {"somebody keeps damaging it",
     {EVERY(100, 100, DAMAGED)},
     "130 restore, 230 restore, 330 restore, 430 restore, 530 restore, 10130 restore"},
    {"and again",
     {EVERY(100, 100, DAMAGED), {10300, DAMAGED}, {10400, DAMAGED}},
     "130 restore, 230 restore, 330 restore, 430 restore, 530 restore, 10130 restore, "
     "10330 restore, 10430 restore"},
};

static void act(struct debounce *d, int64_t now, enum debounce_step step, enum found found,
                char *acts, size_t size)
{
    const char *did = "nothing";
    if (found == DAMAGED) {
        did = "restore";
        debounce_restored(d, now);
    } else if (found == NEW && step == DEBOUNCE_SYNC) {
        did = "publish";
        debounce_published(d, now);
    } else if (found == NEW) {
        did = "hold";
        debounce_held(d);
    }
    size_t n = strlen(acts);
    snprintf(acts + n, size - n, "%s%lld %s", n ? ", " : "", (long long)now, did);
}

static void tell(const struct story *s, char *acts, size_t size)
{
    struct debounce d = {.held = false};
    enum found found = NOTHING;
    size_t sign = 0;
    acts[0] = '\0';
    for (;;) {
        bool more = sign < COUNT(s->signs) && s->signs[sign].at;
        int64_t due = debounce_due(&d);
        if (more && s->signs[sign].at < due) {
            found = s->signs[sign].found;
            debounce_changed(&d, s->signs[sign++].at);
        } else if (due == DEBOUNCE_NEVER) {
            return;
        } else {
            assert_int_equal(debounce_take(&d, due - 1), DEBOUNCE_WAIT);
            act(&d, due, debounce_take(&d, due), found, acts, size);
        }
    }
}

static void test_stories(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(stories); i++) {
        char acts[2048];
        tell(&stories[i], acts, sizeof acts);
        same_text(stories[i].what, acts, stories[i].acts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stories)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
