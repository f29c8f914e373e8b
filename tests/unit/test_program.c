/* The program behind the wrapper, where paths are long and the system says no. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "refuse.h"
#include "run/program.h"

static const char *a_long_name(char first)
{
    static char name[LIMIT_PATH + 2];
    memset(name, 'n', LIMIT_PATH + 1);
    name[0] = first;
    return name;
}

static void test_names(void **state)
{
    (void)state;
    char out[LIMIT_PATH], path[LIMIT_PATH + 256];
    struct err e;
    put_file("here", "#!/bin/sh\n", 0755);
    static const struct {
        const char *path, *name, *found; /* NULL: not found */
    } cases[] = {
        {"/none:", "here", "here"}, /* an empty part is the current folder */
        {":/none", "here", "here"},
        {"/none:/none", "here", NULL},
        {"", "gone", NULL},
        {"", "./here", "./here"},
        {"", "/no/such/program", "/no/such/program"}, /* whoever runs it will say so */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        setenv("PATH", cases[i].path, 1);
        bool ok = program_find(cases[i].name, out, &e);
        same_text(cases[i].name, ok ? out : NULL, cases[i].found);
        if (!ok)
            same_int(cases[i].name, e.code, ERR_NOT_FOUND);
    }
    snprintf(path, sizeof path, "%s::", a_long_name('/'));
    setenv("PATH", path, 1);
    assert_true(program_find("here", out, &e));
    same_text("past a folder that is too long", out, "here");
    assert_false(program_find(a_long_name('/'), out, &e));
    same_int("a path that is too long", e.code, ERR_NOT_FOUND);
}

/* Where we cannot tell who we are, nobody is taken for us. */
static void test_who_we_are(void **state)
{
    (void)state;
    char out[LIMIT_PATH];
    struct err e;
    put_file("here", "#!/bin/sh\n", 0755);
    setenv("PATH", ".", 1);
    refuse("readlink", EVERY, ENOENT);
    assert_true(program_find("here", out, &e));
    program_mark_passed();
    assert_true(was_refused());
    assert_null(getenv("CREDRELAY_PASSED"));
}

static void test_passed(void **state)
{
    (void)state;
    char once[1024], full[1024];
    program_mark_passed();
    snprintf(once, sizeof once, "%s", getenv("CREDRELAY_PASSED"));
    assert_int_equal(once[strlen(once) - 1], ',');
    program_mark_passed();
    same_text("once is enough", getenv("CREDRELAY_PASSED"), once);
    setenv("CREDRELAY_PASSED", "1:2,", 1);
    program_mark_passed();
    same_text("others before us", strchr(getenv("CREDRELAY_PASSED"), ',') + 1, once);
    memset(full, '1', sizeof full - 2);
    full[sizeof full - 2] = '\0';
    setenv("CREDRELAY_PASSED", full, 1);
    program_mark_passed();
    same_text("no room for another", getenv("CREDRELAY_PASSED"), full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_names),
        IN_WORLD(test_who_we_are),
        IN_WORLD(test_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
