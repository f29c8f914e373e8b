#include "keeper.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/inherit.h"
#include "os/pipe.h"

/* Where the keeper has its end of the leash once all else is closed. */
enum { HELD = STDIN_FILENO };

struct order {
    int (*spawn)(void *ctx, pid_t *ret);
    void *ctx;
    int held, report; /* the leash's other end; errno, when it cannot be started */
};

static void wake(int signal)
{
    (void)signal;
}

/* Blocked but while we wait, so that no end of a child is missed. */
static void hear_of_children(sigset_t *ret_open)
{
    const struct sigaction act = {.sa_handler = wake};
    sigset_t closed;
    sigaction(SIGCHLD, &act, NULL);
    sigemptyset(&closed);
    sigaddset(&closed, SIGCHLD);
    sigprocmask(SIG_BLOCK, &closed, ret_open);
    sigdelset(ret_open, SIGCHLD);
}

static _Noreturn void end_as(int status)
{
    if (WIFEXITED(status))
        _exit(WEXITSTATUS(status));
    signal(WTERMSIG(status), SIG_DFL);
    kill(getpid(), WTERMSIG(status));
    _exit(128 + WTERMSIG(status));
}

static _Noreturn void watch_over(pid_t program, const sigset_t *open)
{
    for (;;) {
        int status;
        fd_set held;
        if (waitpid(program, &status, WNOHANG) == program)
            end_as(status);
        FD_ZERO(&held);
        FD_SET(HELD, &held);
        if (pselect(HELD + 1, &held, NULL, NULL, NULL, open) > 0)
            kill(0, SIGKILL); /* nothing is ever written: it is gone */
    }
}

static _Noreturn void keep(const struct order *o)
{
    pid_t program = -1;
    sigset_t open;
    hear_of_children(&open);
    int failed = setpgid(0, 0) != 0 ? errno : o->spawn(o->ctx, &program);
    if (failed) {
        (void)!write(o->report, &failed, sizeof failed);
        _exit(127);
    }
    if (dup2(o->held, HELD) < 0)
        kill(0, SIGKILL);
    inherit_close_from(HELD + 1);
    watch_over(program, &open);
}

/* The report ends without a word when it runs. */
static int hear(int report)
{
    int failed = 0;
    while (read(report, &failed, sizeof failed) < 0 && errno == EINTR)
        ;
    return failed;
}

static void close_both(const int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

int keeper_start(int (*spawn)(void *ctx, pid_t *ret), void *ctx, struct keeper *ret)
{
    int leash[2], report[2];
    if (!os_pipe(leash))
        return errno;
    if (!os_pipe(report)) {
        int failed = errno;
        close_both(leash);
        return failed;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(leash[1]);
        keep(&(struct order){spawn, ctx, leash[0], report[1]});
    }
    int failed = pid < 0 ? errno : 0;
    close(leash[0]);
    close(report[1]);
    if (!failed) {
        setpgid(pid, pid); /* whoever is first */
        failed = hear(report[0]);
    }
    close(report[0]);
    *ret = (struct keeper){.pid = pid, .leash = leash[1]};
    if (!failed)
        return 0;
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    keeper_let_go(ret);
    return failed;
}

void keeper_let_go(struct keeper *k)
{
    close(k->leash);
    *k = (struct keeper){.leash = -1};
}
