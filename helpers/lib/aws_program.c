#include "aws_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

extern char **environ;

#define READ_SIZE 4096

/* A process group of its own, so that all of it can be killed; ours ignores SIGPIPE. */
static int spawn_shell(const char *command, int out, pid_t *ret)
{
    char sh[] = "sh", option[] = "-c";
    char *argv[] = {sh, option, (char *)command, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGXFSZ);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int errnum = posix_spawn(ret, "/bin/sh", &files, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return errnum;
}

enum ending { ENDED, TOO_LATE, TOO_MUCH, BROKEN };

static enum ending read_output(int fd, int64_t deadline, struct buf *out)
{
    for (;;) {
        int64_t left = deadline - clock_steady_ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = left > 0 ? poll(&p, 1, left < 60000 ? (int)left : 60000) : 0;
        if (ready == 0 && left <= 0)
            return TOO_LATE;
        if (ready < 0 && errno != EINTR)
            return BROKEN;
        if (ready <= 0)
            continue; /* interrupted, or a slice of a long wait is over */
        char *at = buf_space(out, READ_SIZE);
        if (!at)
            return TOO_MUCH;
        ssize_t n = read(fd, at, READ_SIZE);
        if (n == 0)
            return ENDED;
        if (n > 0)
            buf_added(out, (size_t)n);
        else if (errno != EINTR)
            return BROKEN;
    }
}

/* It may close its output and stay. */
static enum ending wait_for(pid_t pid, enum ending ending, int64_t deadline, int *ret_status)
{
    while (ending == ENDED && waitpid(pid, ret_status, WNOHANG) == 0) {
        if (clock_steady_ms() >= deadline)
            ending = TOO_LATE;
        clock_sleep_ms(5);
    }
    if (ending == ENDED)
        return ENDED;
    kill(-pid, SIGKILL);
    while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
        ;
    return ending;
}

static bool explain(enum ending ending, int status, const char *what, struct err *e)
{
    if (ending == ENDED && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (ending == TOO_LATE)
        err_set(e, ERR_BAD_CREDENTIALS, "%s did not end in time", what);
    else if (ending == TOO_MUCH)
        err_set(e, ERR_BAD_CREDENTIALS, "%s printed more than %u bytes", what,
                LIMIT_PROGRAM_OUTPUT);
    else if (ending == BROKEN || WIFSIGNALED(status))
        err_set(e, ERR_BAD_CREDENTIALS, "%s was killed", what);
    else
        err_set(e, ERR_BAD_CREDENTIALS, "%s failed (exit status %d)", what, WEXITSTATUS(status));
    return err_hint(e, "run it by hand to see what it says");
}

bool aws_program_run(const char *command, int64_t deadline, const char *what, struct buf *out,
                     struct err *e)
{
    int ends[2], status = 0;
    pid_t pid;
    if (pipe(ends) != 0)
        return err_errno(e, errno, "%s: no pipe", what);
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    int errnum = spawn_shell(command, ends[1], &pid);
    close(ends[1]);
    if (errnum) {
        close(ends[0]);
        return err_errno(e, errnum, "%s: cannot start a shell", what);
    }
    enum ending ending = read_output(ends[0], deadline, out);
    close(ends[0]);
    ending = wait_for(pid, ending, deadline, &status);
    return explain(ending, status, what, e);
}
