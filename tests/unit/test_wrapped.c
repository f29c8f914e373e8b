/* The wrapped program started, heard of and ended, where the system says no. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "refuse.h"
#include "run/child.h"

static char sh[] = "sh", dash_c[] = "-c";

/* ---- becoming it ---- */

static int become(const void *path)
{
    char one[] = "script";
    return child_become(path, (char *[]){one, NULL});
}

static int become_without_memory(const void *path)
{
    starve(1, true);
    return become(path);
}

static void test_become(void **state)
{
    (void)state;
    put_file(in_home("script"), "exit 42\n", 0755);
    put_file(in_home("plain"), "exit 42\n", 0644);
    static const struct {
        const char *what, *name;
        int (*how)(const void *path);
        int status;
    } cases[] = {
        {"without a magic number it is sh's", "script", become, 42},
        {"no memory to say so to sh", "script", become_without_memory, 126},
        {"not executable", "plain", become, 126},
        {"not there", "none", become, 127},
        {"below a file", "plain/none", become, 127},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        same_int(cases[i].what, forked_end(forked_start(cases[i].how, in_home(cases[i].name))),
                 cases[i].status);
}

/* ---- starting it ---- */

static void test_start(void **state)
{
    (void)state;
    char exit_0[] = "exit 0";
    char *const argv[] = {sh, dash_c, exit_0, NULL};
    static const struct {
        int in, out;
    } cases[] = {{999, -1}, {-1, 999}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct child c;
        struct err e;
        assert_false(child_start("/bin/sh", argv, cases[i].in, cases[i].out, &c, &e));
        same_error("no such descriptor", &e, ERR_DENIED, "cannot run /bin/sh: Bad file descriptor",
                   "");
    }
}

/* ---- its end ---- */

static struct child started(char *script)
{
    char *const argv[] = {sh, dash_c, script, NULL};
    struct child c;
    struct err e;
    assert_true(signals_catch(&e));
    assert_true(child_start("/bin/sh", argv, -1, -1, &c, &e));
    return c;
}

/* A signal has come that tells of the child. */
static void await_signal(void)
{
    siginfo_t info = {.si_pid = 0};
    assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
}

static void test_end(void **state)
{
    (void)state;
    static const struct {
        int nth, errnum;
        bool ended; /* seen at the first look */
    } cases[] = {
        {1, EINTR, true},      /* it is asked once more */
        {EVERY, EINTR, false}, /* but not for ever */
        {1, ECHILD, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char script[] = "exit 3";
        struct child c = started(script);
        await_signal();
        refuse("waitpid", cases[i].nth, cases[i].errnum);
        child_signals(&c);
        assert_true(was_refused());
        same_int("ended", c.ended, cases[i].ended);
        child_signals(&c);
        same_int("ended at the next look", c.ended, true);
        same_int("its status", child_exit_status(&c), 3);
        signals_release();
    }
}

/* Whoever started us had SIGCHLD blocked: we hear of the end all the same, and each run of the program
 * finds it blocked. */
static int hears_of_two(const void *ignored)
{
    char script[] = "[ -e /proc/self/status ] || exit 0\n"
                    "while read -r name value; do\n"
                    "    case \"$name$value\" in SigBlk:*10000) exit 0 ;; esac\n"
                    "done </proc/self/status; exit 1";
    sigset_t child;
    (void)ignored;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    for (int runs = 0; runs < 2; runs++) {
        struct child c = started(script);
        struct pollfd signals = {.fd = signals_fd(), .events = POLLIN};
        while (!c.ended && poll(&signals, 1, 20000) != 0)
            child_signals(&c);
        signals_release();
        if (!c.ended || child_exit_status(&c) != 0)
            return c.ended ? 1 : 99;
    }
    return 42;
}

static void test_blocked(void **state)
{
    (void)state;
    same_int("hears", forked_end(forked_start(hears_of_two, NULL)), 42);
}

/* What comes after its end: what is to end us does, the rest has nobody to go to. */
static int raised_afterwards(const void *number)
{
    char script[] = "exit 0";
    struct child c = started(script);
    while (!c.ended) {
        await_signal();
        child_signals(&c);
    }
    raise(*(const int *)number);
    child_signals(&c);
    return 42;
}

static void test_after_the_end(void **state)
{
    (void)state;
    static const struct {
        int number, status;
    } cases[] = {{SIGTERM, 128 + SIGTERM}, {SIGHUP, 128 + SIGHUP}, {SIGWINCH, 42}, {SIGCONT, 42}};
    for (size_t i = 0; i < COUNT(cases); i++)
        same_int("ends", forked_end(forked_start(raised_afterwards, &cases[i].number)),
                 cases[i].status);
}

static void test_told(void **state)
{
    (void)state;
    static const struct {
        struct child child;
        bool told;
    } cases[] = {
        {{.ended = true, .status = SIGTERM, .told = SIGTERM}, true},
        {{.ended = false, .status = SIGTERM, .told = SIGTERM}, false},
        {{.ended = true, .status = SIGKILL, .told = SIGTERM}, false},
        {{.ended = true, .status = 0, .told = SIGTERM}, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        same_int("told to end", child_was_told_to_end(&cases[i].child), cases[i].told);
}

/* More signals than the pipe takes: those that do not fit are not waited for. */
static int flooded(const void *ignored)
{
    struct err e;
    (void)ignored;
    if (!signals_catch(&e))
        return 1;
    int size = fcntl(signals_fd(), F_SETPIPE_SZ, 4096);
    for (int i = 0; i < size + 10; i++)
        raise(SIGWINCH);
    return 42;
}

static void test_flood(void **state)
{
    (void)state;
    same_int("goes on", forked_end(forked_start(flooded, NULL)), 42);
}

static void test_no_pipe(void **state)
{
    (void)state;
    struct err e;
    refuse("pipe2", 1, EMFILE);
    assert_false(signals_catch(&e));
    assert_true(was_refused());
    same_text("no pipe", e.text, "cannot make a pipe: Too many open files");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_become),        IN_WORLD(test_start),   IN_WORLD(test_end),
        IN_WORLD(test_after_the_end), IN_WORLD(test_told),    IN_WORLD(test_flood),
        IN_WORLD(test_no_pipe),       IN_WORLD(test_blocked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
