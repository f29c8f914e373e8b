/* What we change for ourselves is changed, and given back before a program of somebody else's.
 * Each case runs in a child of its own: the changes last as long as a process. */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/inherit.h"

static bool handler_is(int number, void (*handler)(int))
{
    struct sigaction now;
    return sigaction(number, NULL, &now) == 0 && now.sa_handler == handler;
}

static mode_t mask(void)
{
    mode_t now = umask(077);
    umask(now);
    return now;
}

static rlim_t core_limit(void)
{
    struct rlimit core;
    getrlimit(RLIMIT_CORE, &core);
    return core.rlim_cur;
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* Each returns the number of the first thing that is not so. */
static int hardened(const void *arg)
{
    (void)arg;
    umask(002);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){.rlim_cur = 4096, .rlim_max = 8192});
    if (!inherit_and_harden())
        return 1;
    if (mask() != 077)
        return 2;
    if (!handler_is(SIGPIPE, SIG_IGN) || !handler_is(SIGXFSZ, SIG_IGN))
        return 3;
    if (core_limit() != 0)
        return 4;
    inherit_restore();
    if (mask() != 002)
        return 5;
    if (!handler_is(SIGPIPE, SIG_DFL) || !handler_is(SIGXFSZ, SIG_DFL))
        return 6;
    return core_limit() == 4096 ? 0 : 7;
}

static int ignored_stay_ignored(const void *arg)
{
    (void)arg;
    signal(SIGPIPE, SIG_IGN);
    if (!inherit_and_harden())
        return 1;
    inherit_restore();
    return handler_is(SIGPIPE, SIG_IGN) ? 0 : 2;
}

static int closed_streams(const void *arg)
{
    const int *closed = arg;
    for (int fd = 0; fd <= 2; fd++)
        if (closed[fd])
            close(fd);
    if (!inherit_and_harden())
        return 1;
    for (int fd = 0; fd <= 2; fd++)
        if (!is_open(fd) || inherit_was_closed(fd) != (closed[fd] != 0))
            return 2 + fd;
    int next = open("/dev/null", O_RDONLY);
    if (next <= 2)
        return 5; /* a file of ours has the number of a stream */
    if (closed[1] && write(1, "x", 1) != 1)
        return 6;
    inherit_restore();
    for (int fd = 0; fd <= 2; fd++)
        if (is_open(fd) == (closed[fd] != 0))
            return 7 + fd;
    return 0;
}

/* A parent that ignores SIGCHLD leaves us without the exit status of any child. */
static int ignored_children(const void *arg)
{
    (void)arg;
    int status = 0;
    signal(SIGCHLD, SIG_IGN);
    if (!inherit_and_harden())
        return 1;
    pid_t pid = fork();
    if (pid == 0)
        _exit(3);
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 3)
        return 2;
    inherit_restore();
    return handler_is(SIGCHLD, SIG_IGN) ? 0 : 3;
}

static void test_cases(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int (*fn)(const void *arg);
        int arg[3];
    } cases[] = {
        {"hardened", hardened, {0}},
        {"ignored signals stay ignored", ignored_stay_ignored, {0}},
        {"all streams open", closed_streams, {0, 0, 0}},
        {"no standard input", closed_streams, {1, 0, 0}},
        {"no standard output", closed_streams, {0, 1, 0}},
        {"no standard error", closed_streams, {0, 0, 1}},
        {"no stream at all", closed_streams, {1, 1, 1}},
        {"children ignored by the parent", ignored_children, {0}},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        same_int(cases[i].name, forked_end(forked_start(cases[i].fn, cases[i].arg)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_WORLD(test_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
