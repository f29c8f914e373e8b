/* The watcher as a service, with a stand-in for its manager, where the system says no. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "refuse.h"
#include "service/manager.h"
#include "service/service.h"
#include "service/unit_gather.h"

#define UNIT ".config/systemd/user/credrelay-watch.service"
#define LINK ".config/systemd/user/default.target.wants/credrelay-watch.service"
#define MARK ".local/state/credrelay/service.unfinished"

extern char **environ;

/* It runs what it is told to; a file `deaf` in the home makes it fail at all, `mute` at starting. */
static const char manager_text[] =
    "#!/bin/sh\n"
    "[ -e \"$HOME/deaf\" ] && { echo 'no bus' >&2; exit 1; }\n"
    "case $2 in\n"
    "show)\n"
    "    if [ -e \"$HOME/runs\" ] && [ -e \"$HOME/" UNIT "\" ]\n"
    "    then echo LoadState=loaded; else echo LoadState=not-found; fi\n"
    "    if [ -e \"$HOME/runs\" ]\n"
    "    then echo MainPID=4711; else echo MainPID=0; fi ;;\n"
    "restart) [ ! -e \"$HOME/mute\" ] && : >\"$HOME/runs\" ;;\n"
    "disable) rm -f \"$HOME/runs\" ;;\n"
    "esac\n";

static void begin(void)
{
    assert_true(mkdir("bin", 0700) == 0 || errno == EEXIST);
    put_file("bin/systemctl", manager_text, 0755);
    setenv("PATH", in_home("bin:/usr/bin:/bin"), 1);
}

static bool install(struct service_plan *ret, struct err *e)
{
    return service_install("systemd", false, ret, e);
}

static bool uninstall(struct service_plan *ret, struct err *e)
{
    return service_uninstall("systemd", false, ret, e);
}

static void installed(void)
{
    struct service_plan plan;
    struct err e;
    assert_true(install(&plan, &e));
}

static void gone(void)
{
    struct service_plan plan;
    struct err e;
    assert_true(uninstall(&plan, &e));
}

static struct service found(void)
{
    struct service s;
    struct err e;
    assert_true(service_find("systemd", &s, &e));
    return s;
}

static bool is_there(const char *name)
{
    return access(in_home(name), F_OK) == 0;
}

/* ---- installing ---- */

static void test_install(void **state)
{
    (void)state;
    static const struct {
        const char *call;
        int nth, errnum;
        size_t done; /* steps of the four */
        bool marked; /* what runs may not be what the unit says */
        const char *text;
    } cases[] = {
        {"rename", 1, EIO, 0, false, "/" MARK ": Input/output error"},
        {"rename", 2, EIO, 0, true, "/" UNIT ": Input/output error"},
        {"mkdir", EVERY, EACCES, 0, false, "/.local/state/credrelay: Permission denied"},
        {"unlink", 1, EPERM, 4, true, "/" MARK ": Operation not permitted"},
    };
    begin();
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct service_plan plan;
        struct err e = {.text = ""};
        size_t done = 0;
        refuse(cases[i].call, cases[i].nth, cases[i].errnum);
        assert_false(install(&plan, &e));
        assert_true(was_refused());
        if (!strstr(e.text, cases[i].text))
            same_text(cases[i].call, e.text, cases[i].text);
        same_int(cases[i].call, (long long)plan.count, 4);
        while (done < plan.count && plan.steps[done].done)
            done++;
        same_int(cases[i].call, (long long)done, (long long)cases[i].done);
        same_int(cases[i].call, is_there(MARK), cases[i].marked);
        installed();
        same_int("the next one ends it", is_there(MARK), false);
        same_int("current", found().current, true);
        gone();
        assert_int_equal(rmdir(in_home(".config/systemd/user")), 0);
        assert_int_equal(rmdir(in_home(".local/state/credrelay")), 0);
    }
}

/* A manager that says nothing of why. */
static void test_mute(void **state)
{
    (void)state;
    struct service_plan plan;
    struct err e;
    begin();
    put_file("mute", "", 0600);
    assert_false(install(&plan, &e));
    same_error("mute", &e, ERR_FAILED,
               "systemctl --user restart credrelay-watch.service: it failed",
               "see: systemctl --user status credrelay-watch.service");
}

