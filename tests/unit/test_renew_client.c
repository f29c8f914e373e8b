/* The client that renews: which command it is, in which world it runs, and its end. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "refuse.h"
#include "relay/renew_client.h"

static struct relay relay_with(const char *command)
{
    struct relay r = {.name = "claude", .tool = &tool_claude};
    snprintf(r.renew_command, sizeof r.renew_command, "%s", command);
    snprintf(r.state_dir, sizeof r.state_dir, "%s", in_home("."));
    return r;
}

/* ---- which ---- */

#define MUST_BE "the command that renews must be on the PATH of whoever renews, or be a path"

static void test_which(void **state)
{
    (void)state;
    static const struct {
        const char *command, *path; /* NULL: an error */
        enum err_code code;
        const char *text, *hint;
    } cases[] = {
        {"sh  -c\ttrue", "/bin/sh", ERR_NONE, "", ""},
        {"/bin/sh", "/bin/sh", ERR_NONE, "", ""},
        {"nosuch -p", NULL, ERR_NOT_FOUND, "nosuch: command not found", MUST_BE},
        {"/no/such", NULL, ERR_NOT_FOUND, "/no/such: command not found", MUST_BE},
        {"x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x", NULL, ERR_INVALID,
         "renew = x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x ... has more "
         "than "
         "32 words",
         ""},
        {"   ", NULL, ERR_UNSUPPORTED, "there is no command that makes Claude Code renew its login",
         "say one: renew = COMMAND, in credrelay.conf(5)"},
    };
    setenv("PATH", "/bin", 1);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct relay r = relay_with(cases[i].command);
        struct renew_client c;
        struct err e = {.code = ERR_NONE};
        same_int(cases[i].command, renew_client_find(&r, &c, &e), cases[i].path != NULL);
        if (cases[i].path)
            same_text(cases[i].command, c.path, cases[i].path);
        same_error(cases[i].command, &e, cases[i].code, cases[i].text, cases[i].hint);
    }
}

/* A tool without a command of its own. */
static void test_none(void **state)
{
    (void)state;
    const struct tool mute = {.name = "mute", .product = "Mute"};
    struct relay r = relay_with("");
    struct renew_client c;
    struct err e;
    r.tool = &mute;
    assert_false(renew_client_find(&r, &c, &e));
    same_error("none", &e, ERR_UNSUPPORTED, "there is no command that makes Mute renew its login",
               "say one: renew = COMMAND, in credrelay.conf(5)");
}

/* ---- its world ---- */

static void found(const struct relay *r, struct renew_client *c)
{
    struct err e;
    setenv("PATH", "/usr/bin:/bin", 1);
    assert_true(renew_client_find(r, c, &e));
}

/* Waits for its end. */
static void ended(struct renew_client *c)
{
    for (int i = 0; i < 3000 && !renew_client_ended(c); i++)
        clock_sleep_ms(10);
    same_int("ended", c->pid, 0);
}

static void test_world(void **state)
{
    (void)state;
    put_file(in_home("client"), "#!/bin/sh\nenv >seen\npwd -P >>seen\n", 0755);
    struct relay r = relay_with(in_home("client"));
    struct renew_client c;
    struct err e;
    found(&r, &c);
    setenv("ANTHROPIC_API_KEY", "another", 1);
    setenv("ANTHROPIC_API_KEY_OF_MINE", "kept", 1);
    assert_true(renew_client_start(&r, &c, &e));
    ended(&c);
    same_int("its end", c.status, 0);
    const char *seen = file_text("seen");
    assert_null(strstr(seen, "ANTHROPIC_API_KEY="));
    assert_non_null(strstr(seen, "ANTHROPIC_API_KEY_OF_MINE=kept\n"));
    assert_non_null(strstr(seen, "CLAUDE_P_NO_RECOVER=1\n"));
    assert_non_null(strstr(seen, getenv("HOME")));
}

static void test_not_started(void **state)
{
    (void)state;
    static const struct {
        const char *call;
        int errnum;
        const char *text;
    } cases[] = {
        {"memory", ENOMEM, "cannot run /bin/sh: Cannot allocate memory"},
        {"open", EMFILE, "cannot run /bin/sh: Too many open files"},
        {"dup2", EBADF, "cannot run /bin/sh: Bad file descriptor"},
        {"no folder", 0, "cannot run /bin/sh: No such file or directory"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct relay r = relay_with("/bin/sh");
        struct renew_client c;
        struct err e;
        found(&r, &c);
        if (!cases[i].errnum)
            snprintf(r.state_dir, sizeof r.state_dir, "%s", in_home("none"));
        refuse(cases[i].call, 1, cases[i].errnum);
        assert_false(renew_client_start(&r, &c, &e));
        same_int(cases[i].call, was_refused(), cases[i].errnum != 0);
        same_text(cases[i].call, e.text, cases[i].text);
        same_int("none runs", renew_client_ended(&c), true);
    }
}

/* ---- its end ---- */

static void started(struct renew_client *c, const char *script)
{
    struct err e;
    put_file(in_home("client"), script, 0755);
    struct relay r = relay_with(in_home("client"));
    found(&r, c);
    assert_true(renew_client_start(&r, c, &e));
    for (int i = 0; i < 3000 && access("ready", F_OK) != 0; i++)
        clock_sleep_ms(10);
    assert_int_equal(unlink("ready"), 0);
}

static void test_asked_to_end(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        int signal, exit_status;
    } cases[] = {
        {"#!/bin/sh\n: >ready\nexec sleep 1000\n", SIGTERM, 0},
        /* It was just saving a login. */
        {"#!/bin/sh\ntrap 'kill $p; exit 5' TERM\nsleep 1000 & p=$!\n: >ready\nwait\n", 0, 5},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct renew_client c;
        started(&c, cases[i].script);
        renew_client_end(&c);
        same_int("ended", c.pid, 0);
        same_int("by", WIFSIGNALED(c.status) ? WTERMSIG(c.status) : 0, cases[i].signal);
        same_int("with", WIFEXITED(c.status) ? WEXITSTATUS(c.status) : 0, cases[i].exit_status);
        renew_client_end(&c); /* once is enough */
    }
}

/* It does not want to: five seconds. */
static void test_made_to_end(void **state)
{
    (void)state;
    struct renew_client c;
    started(&c, "#!/bin/sh\ntrap '' TERM\n: >ready\nwhile :; do sleep 1000; done\n");
    renew_client_end(&c);
    same_int("ended", c.pid, 0);
    same_int("by", WTERMSIG(c.status), SIGKILL);
}

static void test_explained(void **state)
{
    (void)state;
    static char xs[200];
    static const struct {
        struct renew_client client;
        const char *how;
    } cases[] = {
        {{.argv = {"claude", "-p", "ok"}, .status = 256}, "`claude -p ok` ended with status 1"},
        {{.argv = {"claude"}, .status = SIGKILL}, "`claude` ended with signal 9"},
        {{.argv = {""}, .status = 0}, "`` ended with status 0"},
        {{.argv = {xs, "more"}, .status = 0},
         "`xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` ended with status 0"},
    };
    memset(xs, 'x', sizeof xs - 1);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char how[200];
        renew_client_explain(&cases[i].client, how, sizeof how);
        same_text("how", how, cases[i].how);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_which),       IN_WORLD(test_none),         IN_WORLD(test_world),
        IN_WORLD(test_not_started), IN_WORLD(test_asked_to_end), IN_WORLD(test_made_to_end),
        IN_WORLD(test_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
