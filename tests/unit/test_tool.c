/* Where a tool keeps its login, and what it would use instead. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/limits.h"
#include "tool/override.h"

static void test_load(void **state)
{
    (void)state;
    struct err e;
    assert_ptr_equal(tool_load("claude", &e), &tool_claude);
    assert_ptr_equal(tool_load("codex", &e), &tool_codex);
    assert_true(tool_exists("claude"));
    assert_false(tool_exists("Claude"));
    assert_null(tool_load("Claude", &e));
    char hint[LIMIT_PATH + 80];
    snprintf(hint, sizeof hint, "describe it in %s, see credrelay-tool(5)",
             in_home(".config/credrelay/tools/Claude.ini"));
    same_error("unknown", &e, ERR_USAGE, "there is no tool called 'Claude'", hint);
    assert_null(tool_load("../claude", &e));
    same_error("a path", &e, ERR_USAGE, "'../claude' is no name for a tool",
               "use letters, digits, dots and dashes, at most 63");
    assert_false(tool_exists(""));
    tool_free(&tool_claude);
    tool_free(NULL);
}

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const char *moved; /* CLAUDE_CONFIG_DIR; NULL unset */
        const char *login, *lock;
    } cases[] = {
        {NULL, "/h/.claude/.credentials.json", "/h/.claude.lock"},
        {"", "/h/.claude/.credentials.json", "/h/.claude.lock"},
        {"/srv/claude", "/srv/claude/.credentials.json", "/srv/claude.lock"},
        {"/srv/claude//", "/srv/claude///.credentials.json", "/srv/claude.lock"},
        {"/", "//.credentials.json", "/.lock"},
    };
    setenv("HOME", "/h", 1);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[LIMIT_PATH];
        struct err e;
        if (cases[i].moved)
            setenv("CLAUDE_CONFIG_DIR", cases[i].moved, 1);
        assert_true(tool_login_path(&tool_claude, out, &e));
        same_text("login", out, cases[i].login);
        assert_true(tool_lock_path(&tool_claude, out, &e));
        same_text("lock", out, cases[i].lock);
    }
}

/* Names and folders that are too long for a path, each where it is put together. */
static void test_unreadable(void **state)
{
    (void)state;
    struct err e;
    char want[LIMIT_PATH + 64];
    assert_int_equal(mkdir(in_home(".config"), 0700), 0);
    assert_int_equal(mkdir(in_home(".config/credrelay"), 0700), 0);
    assert_int_equal(mkdir(in_home(".config/credrelay/tools"), 0700), 0);
    assert_int_equal(mkdir(in_home(".config/credrelay/tools/claude.ini"), 0700), 0);
    assert_null(tool_load("claude", &e));
    snprintf(want, sizeof want, "%s is a folder, not a file",
             in_home(".config/credrelay/tools/claude.ini"));
    same_text("a folder", e.text, want);
}

static void test_names_too_long(void **state)
{
    (void)state;
    static char longer[2 * LIMIT_PATH], nearly[LIMIT_PATH], name[65];
    char out[LIMIT_PATH];
    struct err e;
    memset(longer, 'x', sizeof longer - 1);
    memset(nearly, 'x', sizeof nearly - 4);
    memset(name, 'x', sizeof name - 1);
    longer[0] = nearly[0] = '/';
    assert_false(tool_exists(name));
    assert_false(tool_exists("a/b"));
    setenv("XDG_CONFIG_HOME", longer, 1);
    assert_false(tool_exists("lamp"));
    assert_null(tool_load("lamp", &e));
    nearly[LIMIT_PATH - 20] = '\0';
    setenv("XDG_CONFIG_HOME", nearly, 1);
    assert_null(tool_load("lamp", &e));
    assert_non_null(strstr(e.text, "the path of the description is too long: /xxx"));
    setenv("CLAUDE_CONFIG_DIR", longer, 1);
    assert_false(tool_login_path(&tool_claude, out, &e));
    assert_false(tool_lock_path(&tool_claude, out, &e));
    assert_non_null(strstr(e.text, "xxx is not a folder"));
    nearly[LIMIT_PATH - 20] = 'x';
    nearly[LIMIT_PATH - 10] = '\0';
    setenv("CLAUDE_CONFIG_DIR", nearly, 1);
    assert_true(tool_lock_path(&tool_claude, out, &e));
    assert_false(tool_login_path(&tool_claude, out, &e));
    assert_non_null(strstr(e.text, "the path of the login is too long: /xxx"));
    nearly[LIMIT_PATH - 10] = 'x';
    setenv("CLAUDE_CONFIG_DIR", nearly, 1);
    assert_false(tool_lock_path(&tool_claude, out, &e));
    assert_non_null(strstr(e.text, "the path of the lock is too long: /xxx"));
}

