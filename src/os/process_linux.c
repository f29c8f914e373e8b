#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

void os_close_to_others(void)
{
    /* Only the soft limit: a child gets back what it would have had without us. */
    struct rlimit core;
    if (getrlimit(RLIMIT_CORE, &core) == 0) {
        core.rlim_cur = 0;
        setrlimit(RLIMIT_CORE, &core);
    }
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

bool os_program_path(char *out, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", out, size - 1);
    if (n <= 0)
        return false;
    out[n] = '\0';
    return true;
}

/* vfork: fork copies page tables only for exec to throw them away. */
int os_start(int (*become)(void *ctx), void *ctx, pid_t *ret_pid)
{
    volatile int failed = 0; /* written by the child, in our memory */
    pid_t pid = vfork();     /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */
    if (pid < 0)
        return errno;
    if (pid == 0) {
        failed = become(ctx); /* NOLINT(clang-analyzer-unix.Vfork): see process.h */
        _exit(127);
    }
    if (!failed)
        *ret_pid = pid;
    while (failed && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return failed;
}

/* What kills us would have killed the program if we were not there: SIGKILL, for all others it is
 * sent. */
void os_die_with_parent(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent) /* it died before the line above */
        _exit(128 + SIGKILL);
}

/* The signal outlives exec, not fork: it was given to this very process, before it became us. */
bool os_started_by_own_kind(void)
{
    int number = 0;
    char path[32], parent[16] = "", mine[17] = "";
    if (prctl(PR_GET_PDEATHSIG, &number, 0, 0, 0) != 0 || number != SIGKILL)
        return false;
    snprintf(path, sizeof path, "/proc/%d/comm", (int)getppid());
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, parent, sizeof parent) : -1;
    if (fd >= 0)
        close(fd);
    prctl(PR_GET_NAME, mine, 0, 0, 0);
    return n > 1 && strncmp(parent, mine, (size_t)n - 1) == 0 && mine[n - 1] == '\0';
}
