#include "run/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/inherit.h"
#include "os/process.h"

extern char **environ;

/* ---- starting ---- */

static int exit_status_of_errno(int errnum)
{
    return errnum == ENOENT || errnum == ENOTDIR ? 127 : 126;
}

int child_become(const char *path, char *const *argv)
{
    inherit_restore();
    execv(path, argv);
    return exit_status_of_errno(errno);
}

/* Between fork and exec: only what is safe there. */
static _Noreturn void be_child(const char *path, char *const *argv, int in, int out, int report,
                               int parent)
{
    os_die_with_parent(parent);
    if (in >= 0)
        dup2(in, STDIN_FILENO);
    if (out >= 0)
        dup2(out, STDOUT_FILENO);
    inherit_restore();
    execv(path, argv);
    int why = errno;
    (void)!write(report, &why, sizeof why);
    _exit(exit_status_of_errno(why));
}

bool child_start(const char *path, char *const *argv, int stdin_fd, int stdout_fd,
                 struct child *ret, struct err *e)
{
    int report[2]; /* closes at exec, or says why there was none */
    if (pipe(report) != 0)
        return err_errno(e, errno, "cannot make a pipe");
    fcntl(report[0], F_SETFD, FD_CLOEXEC);
    fcntl(report[1], F_SETFD, FD_CLOEXEC);
    int parent = (int)getpid();
    pid_t pid = fork();
    if (pid == 0)
        be_child(path, argv, stdin_fd, stdout_fd, report[1], parent);
    int why = pid < 0 ? errno : 0;
    close(report[1]);
    ssize_t n = 0;
    while (pid > 0 && (n = read(report[0], &why, sizeof why)) < 0 && errno == EINTR)
        ;
    close(report[0]);
    if (pid < 0)
        return err_errno(e, why, "cannot start %s", path);
    if (n == (ssize_t)sizeof why) {
        waitpid(pid, NULL, 0);
        err_errno(e, why, "cannot run %s", path);
        e->code = exit_status_of_errno(why) == 127 ? ERR_NOT_FOUND : ERR_DENIED;
        return false;
    }
    *ret = (struct child){.pid = pid};
    return true;
}

/* ---- signals ---- */

/* What is passed on.  SIGCONT and SIGTSTP as well: see child_signals. */
static const int passed_on[] = {SIGINT,  SIGTERM,  SIGHUP,  SIGQUIT, SIGUSR1,
                                SIGUSR2, SIGWINCH, SIGTSTP, SIGCONT};
enum { PASSED_ON = sizeof passed_on / sizeof passed_on[0] };

static int signal_pipe[2] = {-1, -1};
static struct sigaction before[PASSED_ON], before_child;

/* A signal that the terminal made went to the child as well: it is in our process group.  One sent
 * by a process to us alone has to be passed on. */
static bool from_terminal(const siginfo_t *info)
{
#ifdef SI_KERNEL
    return info->si_code == SI_KERNEL;
#else
    return info->si_pid == 0;
#endif
}

static void note(int number, siginfo_t *info, void *context)
{
    (void)context;
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    if (number == SIGCHLD || number == SIGTSTP || !from_terminal(info))
        (void)!write(signal_pipe[1], &byte, 1);
    errno = saved;
}

bool signals_catch(struct err *e)
{
    if (pipe(signal_pipe) != 0)
        return err_errno(e, errno, "cannot make a pipe");
    for (int i = 0; i < 2; i++) {
        fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC);
        fcntl(signal_pipe[i], F_SETFL, O_NONBLOCK);
    }
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigfillset(&action.sa_mask);
    for (int i = 0; i < PASSED_ON; i++) {
        sigaction(passed_on[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN) /* nohup: the child ignores it as well */
            sigaction(passed_on[i], &action, NULL);
    }
    sigaction(SIGCHLD, &action, &before_child);
    return true;
}

void signals_release(void)
{
    if (signal_pipe[0] < 0)
        return;
    for (int i = 0; i < PASSED_ON; i++)
        sigaction(passed_on[i], &before[i], NULL);
    sigaction(SIGCHLD, &before_child, NULL);
    close(signal_pipe[0]);
    close(signal_pipe[1]);
    signal_pipe[0] = signal_pipe[1] = -1;
}

int signals_fd(void)
{
    return signal_pipe[0];
}

static void see_end(struct child *c)
{
    pid_t pid;
    do
        pid = waitpid(c->pid, &c->status, WNOHANG);
    while (pid < 0 && errno == EINTR);
    c->ended = c->ended || pid == c->pid;
}

void child_signals(struct child *c)
{
    unsigned char byte;
    while (read(signal_pipe[0], &byte, 1) == 1) {
        if (byte == SIGCHLD) {
            see_end(c);
        } else if (!c->ended) {
            kill(c->pid, byte);
            /* Stopped together: a shell that stops us would otherwise see us run on. */
            if (byte == SIGTSTP)
                raise(SIGSTOP);
        }
    }
}

/* ---- the end ---- */

int child_exit_status(const struct child *c)
{
    return WIFSIGNALED(c->status) ? 128 + WTERMSIG(c->status) : WEXITSTATUS(c->status);
}

_Noreturn void child_end_like(const struct child *c, int status)
{
    if (WIFSIGNALED(c->status)) {
        const struct rlimit none = {0, 0}; /* the child has left its core; ours says nothing */
        const struct sigaction by_default = {.sa_handler = SIG_DFL};
        sigset_t all;
        int number = WTERMSIG(c->status);
        setrlimit(RLIMIT_CORE, &none);
        sigaction(number, &by_default, NULL);
        sigemptyset(&all);
        sigaddset(&all, number);
        sigprocmask(SIG_UNBLOCK, &all, NULL);
        raise(number);
        status = 128 + number; /* a signal whose default is to be ignored */
    }
    _exit(status);
}
