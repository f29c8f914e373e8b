/* Where the folders are: XDG variables when absolute, else below HOME. */
#include "unit.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/home.h"
#include "base/limits.h"

static void set(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

static void test_folders(void **state)
{
    (void)state;
    static const struct {
        const char *home, *config_home, *state_home;
        const char *config, *state;
    } cases[] = {
        {"/h", NULL, NULL, "/h/.config/credrelay", "/h/.local/state/credrelay"},
        {"/h", "/c", "/s", "/c/credrelay", "/s/credrelay"},
        {"/h", "", "", "/h/.config/credrelay", "/h/.local/state/credrelay"},
        {"/h", "c", "./s", "/h/.config/credrelay", "/h/.local/state/credrelay"},
        {NULL, "/c", "/s", "/c/credrelay", "/s/credrelay"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[LIMIT_PATH];
        struct err e;
        set("HOME", cases[i].home);
        set("XDG_CONFIG_HOME", cases[i].config_home);
        set("XDG_STATE_HOME", cases[i].state_home);
        assert_true(home_config(out, &e));
        same_text("config", out, cases[i].config);
        assert_true(home_state(out, &e));
        same_text("state", out, cases[i].state);
    }
}

static void test_without_home(void **state)
{
    (void)state;
    static const char *const homes[] = {NULL, "", "relative"};
    const struct passwd *me = getpwuid(getuid());
    if (!me) {
        skip();
        return;
    }
    for (size_t i = 0; i < COUNT(homes); i++) {
        char out[LIMIT_PATH], want[LIMIT_PATH];
        struct err e;
        set("HOME", homes[i]);
        snprintf(want, sizeof want, "%s/.claude", me->pw_dir);
        assert_true(home_path(".claude", out, &e));
        same_text("the password database", out, want);
    }
}

static void test_the_home_itself(void **state)
{
    (void)state;
    char out[LIMIT_PATH];
    struct err e;
    set("HOME", "/h");
    assert_true(home_folder(out, &e));
    same_text("home", out, "/h");
}

static void test_too_long(void **state)
{
    (void)state;
    char home[LIMIT_PATH + 1], out[LIMIT_PATH];
    struct err e;
    memset(home, 'x', sizeof home - 1);
    home[0] = '/';
    home[LIMIT_PATH] = '\0';
    set("HOME", home);
    assert_false(home_path("a", out, &e));
    same_int("code", e.code, ERR_IO);
    home[LIMIT_PATH - 3] = '\0';
    set("HOME", home);
    assert_true(home_path("a", out, &e));
    same_int("the longest", (long long)strlen(out), LIMIT_PATH - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_folders),
        IN_WORLD(test_without_home),
        IN_WORLD(test_the_home_itself),
        IN_WORLD(test_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