static void test_relative_folder(void **state)
{
    (void)state;
    char out[LIMIT_PATH], here[LIMIT_PATH], want[LIMIT_PATH + 8];
    struct err e;
    assert_int_equal(mkdir(in_home("here"), 0700), 0);
    assert_non_null(realpath(in_home("here"), here));
    setenv("CLAUDE_CONFIG_DIR", "here", 1);
    assert_true(tool_lock_path(&tool_claude, out, &e));
    snprintf(want, sizeof want, "%s.lock", here);
    same_text("lock", out, want);
    setenv("CLAUDE_CONFIG_DIR", "nowhere", 1);
    assert_false(tool_login_path(&tool_claude, out, &e));
    same_error("none", &e, ERR_NOT_FOUND, "CLAUDE_CONFIG_DIR=nowhere is not a folder",
               "name it from the root on, as in CLAUDE_CONFIG_DIR=\"$HOME/.claude\"");
}

static void test_too_long(void **state)
{
    (void)state;
    static char folder[LIMIT_PATH];
    char out[LIMIT_PATH];
    struct err e;
    memset(folder, 'x', LIMIT_PATH - 1);
    folder[0] = '/';
    setenv("CLAUDE_CONFIG_DIR", folder, 1);
    assert_false(tool_login_path(&tool_claude, out, &e));
    same_int("login", e.code, ERR_INVALID);
    assert_false(tool_lock_path(&tool_claude, out, &e));
    same_int("lock", e.code, ERR_INVALID);
}

