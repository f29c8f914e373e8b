#include "watch/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/pipe.h"

/* Until it has begun or has failed; a failure that has no exit status is a crash. */
static pid_t await(pid_t pid, int begun, int *ret_status)
{
    char byte;
    ssize_t n;
    do
        n = read(begun, &byte, 1);
    while (n < 0 && errno == EINTR);
    if (n == 1)
        return pid;
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return -1;
}

pid_t background_begin(struct background *b, int *ret_status, struct err *e)
{
    int fds[2];
    *ret_status = -1;
    if (!os_pipe(fds)) {
        err_errno(e, errno, "cannot make a pipe");
        return -1;
    }
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        setsid();
        b->ready = fds[1];
        return 0;
    }
    if (pid < 0)
        err_errno(e, errno, "cannot start a process");
    close(fds[1]);
    if (pid > 0)
        pid = await(pid, fds[0], ret_status);
    close(fds[0]);
    return pid;
}

void background_ready(struct background *b)
{
    int nothing = open("/dev/null", O_RDWR);
    (void)fflush(stdout);
    for (int fd = 0; nothing >= 0 && fd <= STDERR_FILENO; fd++)
        dup2(nothing, fd);
    if (nothing > STDERR_FILENO)
        close(nothing);
    (void)!write(b->ready, "", 1);
    close(b->ready);
}
