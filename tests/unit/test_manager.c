/* Both service managers as data: which command lines there are, and what is read out of what they
 * print.  (tests/system/test_service.py runs them against stand-ins.) */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/manager.h"

static void lines_of(const struct manager *m, const struct manager_command *list, char *out,
                     size_t size)
{
    char line[LIMIT_PATH];
    size_t n = 0;
    *out = '\0';
    for (; list->words[0]; list++) {
        manager_line(m, list, "/U", "gui/501", line, sizeof line);
        n += (size_t)snprintf(out + n, size - n, "%s\n", line);
    }
}

static void test_lines(void **state)
{
    (void)state;
    static const struct {
        const struct manager *manager;
        const char *unload, *start, *stop, *forget;
    } cases[] = {
        {&manager_systemd, "",
         "systemctl --user daemon-reload\n"
         "systemctl --user enable /U\n"
         "systemctl --user restart credrelay-watch.service\n",
         "systemctl --user disable --now credrelay-watch.service\n",
         "systemctl --user daemon-reload\n"},
        {&manager_launchd, "launchctl bootout gui/501/dev.credrelay.watch\n",
         "launchctl enable gui/501/dev.credrelay.watch\n"
         "launchctl bootstrap gui/501 /U\n",
         "launchctl bootout gui/501/dev.credrelay.watch\n", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct manager *m = cases[i].manager;
        char lines[1000];
        lines_of(m, m->unload, lines, sizeof lines);
        same_text(m->name, lines, cases[i].unload);
        lines_of(m, m->start, lines, sizeof lines);
        same_text(m->name, lines, cases[i].start);
        lines_of(m, m->stop, lines, sizeof lines);
        same_text(m->name, lines, cases[i].stop);
        lines_of(m, m->forget, lines, sizeof lines);
        same_text(m->name, lines, cases[i].forget);
    }
}

static void test_paths(void **state)
{
    (void)state;
    char path[LIMIT_PATH];
    struct err e;
    assert_true(manager_systemd.path(path, &e));
    same_text("systemd", path, in_home(".config/systemd/user/credrelay-watch.service"));
    assert_true(manager_systemd.link(path, &e));
    same_text("enabled", path,
              in_home(".config/systemd/user/default.target.wants/credrelay-watch.service"));
    assert_true(manager_launchd.path(path, &e));
    same_text("launchd", path, in_home("Library/LaunchAgents/dev.credrelay.watch.plist"));
    setenv("XDG_CONFIG_HOME", "/etc/mine", 1);
    assert_true(manager_systemd.path(path, &e));
    same_text("moved", path, "/etc/mine/systemd/user/credrelay-watch.service");
    setenv("XDG_CONFIG_HOME", "mine", 1); /* to be ignored, says the specification */
    assert_true(manager_systemd.path(path, &e));
    same_text("relative", path, in_home(".config/systemd/user/credrelay-watch.service"));
}

static void test_find(void **state)
{
    (void)state;
    struct err e;
    assert_ptr_equal(manager_find("systemd", &e), &manager_systemd);
    assert_ptr_equal(manager_find("launchd", &e), &manager_launchd);
    assert_non_null(manager_find(NULL, &e));
    assert_null(manager_find("upstart", &e));
    same_error("upstart", &e, ERR_USAGE, "'upstart' is no service manager",
               "it is systemd or launchd");
}

static void test_systemd(void **state)
{
    (void)state;
    static const struct {
        const char *shown;
        bool loaded;
        int pid;
    } cases[] = {
        {"LoadState=loaded\nMainPID=42\n", true, 42},
        {"MainPID=42\nLoadState=loaded\n", true, 42},
        {"MainPID=0\nLoadState=loaded\n", true, 0},
        {"MainPID=0\nLoadState=not-found\n", false, 0},
        {"MainPID=0\nLoadState=bad-setting\n", false, 0},
        {"MainPID=42\nXLoadState=loaded\n", false, 42},
        {"LoadState=loaded", true, 0},
        {"LoadState=loaded\nMainPID=\n", true, 0},
        {"LoadState=loaded\nMainPID=-1\n", true, 0},
        {"LoadState=loaded\nMainPID=99999999999999999999999\n", true, 0},
        {"", false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sight s = {.reachable = true};
        systemd_read(cases[i].shown, &s);
        same_int(cases[i].shown, s.loaded, cases[i].loaded);
        same_int(cases[i].shown, s.pid, cases[i].pid);
    }
}

static void test_launchd(void **state)
{
    (void)state;
    static const struct {
        const char *printed;
        int pid;
    } cases[] = {
        {"gui/501/dev.credrelay.watch = {\n\tactive count = 1\n\tstate = running\n\n"
         "\tprogram = /usr/local/bin/credrelay\n\tpid = 42\n\timmediate reason = inefficient\n}\n",
         42},
        {"gui/501/dev.credrelay.watch = {\n\tstate = spawn scheduled\n\truns = 3\n"
         "\tlast exit code = 1\n}\n",
         0},
        /* of something inside it */
        {"gui/501/dev.credrelay.watch = {\n\tevent triggers = {\n\t\tpid = 42\n\t}\n}\n", 0},
        {"gui/501/dev.credrelay.watch = {\n\tpid = none\n}\n", 0},
        {"", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sight s = {.reachable = true};
        launchd_read(cases[i].printed, &s);
        same_int(cases[i].printed, s.pid, cases[i].pid);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_lines),   IN_WORLD(test_paths),   IN_WORLD(test_find),
        IN_WORLD(test_systemd), IN_WORLD(test_launchd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
