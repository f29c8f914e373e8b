#include "watch/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/pipe.h"
#include "os/process.h"
#include "watch/signals.h"

static _Noreturn void work(const struct duty_order *o, const struct lock *l, int out, pid_t watcher)
{
    struct duty_report report;
    setpgid(0, 0);
    close(l->fd); /* else the watcher's place would stay taken for as long as we live */
    signals_forget();
    /* Who waits is of no use without the watcher; who syncs finishes what was begun. */
    if (o->what == DUTY_WAIT)
        os_die_with_parent(watcher);
    duty_perform(o, &report);
    (void)fflush(stdout);
    bool told = write(out, &report, sizeof report) == (ssize_t)sizeof report;
    _exit(told ? 0 : 1);
}

bool worker_start(struct worker *w, const struct duty_order *o, const struct lock *l, struct err *e)
{
    int fds[2];
    sigset_t before;
    pid_t watcher = getpid();
    if (!os_pipe(fds))
        return err_errno(e, errno, "cannot make a pipe");
    signals_hold(&before);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        work(o, l, fds[1], watcher);
    }
    int failed = errno;
    signals_let(&before);
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return err_errno(e, failed, "cannot start a process");
    }
    setpgid(pid, pid); /* whoever is first */
    *w = (struct worker){
        .pid = pid, .fd = fds[0], .deadline = clock_steady_ms() + duty_most_ms(o), .order = *o};
    return true;
}

static void reap(struct worker *w, int *ret_status)
{
    while (waitpid(w->pid, ret_status, 0) < 0 && errno == EINTR)
        ;
    close(w->fd);
    *w = WORKER_NONE;
}

void worker_drop(struct worker *w)
{
    int ignored;
    if (!w->pid)
        return;
    if (w->order.what == DUTY_RENEW) {
        close(w->fd);
        *w = WORKER_NONE;
        return;
    }
    kill(-w->pid, SIGKILL);
    reap(w, &ignored);
}

/* It writes last, so what is missing of a report is at hand: a pipe need not take more than 512 bytes
 * in one piece (PIPE_BUF on macOS). */
static bool hear(int fd, struct duty_report *ret)
{
    size_t got = 0;
    while (got < sizeof *ret) {
        ssize_t n = read(fd, (char *)ret + got, sizeof *ret - got);
        if (n > 0)
            got += (size_t)n;
        else if (n == 0 || errno != EINTR)
            return false;
    }
    return true;
}

static void explain(const struct duty_order *o, bool late, int status, struct err *why)
{
    bool killed = WIFSIGNALED(status);
    if (late)
        err_set(why, ERR_UNREACHABLE, "the %s was not done within %lld s, and was ended",
                o->what == DUTY_RENEW ? "renewal" : "sync", (long long)duty_most_ms(o) / 1000);
    else
        err_set(why, ERR_FAILED, "the process that syncs ended without a word (%s %d)",
                killed ? "signal" : "status", killed ? WTERMSIG(status) : WEXITSTATUS(status));
    err_hint(why, "it is tried again by itself; what it depends on: credrelay doctor");
}

void worker_end(struct worker *w, struct duty_report *ret)
{
    struct duty_report report;
    bool late = clock_steady_ms() >= w->deadline;
    const struct duty_order order = w->order;
    int status = 0;
    bool told = !late && hear(w->fd, &report);
    if (!told)
        kill(-w->pid, SIGKILL);
    *ret = told ? report
                : (struct duty_report){.judged = w->order.judged,
                                       .standing = w->order.standing,
                                       .renews = w->order.what == DUTY_RENEW,
                                       .renewal.outcome = RENEWAL_COUNT};
    if (!told)
        ret->judged.file.failed = -1;
    reap(w, &status);
    if (!told) {
        explain(&order, late, status, &ret->failure);
        ret->renewal.why = ret->failure;
    }
}
