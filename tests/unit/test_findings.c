/* What the doctor makes of numbers and names, and of what it has found. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "doctor/check.h"
#include "doctor/screen.h"

#define KIB UINT64_C(1024)

static void test_space(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint64_t bytes;
        enum found found;
    } cases[] = {
        {"none", 0, FOUND_BROKEN},
        {"nearly a MiB", 1024 * KIB - 1, FOUND_BROKEN},
        {"a MiB", 1024 * KIB, FOUND_WARNING},
        {"nearly 64", 64 * 1024 * KIB - 1, FOUND_WARNING},
        {"64", 64 * 1024 * KIB, FOUND_FINE},
        {"a lot", UINT64_MAX, FOUND_FINE},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        same_int(cases[i].what, judge_space(cases[i].bytes), cases[i].found);
}

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const char *path; /* below the home, unless it begins with '/' */
        const char *shown;
    } cases[] = {
        {"x", "~/x"},           {".aws/credentials", "~/.aws/credentials"},
        {"/etc/x", "/etc/x"},   {"/with blank", "'/with blank'"},
        {"/x$y", "'/x$y'"},     {"/o'neill", "'/o'\\''neill'"},
        {"a b/x", "~/'a b/x'"}, {"o'neill", "~/'o'\\''neill'"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char got[SHELL_PATH_SIZE];
        const char *path = cases[i].path[0] == '/' ? cases[i].path : in_home(cases[i].path);
        same_text(cases[i].path, shell_path(path, got), cases[i].shown);
    }
}

/* Of as many relays as there may be, each with everything that is looked at. */
static void test_room(void **state)
{
    (void)state;
    struct findings all = {.list = NULL};
    struct screen s;
    struct buf out;
    struct err e;
    buf_init(&out, LIMIT_SCREEN);
    assert_true(screen_open(&s, 2, 8, &e));
    for (int i = 0; i < MOST_RELAYS * 35; i++) {
        assert_non_null(findings_add(&all));
        screen_add(&s, TONE_GOOD, "ok", "x", "%d", i);
        screen_add(&s, TONE_DIM, NULL, "", "why that matters, in some words");
        screen_hint(&s, 8, "what mends it, and this is a line as long as most of them are");
    }
    screen_title(&s, "the end");
    assert_true(screen_write(&s, true, &out));
    assert_non_null(strstr(buf_str(&out), "the end"));
    buf_free(&out);
    screen_close(&s);
    findings_free(&all);
}

static void test_exit_status(void **state)
{
    (void)state;
    static const struct {
        const char *found; /* a letter each: ok, warning, broken, mended */
        int status;
    } cases[] = {{"", 0}, {"oo", 0}, {"om", 0}, {"ow", 2}, {"wb", 1}, {"mb", 1}, {"mw", 2}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct findings f = {.list = NULL};
        for (const char *p = cases[i].found; *p; p++)
            findings_add(&f)->found = *p == 'w'   ? FOUND_WARNING
                                      : *p == 'b' ? FOUND_BROKEN
                                      : *p == 'm' ? FOUND_MENDED
                                                  : FOUND_FINE;
        same_int(cases[i].found, findings_exit_status(&f), cases[i].status);
        findings_free(&f);
    }
}

static void test_most(void **state)
{
    (void)state;
    struct findings f = {.list = NULL};
    for (int i = 0; i < MOST_FINDINGS; i++)
        assert_non_null(findings_add(&f));
    assert_null(findings_add(&f));
    same_int("all of them", (long long)f.count, MOST_FINDINGS);
    findings_free(&f);
}

/* The table: every check has a name of its own, and says why it matters. */
static void test_checks(void **state)
{
    (void)state;
    const struct check *c, *other;
    for (size_t i = 0; (c = check_at(i)); i++) {
        same_int(c->name, c->look && c->matters[0] && strlen(c->matters) < 256, true);
        for (size_t j = 0; j < i && (other = check_at(j)); j++)
            same_int(c->name, strcmp(c->name, other->name) != 0, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_space),       IN_WORLD(test_paths),
        cmocka_unit_test(test_exit_status), cmocka_unit_test(test_room),
        cmocka_unit_test(test_most),        cmocka_unit_test(test_checks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