static void test_a_variable_that_means_nothing(void **state)
{
    (void)state;
    struct service_plan plan;
    struct err e;
    begin();
    setenv("AWS_CONFIG_FILE", "aws.conf", 1);
    assert_false(install(&plan, &e));
    same_error("relative", &e, ERR_INVALID,
               "AWS_CONFIG_FILE=aws.conf is a relative path, which means nothing to a service",
               "export AWS_CONFIG_FILE=\"$PWD/aws.conf\"");
    same_int("nothing is done", (long long)plan.count, 0);
    same_int("nothing is there", is_there(UNIT), false);
}

/* ---- removing ---- */

static void test_uninstall(void **state)
{
    (void)state;
    static const struct {
        int unlink; /* the one that fails */
        const char *text;
    } cases[] = {{1, "/" UNIT ": Operation not permitted"},
                 {2, "/" MARK ": Operation not permitted"}};
    begin();
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct service_plan plan;
        struct err e;
        installed();
        refuse("unlink", cases[i].unlink, EPERM);
        assert_false(uninstall(&plan, &e));
        assert_true(was_refused());
        if (!strstr(e.text, cases[i].text))
            same_text("unlink", e.text, cases[i].text);
        gone();
    }
}

/* Whether it runs is not known then: that is said, and nothing is taken from under it. */
static void test_uninstall_unknown(void **state)
{
    (void)state;
    static const struct {
        const char *call;
        int nth, errnum;
        bool another; /* further on in PATH, which is not to be asked instead */
        const char *text;
    } cases[] = {
        {"stat", 2, EIO, true, "cannot look for systemctl: Input/output error"},
        {"stat", 2, ESTALE, false, "cannot look for systemctl: Stale file handle"},
        {"access", 1, ENOMEM, true, "cannot look for systemctl: Cannot allocate memory"},
        {"read", EVERY, EIO, true,
         "systemctl: cannot read the helper's answer: Input/output error"},
    };
    char path[2 * LIMIT_PATH];
    begin();
    installed();
    assert_int_equal(mkdir("other", 0700), 0);
    put_file("other/systemctl", "#!/bin/sh\nexit 1\n", 0755);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct service_plan plan;
        struct err e = {.text = ""};
        snprintf(path, sizeof path, "%s:%s", in_home("bin"),
                 cases[i].another ? in_home("other") : "");
        setenv("PATH", path, 1);
        refuse(cases[i].call, cases[i].nth, cases[i].errnum);
        same_int(cases[i].call, uninstall(&plan, &e), false);
        assert_true(was_refused());
        same_text(cases[i].call, e.text, cases[i].text);
        same_int("nothing is done", (long long)plan.count, 0);
        same_int("its unit", is_there(UNIT), true);
    }
    same_int("it runs", found().state, SERVICE_RUNNING);
}

/* systemd calls a unit whose file somebody has removed not found, and lets it run on. */
static void test_uninstall_what_only_runs(void **state)
{
    (void)state;
    struct service_plan plan;
    struct err e;
    begin();
    installed();
    assert_int_equal(unlink(UNIT), 0);
    same_int("it runs on", found().pid, 4711);
    assert_true(uninstall(&plan, &e));
    same_text("what ends it", plan.steps[0].what,
              "systemctl --user disable --now credrelay-watch.service");
    same_int("it does not run any more", found().pid, 0);
}