static void test_override(void **state)
{
    (void)state;
    static const struct {
        const char *variable, *value;
        const char *settings; /* NULL: no file */
        const char *what;
    } cases[] = {
        {"NOTHING", "1", NULL, NULL},
        {"ANTHROPIC_API_KEY", "sk-ant-api03-TEST", NULL, "ANTHROPIC_API_KEY"},
        {"ANTHROPIC_API_KEY", "", NULL, NULL},
        {"ANTHROPIC_AUTH_TOKEN", "x", NULL, "ANTHROPIC_AUTH_TOKEN"},
        {"CLAUDE_CODE_OAUTH_TOKEN", "x", NULL, "CLAUDE_CODE_OAUTH_TOKEN"},
        {"ANTHROPIC_PROFILE", "x", NULL, "ANTHROPIC_PROFILE"},
        {"CLAUDE_CODE_USE_BEDROCK", "1", NULL, "CLAUDE_CODE_USE_BEDROCK"},
        {"CLAUDE_CODE_USE_BEDROCK", "0", NULL, NULL},
        {"CLAUDE_CODE_USE_VERTEX", "false", NULL, NULL},
        {"CLAUDE_CODE_USE_FOUNDRY", "true", NULL, "CLAUDE_CODE_USE_FOUNDRY"},
        {"NOTHING", "1", "{\"apiKeyHelper\":\"get-key\"}", "apiKeyHelper in settings.json"},
        {"ANTHROPIC_API_KEY", "x", "{\"apiKeyHelper\":\"get-key\"}", "ANTHROPIC_API_KEY"},
        {"NOTHING", "1", "{\"apiKeyHelper\":\"\"}", NULL},
        {"NOTHING", "1", "{\"apiKeyHelper\":null}", NULL},
        {"NOTHING", "1", "{\"apiKeyHelper\":true}", NULL},
        {"NOTHING", "1", "{\"env\":{\"apiKeyHelper\":\"x\"}}", NULL},
        {"NOTHING", "1", "{\"env\":{\"ANTHROPIC_API_KEY\":\"x\"}}", "ANTHROPIC_API_KEY"},
        {"NOTHING", "1", "{\"env\":{\"ANTHROPIC_API_KEY\":\"\"}}", NULL},
        {"NOTHING", "1", "{\"env\":[\"ANTHROPIC_API_KEY\"]}", NULL},
        {"CLAUDE_CODE_OAUTH_TOKEN", "x", "{\"apiKeyHelper\":\"get-key\"}",
         "apiKeyHelper in settings.json"},
        {"NOTHING", "1", "[\"apiKeyHelper\"]", NULL},
        {"NOTHING", "1", "{torn", NULL},
        {"NOTHING", "1", "", NULL},
    };
    assert_int_equal(mkdir(in_home(".claude"), 0700), 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char row[256];
        snprintf(row, sizeof row, "%s=%s %s", cases[i].variable, cases[i].value,
                 cases[i].settings ? cases[i].settings : "");
        setenv(cases[i].variable, cases[i].value, 1);
        if (cases[i].settings)
            put_file(in_home(".claude/settings.json"), cases[i].settings, 0600);
        same_text(row, tool_override(&tool_claude), cases[i].what);
        unsetenv(cases[i].variable);
        unlink(in_home(".claude/settings.json"));
    }
}

/* With several, the one the client would use. */
static void test_precedence(void **state)
{
    (void)state;
    for (size_t last = 0; tool_claude.overrides[last]; last++)
        setenv(tool_claude.overrides[last], "x", 1);
    for (size_t i = 0; tool_claude.overrides[i]; i++) {
        if (strcmp(tool_claude.overrides[i], "member") == 0)
            continue;
        same_text("first in line", tool_override(&tool_claude), tool_claude.overrides[i]);
        unsetenv(tool_claude.overrides[i]);
    }
    same_text("none", tool_override(&tool_claude), NULL);
}

static bool note_override(void *ctx, const struct override *o)
{
    const char *slash = strrchr(o->where, '/');
    if (o->used)
        buf_printf(ctx, "%s%s/%s ", o->helper ? "helper " : "", o->name, slash ? slash + 1 : "");
    return true;
}

/* The system's settings go before the user's own, and both say where. */
static void test_managed(void **state)
{
    (void)state;
    struct tool t = tool_claude;
    struct buf seen;
    buf_init(&seen, 1000);
    t.managed[0] = in_home("managed.json");
    t.managed[1] = NULL;
    assert_int_equal(mkdir(in_home(".claude"), 0700), 0);
    put_file(in_home(".claude/settings.json"),
             "{\"apiKeyHelper\":\"x\",\"env\":{\"ANTHROPIC_AUTH_TOKEN\":\"x\"}}", 0600);
    put_file(in_home("managed.json"), "{\"apiKeyHelper\":\"x\"}", 0644);
    setenv("ANTHROPIC_API_KEY", "x", 1);
    tool_overrides(&t, note_override, &seen);
    unsetenv("ANTHROPIC_API_KEY");
    same_text("all", buf_str(&seen),
              "ANTHROPIC_AUTH_TOKEN/settings.json ANTHROPIC_API_KEY/ "
              "helper apiKeyHelper/managed.json ");
    buf_free(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_load),       IN_WORLD(test_paths),           IN_WORLD(test_names_too_long),
        IN_WORLD(test_unreadable), IN_WORLD(test_relative_folder), IN_WORLD(test_too_long),
        IN_WORLD(test_override),   IN_WORLD(test_precedence),      IN_WORLD(test_managed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
