/* What of a shell's environment the watcher is given, kept from, and not concerned with. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/process.h"
#include "service/unit_gather.h"

static const char *value_in(const struct unit_source *s, const char *name)
{
    size_t len = strlen(name);
    for (const char *const *v = s->unit.environment; *v; v++)
        if (strncmp(*v, name, len) == 0 && (*v)[len] == '=')
            return *v + len + 1;
    return NULL;
}

enum fate { GIVEN, WITHHELD, LEFT };

static void test_each(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        enum fate fate;
    } cases[] = {
        {"CREDRELAY_CONFIG", "/etc/credrelay.conf", GIVEN},
        {"CREDRELAY_MACHINE", "mac-1", GIVEN},
        {"CREDRELAY_ROLE", "reader", GIVEN},
        {"CREDRELAY_SHARE_REFRESH_TOKEN", "no", GIVEN},
        {"CREDRELAY_ALERT_MAIL", "me@example.net", GIVEN},
        {"CREDRELAY_ALERT_WEBHOOK_TOKEN_FILE", "/home/me/token", GIVEN},
        {"CREDRELAY_ALERT_WEBHOOK_TOKEN", "made-up", WITHHELD},
        {"CREDRELAY_ALERT_SMTP_PASSWORD", "made-up", WITHHELD},
        {"CREDRELAY_PASSED", "1:2,", LEFT}, /* of a run of ours, not a setting */
        {"CREDRELAY_ROLES", "reader", LEFT},
        {"CREDRELAY_ROL", "reader", LEFT},
        {"CREDRELAY_", "reader", LEFT},
        {"XDG_CONFIG_HOME", "/home/me/etc", GIVEN},
        {"XDG_STATE_HOME", "/home/me/var", GIVEN},
        {"XDG_CACHE_HOME", "/home/me/tmp", LEFT},
        {"XDG_RUNTIME_DIR", "/run/user/1", LEFT}, /* the manager's to say */
        {"CLAUDE_CONFIG_DIR", "/home/me/claude", GIVEN},
        {"CODEX_HOME", "/home/me/codex", GIVEN},
        {"CLAUDE_CONFIG_DIR", "", LEFT},
        {"AWS_PROFILE", "mine", GIVEN},
        {"AWS_DEFAULT_REGION", "us-west-2", GIVEN},
        {"AWS_CONFIG_FILE", "~/aws", GIVEN}, /* the helper opens it, as botocore would */
        {"AWS_ENDPOINT_URL", "http://127.0.0.1:1", GIVEN},
        {"AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:1", GIVEN},
        {"AWS_EC2_METADATA_DISABLED", "true", GIVEN},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1", GIVEN},
        {"AWS_ACCESS_KEY_ID", "AKIATEST", WITHHELD},
        {"AWS_SECRET_ACCESS_KEY", "made-up", WITHHELD},
        {"AWS_SESSION_TOKEN", "made-up", WITHHELD},
        {"AWS_SECURITY_TOKEN", "made-up", WITHHELD},
        {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "made-up", WITHHELD},
        {"AWS_PAGER", "less", LEFT},
        {"https_proxy", "http://127.0.0.1:3128", GIVEN},
        {"https_proxy", "http://me:made-up@127.0.0.1:3128", WITHHELD},
        {"ALL_PROXY", "socks5://me:made-up@127.0.0.1", WITHHELD},
        {"no_proxy", "localhost", GIVEN},
        {"NODE_EXTRA_CA_CERTS", "/etc/ssl/own.pem", GIVEN},
        {"ANTHROPIC_API_KEY", "sk-ant-api03-TEST", LEFT}, /* would go before the login */
        {"CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-oat01-TEST", LEFT},
        {"SSH_AUTH_SOCK", "/tmp/agent", LEFT},
        {"LANG", "C", LEFT},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct unit_source s;
        struct err e;
        setenv(cases[i].name, cases[i].value, 1);
        if (!unit_gather(&s, &e))
            fail_msg("%s: %s", cases[i].name, e.text);
        same_text(cases[i].name, value_in(&s, cases[i].name),
                  cases[i].fate == GIVEN ? cases[i].value : NULL);
        same_text(cases[i].name, s.withheld, cases[i].fate == WITHHELD ? cases[i].name : "");
        unsetenv(cases[i].name);
        unit_source_free(&s);
    }
}

static void test_relative(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *hint;
    } cases[] = {
        {"CLAUDE_CONFIG_DIR", "claude", "export CLAUDE_CONFIG_DIR=\"$PWD/claude\""},
        {"CREDRELAY_CONFIG", "./mine.conf", "export CREDRELAY_CONFIG=\"$PWD/./mine.conf\""},
        {"AWS_CONFIG_FILE", "aws", "export AWS_CONFIG_FILE=\"$PWD/aws\""},
    };
    mkdir("claude", 0700);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct unit_source s;
        struct err e;
        char want[200];
        setenv(cases[i].name, cases[i].value, 1);
        assert_false(unit_gather(&s, &e));
        snprintf(want, sizeof want, "%s=%s is a relative path, which means nothing to a service",
                 cases[i].name, cases[i].value);
        same_error(cases[i].name, &e, ERR_INVALID, want, cases[i].hint);
        unsetenv(cases[i].name);
    }
}

