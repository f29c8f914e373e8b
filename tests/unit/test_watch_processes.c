/* The processes of the watcher: made, heard and ended, in a system that says no. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/pipe.h"
#include "refuse.h"
#include "watch/background.h"
#include "watch/signals.h"
#include "watch/worker.h"

static void nothing(void)
{
}

static void end_with_3(void)
{
    _exit(3);
}

static void be_killed(void)
{
    raise(SIGKILL);
}

/* ---- in the background ---- */

static void test_background(void **state)
{
    (void)state;
    static const struct {
        const char *call; /* that fails; "": none */
        int errnum;
        void (*child)(void);
        int status;
        const char *text; /* "": it has said why itself */
    } cases[] = {
        {"pipe2", EMFILE, nothing, -1, "cannot make a pipe: Too many open files"},
        {"fork", EAGAIN, nothing, -1, "cannot start a process: Resource temporarily unavailable"},
        {"", 0, end_with_3, 3, ""},
        {"", 0, be_killed, 128 + SIGKILL, ""},
        {"read", EINTR, end_with_3, 3, ""},
        {"waitpid", EINTR, end_with_3, 3, ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct background b;
        struct err e = {.text = ""};
        int status = 0;
        forked_as(cases[i].child);
        refuse(cases[i].call, 1, cases[i].errnum);
        same_int(cases[i].call, background_begin(&b, &status, &e), -1);
        same_int(cases[i].call, was_refused(), cases[i].call[0] != '\0');
        same_int(cases[i].call, status, cases[i].status);
        same_text(cases[i].call, e.text, cases[i].text);
        same_int("nobody is left", waitpid(-1, &status, WNOHANG), -1);
    }
    forked_as(NULL);
}

/* One that somebody else has waited for is gone all the same. */
static void test_background_not_ours(void **state)
{
    (void)state;
    struct background b;
    struct err e = {.text = ""};
    int status;
    forked_as(end_with_3);
    refuse("waitpid", 1, ECHILD);
    same_int("gone", background_begin(&b, &status, &e), -1);
    assert_true(was_refused());
    assert_true(waitpid(-1, &status, 0) > 0);
}

static bool is_null(int fd)
{
    char name[64] = "", link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return readlink(link, name, sizeof name - 1) > 0 && strcmp(name, "/dev/null") == 0;
}

/* The number of what is not so; 0 is READY's word. */
static int ready(const void *with)
{
    const char *how = with;
    char word = 'x';
    int fds[2];
    if (!os_pipe(fds))
        return 1;
    struct background b = {.ready = fds[1]};
    if (strcmp(how, "closed") == 0)
        for (int fd = 0; fd <= STDERR_FILENO; fd++)
            close(fd);
    if (strcmp(how, "no /dev/null") == 0)
        refuse("open", 1, EMFILE);
    background_ready(&b);
    bool given_back = is_null(0) && is_null(1) && is_null(2);
    if (given_back != (strcmp(how, "no /dev/null") != 0))
        return 2;
    if (read(fds[0], &word, 1) != 1 || word != '\0')
        return 3;
    return fcntl(fds[1], F_GETFD) < 0 ? 0 : 4;
}

static void test_ready(void **state)
{
    (void)state;
    static const char *const cases[] = {"a terminal", "closed", "no /dev/null"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        fflush(stdout);
        same_int(cases[i], forked_end(forked_start(ready, cases[i])), 0);
    }
}

/* ---- signals ---- */

static int open_files(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void test_signals(void **state)
{
    (void)state;
    static const struct {
        const char *call;
        int nth;
    } cases[] = {{"pipe2", 1}, {"fcntl", 1}, {"fcntl", 2}};
    int before = open_files();
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e;
        refuse(cases[i].call, cases[i].nth, EMFILE);
        same_int(cases[i].call, signals_open(&e), -1);
        assert_true(was_refused());
        same_text(cases[i].call, e.text, "cannot make a pipe: Too many open files");
        same_int("nothing is left open", open_files(), before);
    }
}

/* ---- workers ---- */

static const struct duty_order sync_order = {.what = DUTY_SYNC, .attempt_ms = 10000};

static void test_no_worker(void **state)
{
    (void)state;
    static const struct {
        const char *call, *text;
    } cases[] = {
        {"pipe2", "cannot make a pipe: Resource temporarily unavailable"},
        {"fork", "cannot start a process: Resource temporarily unavailable"},
    };
    const struct lock none = LOCK_NONE;
    int before = open_files();
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct worker w = WORKER_NONE;
        struct err e;
        refuse(cases[i].call, 1, EAGAIN);
        assert_false(worker_start(&w, &sync_order, &none, &e));
        assert_true(was_refused());
        same_text(cases[i].call, e.text, cases[i].text);
        same_int("none", w.pid, 0);
        same_int("nothing is left open", open_files(), before);
    }
}

static void test_mute_workers(void **state)
{
    (void)state;
    static const struct {
        const char *call; /* that fails as it ends; "": none */
        int nth, errnum;
        void (*child)(void);
        const char *text;
    } cases[] = {
        {"", 0, 0, end_with_3, "the process that syncs ended without a word (status 3)"},
        {"", 0, 0, be_killed, "the process that syncs ended without a word (signal 9)"},
        {"read", 1, EINTR, end_with_3, "the process that syncs ended without a word (status 3)"},
        {"waitpid", 1, EINTR, end_with_3, "the process that syncs ended without a word (status 3)"},
    };
    const struct lock none = LOCK_NONE;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct worker w = WORKER_NONE;
        struct duty_report report;
        struct err e;
        forked_as(cases[i].child);
        assert_true(worker_start(&w, &sync_order, &none, &e));
        siginfo_t info;
        assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
        refuse(cases[i].call, cases[i].nth, cases[i].errnum);
        worker_end(&w, &report);
        same_int(cases[i].call, was_refused(), cases[i].call[0] != '\0');
        same_error(cases[i].text, &report.failure, ERR_FAILED, cases[i].text,
                   "it is tried again by itself; what it depends on: credrelay doctor");
        same_int("to be looked at again", report.judged.file.failed, -1);
        same_int("none", w.pid, 0);
    }
}

/* What cannot be read is no report, and whoever cannot be waited for is let go. */
static void test_unheard_worker(void **state)
{
    (void)state;
    const struct lock none = LOCK_NONE;
    static const char *const calls[] = {"read", "waitpid"};
    for (size_t i = 0; i < COUNT(calls); i++) {
        struct worker w = WORKER_NONE;
        struct duty_report report;
        struct err e;
        int status;
        forked_as(nothing);
        assert_true(worker_start(&w, &sync_order, &none, &e));
        refuse(calls[i], EVERY, EIO);
        worker_end(&w, &report);
        assert_true(was_refused());
        same_int(calls[i], report.failure.code, ERR_FAILED);
        same_int("none", w.pid, 0);
        while (waitpid(-1, &status, 0) > 0)
            ;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_background),     IN_WORLD(test_background_not_ours),
        IN_WORLD(test_ready),          IN_WORLD(test_signals),
        IN_WORLD(test_no_worker),      IN_WORLD(test_mute_workers),
        IN_WORLD(test_unheard_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
