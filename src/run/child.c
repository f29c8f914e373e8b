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
#include "os/pipe.h"
#include "os/process.h"

/* ---- what is passed on ---- */

static const struct {
    int number;
    bool ends; /* what it does to who does not catch it */
} passed_on[] = {
    {SIGINT, true},  {SIGTERM, true}, {SIGHUP, true},    {SIGQUIT, true},  {SIGUSR1, true},
    {SIGUSR2, true}, {SIGALRM, true}, {SIGWINCH, false}, {SIGTSTP, false}, {SIGCONT, false},
};
enum { PASSED_ON = sizeof passed_on / sizeof passed_on[0] };

static int signal_pipe[2] = {-1, -1};
static struct sigaction before[PASSED_ON], before_child;
static bool blocked_child; /* whoever started us had SIGCHLD blocked */

static bool ends(int number)
{
    for (int i = 0; i < PASSED_ON; i++)
        if (passed_on[i].number == number)
            return passed_on[i].ends;
    return false;
}

/* ---- starting ---- */

static int exit_status_of_errno(int errnum)
{
    return errnum == ENOENT || errnum == ENOTDIR ? 127 : 126;
}

/* As execvp(3) and every shell: what has no magic number is a script of sh's.  On the heap; lives
 * until exec. */
static const char **as_script(const char *path, char *const *argv)
{
    size_t count = 0;
    while (argv[count])
        count++;
    const char **script = calloc(count + 2, sizeof *script);
    if (!script)
        return NULL;
    script[0] = "sh";
    script[1] = path;
    if (count > 1)
        memcpy((void *)(script + 2), argv + 1, (count - 1) * sizeof *script);
    return script;
}

int child_become(const char *path, char *const *argv)
{
    inherit_restore();
    execv(path, argv);
    const char **script = errno == ENOEXEC ? as_script(path, argv) : NULL;
    if (script) {
        execv("/bin/sh", (char *const *)script);
        free((void *)script);
    }
    return exit_status_of_errno(errno);
}

struct birth {
    const char *path;
    char *const *argv;
    int in, out;
    pid_t parent;
    sigset_t mask;
};

/* Between fork and exec: only what is safe there.  Our handlers go before the mask does: a signal
 * that waits behind it must meet what the program would have met. */
static int be_child(void *ctx)
{
    const struct birth *b = ctx;
    os_die_with_parent(b->parent);
    if ((b->in >= 0 && dup2(b->in, STDIN_FILENO) < 0) ||
        (b->out >= 0 && dup2(b->out, STDOUT_FILENO) < 0))
        return errno;
    inherit_restore();
    for (int i = 0; i < PASSED_ON; i++)
        sigaction(passed_on[i].number, &before[i], NULL);
    sigprocmask(SIG_SETMASK, &b->mask, NULL);
    execv(b->path, b->argv);
    return errno;
}

static int start(struct birth *b, pid_t *ret_pid)
{
    int failed = os_start(be_child, b, ret_pid);
    const char **script = failed == ENOEXEC ? as_script(b->path, b->argv) : NULL;
    if (!script)
        return failed;
    b->path = "/bin/sh";
    b->argv = (char *const *)script;
    failed = os_start(be_child, b, ret_pid);
    free((void *)script);
    return failed;
}

bool child_start(const char *path, char *const *argv, int stdin_fd, int stdout_fd,
                 struct child *ret, struct err *e)
{
    struct birth b = {
        .path = path, .argv = argv, .in = stdin_fd, .out = stdout_fd, .parent = getpid()};
    sigset_t all, ours;
    pid_t pid;
    /* A signal between fork and exec would run our handler in the child. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &ours);
    b.mask = ours;
    blocked_child |= sigismember(&ours, SIGCHLD) == 1;
    if (blocked_child)
        sigaddset(&b.mask, SIGCHLD);
    sigdelset(&ours, SIGCHLD); /* blocked, it would keep the child's end from us */
    int failed = start(&b, &pid);
    sigprocmask(SIG_SETMASK, &ours, NULL);
    if (failed) {
        err_errno(e, failed, "cannot run %s", path);
        e->code = exit_status_of_errno(failed) == 127 ? ERR_NOT_FOUND : ERR_DENIED;
        return false;
    }
    *ret = (struct child){.pid = pid};
    return true;
}

/* ---- signals ---- */

/* Set in the byte of a signal that the system made, not a process. */
enum { BY_SYSTEM = 0x80 };

/* Of a call that is made again. */
enum { MOST_FAILURES = 3 };