/* A shell of every kind: sorted, the same text each time. */
static void test_together(void **state)
{
    (void)state;
    struct unit_source s;
    struct err e;
    setenv("PATH", "/usr/bin", 1);
    setenv("CREDRELAY_ROLE", "reader", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "made-up", 1);
    setenv("AWS_ACCESS_KEY_ID", "AKIATEST", 1);
    setenv("AWS_PROFILE", "mine", 1);
    setenv("EDITOR", "vi", 1);
    assert_true(unit_gather(&s, &e));
    char home[LIMIT_PATH];
    snprintf(home, sizeof home, "HOME=%.*s", (int)strlen(in_home("")) - 1, in_home(""));
    const char *const want[] = {"AWS_PROFILE=mine", "CREDRELAY_ROLE=reader", home, "PATH=/usr/bin",
                                NULL};
    for (size_t i = 0; i < COUNT(want); i++)
        same_text("in order", s.unit.environment[i], want[i]);
    same_text("secret", s.withheld, "AWS_SECRET_ACCESS_KEY, AWS_ACCESS_KEY_ID");
    same_text("the log", s.unit.log, in_home(".local/state/credrelay/watch.log"));
    assert_false(s.unit.background);
    unit_source_free(&s);
}

static void test_path(void **state)
{
    (void)state;
    static const struct {
        const char *path, *given;
    } cases[] = {
        {"/usr/bin:/bin", "/usr/bin:/bin"},
        {"/opt/a b:/bin", "/opt/a b:/bin"},
        {"bin:/bin:./x", "/bin"},         /* a service has no current folder */
        {":/bin:", "/bin"},               /* an empty one is that as well */
        {"/caf\xe9:/bin\n:/bin", "/bin"}, /* what no unit can hold */
        {"", "/usr/local/bin:/usr/bin:/bin"},
        {".", "/usr/local/bin:/usr/bin:/bin"},
        {NULL, "/usr/local/bin:/usr/bin:/bin"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct unit_source s;
        struct err e;
        if (cases[i].path)
            setenv("PATH", cases[i].path, 1);
        else
            unsetenv("PATH");
        assert_true(unit_gather(&s, &e));
        same_text(cases[i].path ? cases[i].path : "(unset)", value_in(&s, "PATH"), cases[i].given);
        unit_source_free(&s);
    }
}

static void program_with_path(const char *what, const char *path, const char *want)
{
    struct unit_source s;
    struct err e;
    setenv("PATH", path, 1);
    assert_true(unit_gather(&s, &e));
    same_text(what, s.unit.program, want);
    unit_source_free(&s);
}

/* This test is the program. */
static void test_program(void **state)
{
    (void)state;
    char self[LIMIT_PATH];
    assert_true(os_program_path(self, sizeof self));
    mkdir("linked", 0755);
    mkdir("other", 0755);
    assert_int_equal(symlink(self, "linked/credrelay"), 0);
    put_file("other/credrelay", "#!/bin/sh\n", 0755);
    program_with_path("by itself", "/nowhere", self);
    program_with_path("the link that an upgrade moves", in_home("linked"),
                      in_home("linked/credrelay"));
    program_with_path("another program of the name", in_home("other"), self);
}

/* The folder variable of a tool that the user has described is the tool's place as well. */
static void test_own_tool(void **state)
{
    (void)state;
    struct unit_source s;
    struct err e;
    mkdir(".config", 0700);
    mkdir(".config/credrelay", 0700);
    mkdir(".config/credrelay/tools", 0700);
    put_file(".config/credrelay/tools/lamp.ini",
             "[tool]\nproduct = Lamp\nprogram = lamp\nlogin-command = lamp login\n"
             "[login]\nfolder = .lamp\nfolder-variable = LAMP_HOME\nfile = lamp.json\n"
             "parts = lamp\naccess = lamp.token\n",
             0600);
    setenv("LAMP_HOME", "/home/me/lamp", 1);
    assert_true(unit_gather(&s, &e));
    same_text("a tool that no relay has", value_in(&s, "LAMP_HOME"), NULL);
    unit_source_free(&s);
    put_file(".config/credrelay/credrelay.conf", "[a]\ntool = lamp\n[b]\ntool = lamp\n", 0600);
    assert_true(unit_gather(&s, &e));
    same_text("a tool that two have", value_in(&s, "LAMP_HOME"), "/home/me/lamp");
    same_int("once", (long long)s.variables, 3); /* and HOME, PATH */
    unit_source_free(&s);
}

/* What the watcher could not read either is told now. */
static void test_bad_configuration(void **state)
{
    (void)state;
    struct unit_source s;
    struct err e;
    put_file("mine.conf", "[claude]\nrole = boss\n", 0600);
    setenv("CREDRELAY_CONFIG", in_home("mine.conf"), 1);
    assert_false(unit_gather(&s, &e));
    char want[LIMIT_PATH];
    snprintf(want, sizeof want, "%s:2: role = boss is not valid", in_home("mine.conf"));
    same_error("role", &e, ERR_INVALID, want, "role takes reader|writer");
}

static void test_too_many(void **state)
{
    (void)state;
    struct unit_source s;
    struct err e;
    for (int i = 0; i < UNIT_VARIABLES; i++) {
        char name[64];
        snprintf(name, sizeof name, "AWS_ENDPOINT_URL_%d", i);
        setenv(name, "http://127.0.0.1:1", 1);
    }
    assert_false(unit_gather(&s, &e));
    same_error("too many", &e, ERR_TOO_LARGE, "more than 64 variables for a service", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_each),
        IN_WORLD(test_relative),
        IN_WORLD(test_together),
        IN_WORLD(test_path),
        IN_WORLD(test_program),
        IN_WORLD(test_own_tool),
        IN_WORLD(test_bad_configuration),
        IN_WORLD(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
