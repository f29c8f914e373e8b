/* What the system is asked, and how it may answer.  What is below /run, /etc and /var is another
 * one in a process of its own, where that can be had. */
#include "unit.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/file_events.h"
#include "os/file_id.h"
#include "os/home.h"
#include "os/process.h"
#include "os/service.h"
#include "os/wake.h"
#include "refuse.h"

enum { SKIPPED = 77, NOBODY = 65534, UNKNOWN = 4000000 };

/* ---- files ---- */

static void test_same_file(void **state)
{
    (void)state;
    static const struct os_file_id is = {0, 1, 2, 3, 4, 5};
    static const struct {
        const char *what;
        struct os_file_id other;
    } cases[] = {
        {"not there", {ENOENT, 1, 2, 3, 4, 5}}, {"another device", {0, 9, 2, 3, 4, 5}},
        {"another file", {0, 1, 9, 3, 4, 5}},   {"longer", {0, 1, 2, 9, 4, 5}},
        {"written since", {0, 1, 2, 3, 9, 5}},  {"its rights changed", {0, 1, 2, 3, 4, 9}},
    };
    assert_true(os_file_same(&is, &is));
    for (size_t i = 0; i < COUNT(cases); i++)
        same_int(cases[i].what, os_file_same(&is, &cases[i].other), false);
}

static void count_names(void *ctx, enum os_happened what, int watch, const char *name)
{
    (void)watch;
    if (what == OS_NAME && name && strcmp(name, "new") == 0)
        ++*(int *)ctx;
}

static void test_events_interrupted(void **state)
{
    (void)state;
    int seen = 0, events = os_events_open();
    assert_true(events >= 0);
    assert_true(os_events_watch(events, in_home("."), OS_WATCH_NAMES) >= 0);
    assert_int_equal(mkdir(in_home("new"), 0700), 0);
    refuse("read", 1, EINTR);
    os_events_read(events, count_names, &seen);
    assert_true(was_refused());
    same_int("told all the same", seen, 1);
    close(events);
}

/* ---- the clock ---- */

static void test_no_wake(void **state)
{
    (void)state;
    static const char *const calls[] = {"timerfd_create", "timerfd_settime"};
    for (size_t i = 0; i < COUNT(calls); i++) {
        refuse(calls[i], 1, EMFILE);
        same_int(calls[i], os_wake_open(), -1);
        assert_true(was_refused());
    }
    int fd = os_wake_open();
    assert_true(fd >= 0);
    close(fd);
}

/* ---- processes ---- */

static int cannot_become(void *errnum)
{
    return *(int *)errnum;
}

/* There is no child afterwards, whatever waiting for it says. */
static void test_no_child(void **state)
{
    (void)state;
    static const struct {
        int errnum;   /* of the first waitpid; 0: none */
        bool remains; /* it could not be waited for */
    } cases[] = {{0, false}, {EINTR, false}, {ECHILD, true}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        int why = EACCES, status;
        pid_t pid = 0;
        if (cases[i].errnum)
            refuse("waitpid", 1, cases[i].errnum);
        same_int("why", os_start(cannot_become, &why, &pid), EACCES);
        (void)was_refused();
        same_int("no number", pid, 0);
        same_int("remains", waitpid(-1, &status, 0) > 0, cases[i].remains);
    }
}

/* ---- users ---- */

struct user {
    uid_t uid;
    const char *home; /* NULL: not known */
};

/* The number of what is not so; runs in a process of its own. */
static int as_user(const void *arg)
{
    const struct user *u = arg;
    char home[64] = "untouched";
    if (setuid(u->uid) != 0)
        return SKIPPED;
    if (os_home(home, sizeof home) != (u->home != NULL))
        return 1;
    if (u->home && strcmp(home, u->home) != 0)
        return 2;
    return !u->home && os_service_lingers() ? 3 : 0;
}

static void test_users(void **state)
{
    (void)state;
    static const struct user users[] = {{0, "/root"}, {NOBODY, "/nonexistent"}, {UNKNOWN, NULL}};
    if (getuid() != 0)
        skip();
    for (size_t i = 0; i < COUNT(users); i++)
        same_int("user", forked_end(forked_start(as_user, &users[i])), 0);
}

static void test_no_users(void **state)
{
    (void)state;
    char home[64], tiny[1];
    refuse("fopen", EVERY, EACCES);
    same_int("no home", os_home(home, sizeof home), false);
    same_int("does not linger", os_service_lingers(), false);
    assert_true(was_refused());
    same_int("no room for it", os_home(tiny, sizeof tiny), false);
}

/* ---- the user's manager ---- */

/* A folder of the system's is an empty one from here on, for this process alone. */
static bool emptied(const char *folder)
{
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", folder, "tmpfs", 0, "") == 0;
}

static int sessions(const void *arg)
{
    (void)arg;
    char mine[64];
    if (!emptied("/run") || mkdir("/run/user", 0755) != 0)
        return SKIPPED;
    os_service_find_session();
    if (getenv("XDG_RUNTIME_DIR"))
        return 1; /* there is none */
    snprintf(mine, sizeof mine, "/run/user/%ju", (uintmax_t)getuid());
    if (mkdir(mine, 0700) != 0 || chown(mine, NOBODY, NOBODY) != 0)
        return SKIPPED;
    os_service_find_session();
    if (getenv("XDG_RUNTIME_DIR"))
        return 2; /* somebody else's */
    if (chown(mine, getuid(), getgid()) != 0)
        return SKIPPED;
    os_service_find_session();
    if (!getenv("XDG_RUNTIME_DIR") || strcmp(getenv("XDG_RUNTIME_DIR"), mine) != 0)
        return 3;
    setenv("XDG_RUNTIME_DIR", "/said", 1);
    os_service_find_session();
    return strcmp(getenv("XDG_RUNTIME_DIR"), "/said") == 0 ? 0 : 4;
}

static int lingers(const void *arg)
{
    (void)arg;
    if (!emptied("/var/lib") || mkdir("/var/lib/systemd", 0755) != 0 ||
        mkdir("/var/lib/systemd/linger", 0755) != 0)
        return SKIPPED;
    if (os_service_lingers())
        return 1;
    put_file("/var/lib/systemd/linger/root", "", 0644);
    return os_service_lingers() ? 0 : 2;
}

static void test_manager(void **state)
{
    (void)state;
    int (*const cases[])(const void *) = {sessions, lingers};
    same_text("it is", os_service_manager(), "systemd");
    for (size_t i = 0; i < COUNT(cases); i++) {
        int ended = getuid() == 0 ? forked_end(forked_start(cases[i], NULL)) : SKIPPED;
        if (ended == SKIPPED)
            skip();
        same_int("manager", ended, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_same_file), IN_WORLD(test_events_interrupted),
        IN_WORLD(test_no_wake),   IN_WORLD(test_no_child),
        IN_WORLD(test_users),     IN_WORLD(test_no_users),
        IN_WORLD(test_manager),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
