/* What a mistyped word was probably meant to be. */
#include "unit.h"

#include "base/nearest.h"

static const char *word(size_t i)
{
    static const char *const words[] = {"publish", "pull", "sync", "run", "renew", "key", NULL};
    return words[i];
}

static void test_words(void **state)
{
    (void)state;
    static const struct {
        const char *what, *wrong, *nearest;
    } cases[] = {
        {"one left out", "pubish", "publish"},
        {"one too many", "pulll", "pull"},
        {"another one", "rum", "run"},
        {"two that changed places", "snyc", "sync"},
        {"two mistakes", "renwe_", "renew"},
        {"three mistakes", "puplisch_", NULL},
        {"capitals", "RUN", "run"},
        {"what stands behind", "runs-today", "run"},
        {"a blank before", " pull", "pull"},
        {"most of a short word", "kxx", NULL},
        {"nothing", "", NULL},
        {"nothing like it", "flood", NULL},
        {"as long as may be", "xxxxxxxxxxxxxxxxxxxxxxxx", NULL},
        {"longer", "runxxxxxxxxxxxxxxxxxxxxxx", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *got = nearest_word(cases[i].wrong, word);
        same_text(cases[i].what, got ? got : "(none)",
                  cases[i].nearest ? cases[i].nearest : "(none)");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_WORLD(test_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
