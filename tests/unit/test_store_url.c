/* Where `local:[PATH]` is, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "store_url.h"

static const struct {
    const char *url, *home, *state_home;
    const char *path;           /* NULL: refused */
    const char *message, *hint; /* then */
} cases[] = {
    {"local:", "/h", NULL, "/h/.local/state/credrelay/store.db", NULL, NULL},
    {"local:", "/h", "", "/h/.local/state/credrelay/store.db", NULL, NULL},
    {"local:", "/h", "state", "/h/.local/state/credrelay/store.db", NULL, NULL},
    {"local:", "/h", "/s", "/s/credrelay/store.db", NULL, NULL},
    {"local:", NULL, "/s", "/s/credrelay/store.db", NULL, NULL},
    {"local:~/a.db", "/h", "/s", "/h/a.db", NULL, NULL},
    {"local:/srv/a b.db", NULL, NULL, "/srv/a b.db", NULL, NULL},
    {"local:/a.db", NULL, NULL, "/a.db", NULL, NULL},
    {"local:", NULL, NULL, NULL, "HOME is not set, so there is no place for the store",
     "say where it is: store = local:/PATH/store.db"},
    {"local:", "h", NULL, NULL, "HOME is not set, so there is no place for the store",
     "say where it is: store = local:/PATH/store.db"},
    {"local:~/a.db", NULL, "/s", NULL, "HOME is not set, so there is no place for the store",
     "say where it is: store = local:/PATH/store.db"},
    {"local:a.db", "/h", NULL, NULL,
     "'local:a.db' is relative: it would be another store in each folder",
     "give the whole path, or one from the home folder: store = local:~/a.db"},
    {"local:/srv/", "/h", NULL, NULL, "'local:/srv/' names a folder, not a file",
     "name the file in it: store = local:/srv/store.db"},
    {"local:~/", "/h", NULL, NULL, "'local:~/' names a folder, not a file",
     "name the file in it: store = local:~/store.db"},
    {"ssm://us-west-2/x", "/h", NULL, NULL,
     "'ssm://us-west-2/x' is not a store of this helper (local:[PATH])", ""},
    {"", "/h", NULL, NULL, "'' is not a store of this helper (local:[PATH])", ""},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[LIMIT_PATH] = "untouched";
        struct err e = {0};
        bool ok = store_url_path(cases[i].url, cases[i].home, cases[i].state_home, out, &e);
        assert_int_equal(ok, cases[i].path != NULL);
        if (ok) {
            assert_string_equal(out, cases[i].path);
        } else {
            assert_int_equal(e.code, ERR_INVALID);
            assert_string_equal(e.text, cases[i].message);
            assert_string_equal(e.hint, cases[i].hint);
        }
    }
}

static void test_too_long(void **state)
{
    (void)state;
    char url[2 * LIMIT_PATH] = "local:/", out[LIMIT_PATH];
    struct err e;
    for (size_t i = 7; i < 6 + LIMIT_PATH - 1; i++)
        url[i] = 'x';
    assert_true(store_url_path(url, NULL, NULL, out, &e));
    assert_int_equal(strlen(out), LIMIT_PATH - 1);
    url[6 + LIMIT_PATH - 1] = 'x';
    assert_false(store_url_path(url, NULL, NULL, out, &e));
    assert_string_equal(e.text, "the store's path is longer than 4095 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