static bool by_system(const siginfo_t *info)
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
    unsigned char byte = (unsigned char)(number | (by_system(info) ? BY_SYSTEM : 0));
    /* A byte that is lost is a child waited for without end.  A full pipe has enough to tell. */
    for (int tries = 0; tries < MOST_FAILURES; tries++)
        if (write(signal_pipe[1], &byte, 1) == 1 || errno == EAGAIN)
            break;
    errno = saved;
}

bool signals_catch(struct err *e)
{
    if (!os_pipe(signal_pipe))
        return err_errno(e, errno, "cannot make a pipe");
    fcntl(signal_pipe[0], F_SETFL, O_NONBLOCK);
    fcntl(signal_pipe[1], F_SETFL, O_NONBLOCK);
    /* No SA_RESTART: a write to a terminal that has been stopped must not keep us from them. */
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
    sigfillset(&action.sa_mask);
    sigaction(SIGCHLD, &action, &before_child);
    for (int i = 0; i < PASSED_ON; i++) {
        sigaction(passed_on[i].number, &action, &before[i]);
        if (before[i].sa_handler == SIG_IGN) /* nohup: the child ignores it as well */
            sigaction(passed_on[i].number, &before[i], NULL);
    }
    return true;
}

void signals_release(void)
{
    if (signal_pipe[0] < 0)
        return;
    for (int i = 0; i < PASSED_ON; i++)
        sigaction(passed_on[i].number, &before[i], NULL);
    sigaction(SIGCHLD, &before_child, NULL);
    close(signal_pipe[0]);
    close(signal_pipe[1]);
    signal_pipe[0] = signal_pipe[1] = -1;
}

int signals_fd(void)
{
    return signal_pipe[0];
}

/* True: it was stopped and goes on. */
static bool see_change(struct child *c)
{
    bool continued = false;
    int status, failures = 0;
    pid_t pid;
    /* Nobody tells us a second time: one failed call must not be the end of looking. */
    while (!c->ended && (pid = waitpid(c->pid, &status, WNOHANG | WUNTRACED | WCONTINUED)) != 0) {
        if (pid < 0 && (errno == ECHILD || ++failures == MOST_FAILURES))
            break;
        if (pid < 0)
            continue;
        continued = WIFCONTINUED(status);
        c->stopped_by = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
        c->ended = WIFEXITED(status) || WIFSIGNALED(status);
        c->status = status;
    }
    return continued;
}

/* Whoever waits for us is to see what it would have seen of the child: stopped, by this signal. */
static void stop_too(struct child *c)
{
    const struct sigaction by_default = {.sa_handler = SIG_DFL};
    struct sigaction ours;
    int number = c->stopped_by;
    c->stopped_by = 0;
    if (number != SIGSTOP)
        sigaction(number, &by_default, &ours);
    raise(number);
    if (number != SIGSTOP)
        sigaction(number, &ours, NULL);
}

/* A terminal tells the whole process group, so the child too; one that hangs up tells the leader of
 * its session alone.  Other signals of the system's (an alarm set before we were started) are
 * ours. */
static bool terminal_told_child(int number)
{
    switch (number) {
    case SIGINT:
    case SIGQUIT:
    case SIGTSTP:
    case SIGWINCH: return true;
    case SIGHUP: return getsid(0) != getpid();
    default: return false;
    }
}

static void take_signal(struct child *c, unsigned char byte)
{
    int number = byte & ~BY_SYSTEM;
    if (ends(number))
        c->told = number;
    if (number == SIGCHLD || number == SIGCONT || c->ended)
        return;
    if (!(byte & BY_SYSTEM) || !terminal_told_child(number))
        kill(c->pid, number);
}

void child_signals(struct child *c)
{
    unsigned char bytes[64];
    bool go_on = false, over = c->ended;
    ssize_t n = read(signal_pipe[0], bytes, sizeof bytes);
    for (ssize_t i = 0; i < n; i++) {
        go_on |= (bytes[i] & ~BY_SYSTEM) == SIGCONT;
        take_signal(c, bytes[i]);
        if (over && ends(bytes[i] & ~BY_SYSTEM)) { /* nobody left to pass it on to */
            signals_release();
            raise(bytes[i] & ~BY_SYSTEM);
        }
    }
    bool continued = see_change(c);
    if (go_on && !continued && !c->ended) { /* fg and bg tell the whole group: then it has it */
        kill(c->pid, SIGCONT);
        c->stopped_by = 0;
    }
    if (c->stopped_by)
        stop_too(c);
}

/* ---- the end ---- */

int child_exit_status(const struct child *c)
{
    return WIFSIGNALED(c->status) ? 128 + WTERMSIG(c->status) : WEXITSTATUS(c->status);
}

bool child_was_told_to_end(const struct child *c)
{
    return c->ended && WIFSIGNALED(c->status) && c->told == WTERMSIG(c->status);
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