/* Where no manager answers its files are removed all the same. */
static void test_uninstall_unheard(void **state)
{
    (void)state;
    static const bool links[] = {true, false};
    begin();
    for (size_t i = 0; i < COUNT(links); i++) {
        struct service_plan plan;
        struct err e;
        installed();
        if (links[i]) {
            assert_int_equal(mkdir(".config/systemd/user/default.target.wants", 0700), 0);
            assert_int_equal(symlink("../credrelay-watch.service", LINK), 0);
        }
        /* A link to the unit, which goes first, leads nowhere then. */
        put_file("deaf", "", 0600);
        assert_true(uninstall(&plan, &e));
        same_int("its unit", is_there(UNIT), false);
        same_int("steps", (long long)plan.count, links[i] ? 2 : 1);
        unlink("deaf");
        unlink("runs");
    }
    struct service_plan plan;
    struct err e;
    put_file("bin/launchctl", "#!/bin/sh\nexit 1\n", 0755);
    assert_int_equal(mkdir("Library", 0700), 0);
    assert_int_equal(mkdir("Library/LaunchAgents", 0700), 0);
    struct buf text;
    buf_init(&text, LIMIT_UNIT);
    assert_true(service_text("launchd", &text, &e));
    put_file("Library/LaunchAgents/dev.credrelay.watch.plist", buf_str(&text), 0600);
    buf_free(&text);
    assert_true(service_uninstall("launchd", false, &plan, &e));
    same_int("its property list", is_there("Library/LaunchAgents/dev.credrelay.watch.plist"),
             false);
}

/* ---- what is in its place ---- */

static void test_foreign(void **state)
{
    (void)state;
    static char large[LIMIT_UNIT + 10];
    struct service_plan plan;
    struct err e;
    begin();
    installed();
    assert_int_equal(unlink(UNIT), 0);
    assert_int_equal(mkdir(UNIT, 0700), 0);
    same_int("a folder", found().state, SERVICE_FOREIGN);
    assert_int_equal(rmdir(UNIT), 0);
    memset(large, '#', sizeof large - 1);
    put_file(UNIT, large, 0600);
    same_int("a page of something else", found().state, SERVICE_FOREIGN);
    assert_false(install(&plan, &e));
    assert_non_null(strstr(e.text, " was not written by credrelay"));
}

static void test_edited(void **state)
{
    (void)state;
    static char text[LIMIT_UNIT];
    begin();
    installed();
    same_int("as it was written", found().current, true);
    snprintf(text, sizeof text, "%s", file_text(UNIT));
    char *seconds = strstr(text, "RestartSec=10");
    assert_non_null(seconds);
    seconds[strlen("RestartSec=")] = '9';
    put_file(UNIT, text, 0600);
    same_int("as long, and another", found().current, false);
    same_int("ours still", found().state, SERVICE_RUNNING);
}

/* Whichever of its calls fails: what is there, or the reason. */
static void test_unreadable(void **state)
{
    (void)state;
    bool failed = false, more = true;
    begin();
    installed();
    for (int nth = 1; more && nth < 200; nth++) {
        struct service s;
        struct err e = {.text = ""};
        refuse("open", nth, EIO);
        bool ok = service_find("systemd", &s, &e);
        more = was_refused();
        if (!ok && strstr(e.text, "credrelay-watch.service: Input/output error"))
            failed = true;
        else if (!ok)
            assert_non_null(strstr(e.text, "Input/output error"));
        if (!more)
            same_int("running", s.state, SERVICE_RUNNING);
    }
    same_int("the unit was one of them", failed, true);
}

/* ---- paths that are too long ---- */

static const char *a_path_of(size_t len)
{
    static char path[2 * LIMIT_PATH];
    memset(path, 'x', len);
    for (size_t i = 0; i < len; i += 100)
        path[i] = '/';
    path[len] = '\0';
    return path;
}

static void test_long_paths(void **state)
{
    (void)state;
    static const struct {
        const char *variable;
        size_t len;
        const char *text; /* before what of the path is quoted */
    } cases[] = {
        {"XDG_CONFIG_HOME", LIMIT_PATH - 30, "the path of the unit is too long: /"},
        {"XDG_STATE_HOME", LIMIT_PATH - 5, ""},
        {"XDG_STATE_HOME", LIMIT_PATH - 15, "the path of the log is too long: /"},
        {"XDG_STATE_HOME", LIMIT_PATH - 25, "cannot use /"},
    };
    begin();
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct service_plan plan;
        struct err e = {.text = ""};
        setenv(cases[i].variable, a_path_of(cases[i].len), 1);
        assert_false(install(&plan, &e));
        if (strncmp(e.text, cases[i].text, strlen(cases[i].text)) != 0)
            same_text(cases[i].variable, e.text, cases[i].text);
        same_int(cases[i].variable, is_there(UNIT), false);
        unsetenv(cases[i].variable);
    }
}

