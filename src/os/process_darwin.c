#include "os/process.h"

#include <errno.h>
#include <mach-o/dyld.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/pipe.h"

void os_close_to_others(void)
{
    /* Only the soft limit: a child gets back what it would have had without us. */
    struct rlimit core;
    if (getrlimit(RLIMIT_CORE, &core) == 0) {
        core.rlim_cur = 0;
        setrlimit(RLIMIT_CORE, &core);
    }
    ptrace(PT_DENY_ATTACH, 0, 0, 0);
}

bool os_program_path(char *out, size_t size)
{
    char raw[4096];
    uint32_t raw_size = sizeof raw;
    if (_NSGetExecutablePath(raw, &raw_size) != 0)
        return false;
    char *real = realpath(raw, NULL);
    bool ok = real && strlen(real) < size;
    if (ok)
        memcpy(out, real, strlen(real) + 1);
    free(real);
    return ok;
}

/* The pipe closes at exec, or says why there was none. */
int os_start(int (*become)(void *ctx), void *ctx, pid_t *ret_pid)
{
    int report[2], failed = 0;
    if (!os_pipe(report))
        return errno;
    pid_t pid = fork();
    if (pid == 0) {
        failed = become(ctx);
        (void)!write(report[1], &failed, sizeof failed);
        _exit(127);
    }
    if (pid < 0)
        failed = errno;
    close(report[1]);
    while (pid > 0 && read(report[0], &failed, sizeof failed) < 0 && errno == EINTR)
        ;
    close(report[0]);
    if (!failed)
        *ret_pid = pid;
    while (failed && pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return failed;
}

void os_die_with_parent(pid_t parent)
{
    (void)parent; /* Darwin has no such signal */
}

bool os_started_by_own_kind(void)
{
    return false;
}