/* ---- what it is given ---- */

static void test_environment(void **state)
{
    (void)state;
    static char path[2 * LIMIT_PATH + 20] = "PATH=/bin:";
    char *variables[] = {(char[]){"HOME=/root"},
                         path,
                         (char[]){"ODD"}, /* no variable at all */
                         (char[]){"CREDRELAY_ALERT_SMTP_PASSWORD=s"},
                         (char[]){"CREDRELAY_ALERT_RESEND_KEY=s"},
                         (char[]){"CREDRELAY_ALERT_WEBHOOK_TOKEN=s"},
                         (char[]){"AWS_ACCESS_KEY_ID=s"},
                         (char[]){"AWS_SECRET_ACCESS_KEY=s"},
                         (char[]){"AWS_SESSION_TOKEN=s"},
                         (char[]){"AWS_SECURITY_TOKEN=s"},
                         (char[]){"AWS_CONTAINER_AUTHORIZATION_TOKEN=s"},
                         (char[]){"http_proxy=http://me:s@x"},
                         (char[]){"https_proxy=http://me:s@x"},
                         (char[]){"HTTPS_PROXY=http://me:s@x"},
                         (char[]){"all_proxy=http://me:s@x"},
                         (char[]){"ALL_PROXY=http://me:s@x"},
                         NULL};
    static struct unit_source s;
    struct err e;
    char **before = environ;
    snprintf(path + strlen(path), sizeof path - strlen(path), "%s", a_path_of(LIMIT_PATH + 5));
    environ = variables;
    bool ok = unit_gather(&s, &e);
    environ = before;
    assert_true(ok);
    same_text("withheld, as many as can be said", s.withheld,
              "CREDRELAY_ALERT_SMTP_PASSWORD, CREDRELAY_ALERT_RESEND_KEY, "
              "CREDRELAY_ALERT_WEBHOOK_TOKEN, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, "
              "AWS_SESSION_TOKEN, AWS_SECURITY_TOKEN, AWS_CONTAINER_AUTHORIZATION_TOKEN, "
              "http_proxy, https_proxy, HTTPS_PROXY, all_proxy");
    same_int("two that are no secret", (long long)s.variables, 2);
    same_text("the folder that fits", s.environment[1], "PATH=/bin");
    unit_source_free(&s);
}

/* ---- what a manager prints ---- */

static void test_printed(void **state)
{
    (void)state;
    static const struct {
        const char *shown;
        bool loaded;
        pid_t pid;
    } cases[] = {
        {"LoadState=loaded", true, 0},
        {"LoadState=loaded\nMainPID=12", true, 12},
        {"LoadState=loaded-not", false, 0},
        {"XLoadState=loaded\n", false, 0},
        {"MainPID=0\nLoadState=masked\n", false, 0},
        {"", false, 0},
    };
    char line[8];
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sight s = {.reachable = true};
        systemd_read(cases[i].shown, &s);
        same_int(cases[i].shown, s.loaded, cases[i].loaded);
        same_int(cases[i].shown, s.pid, cases[i].pid);
    }
    manager_line(&manager_systemd, manager_systemd.stop, "/U", "", line, sizeof line);
    same_text("a line cut off", line, "systemc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_install),
        IN_WORLD(test_mute),
        IN_WORLD(test_a_variable_that_means_nothing),
        IN_WORLD(test_uninstall),
        IN_WORLD(test_uninstall_unknown),
        IN_WORLD(test_uninstall_what_only_runs),
        IN_WORLD(test_uninstall_unheard),
        IN_WORLD(test_foreign),
        IN_WORLD(test_edited),
        IN_WORLD(test_unreadable),
        IN_WORLD(test_long_paths),
        IN_WORLD(test_environment),
        IN_WORLD(test_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
