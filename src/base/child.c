#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "os/pipe.h"

extern char **environ;

/* Our ends of the child's three pipes; -1: closed. */
struct ends {
    int in, out, err;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int start(const struct child_run *run, const int in[2], const int out[2], const int err[2],
                 pid_t *ret_pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    int failed = posix_spawn_file_actions_adddup2(&files, in[0], STDIN_FILENO);
    failed = failed ? failed : posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
    failed = failed ? failed : posix_spawn_file_actions_adddup2(&files, err[1], STDERR_FILENO);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    if (!failed)
        failed = posix_spawn(ret_pid, run->program, &files, &attributes, (char *const *)run->argv,
                             environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

static bool spawn(const struct child_run *run, struct ends *ret, pid_t *ret_pid, struct err *e)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
    bool ok =
        (os_pipe(in) && os_pipe(out) && os_pipe(err)) || err_errno(e, errno, "cannot make a pipe");
    int failed = ok ? start(run, in, out, err, ret_pid) : 0;
    if (failed) {
        ok = false;
        if (failed == ENOMEM)
            err_no_memory(e);
        else
            err_errno(e, failed, "cannot start %s", run->program);
    }
    close_fd(&in[0]);
    close_fd(&out[1]);
    close_fd(&err[1]);
    if (!ok) {
        close_fd(&in[1]);
        close_fd(&out[0]);
        close_fd(&err[0]);
        return false;
    }
    /* A child that does not read must not stop us from reading. */
    fcntl(in[1], F_SETFL, O_NONBLOCK);
    *ret = (struct ends){in[1], out[0], err[0]};
    return true;
}

/* Send what the pipe takes; close when all is sent or nobody reads. */
static void feed(struct ends *ends, const struct child_run *run, size_t *sent)
{
    ssize_t n = write(ends->in, (const char *)run->input + *sent, run->input_len - *sent);
    if (n > 0)
        *sent += (size_t)n;
    if (*sent == run->input_len || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_fd(&ends->in);
}

/* As messages call it. */
#define ANSWER "the helper's answer"

/* Take what there is; close at the end of the stream.  What is not ALL_OF_IT may be cut short: by
 * what OUT may hold, or by a failure to read. */
static bool drain(int *fd, struct buf *out, bool all_of_it, struct err *e)
{
    bool ok = true;
    char beyond[4096]; /* what does not fit, one byte of which tells that it does not */
    size_t left = buf_left(out), room = left < sizeof beyond ? left : sizeof beyond;
    char *at = room ? buf_space(out, room) : beyond;
    if (!at)
        return buf_error(out, ANSWER, e);
    ssize_t n = read(*fd, at, room ? room : sizeof beyond);
    bool failed = n < 0 && errno != EINTR && errno != EAGAIN;
    if (n > 0 && room)
        buf_added(out, (size_t)n);
    else if (n > 0 && all_of_it)
        ok = buf_space(out, 1) || buf_error(out, ANSWER, e); /* none: it is full, and says so */
    else if (failed && all_of_it)
        ok = err_errno(e, errno, "cannot read %s", ANSWER);
    else if (failed || n == 0)
        close_fd(fd);
    sodium_memzero(beyond, sizeof beyond);
    return ok;
}

static bool talk(struct ends *ends, const struct child_run *run, struct buf *out,
                 struct buf *errors, struct err *e)
{
    size_t sent = 0;
    while (ends->out >= 0) {
        struct pollfd fds[] = {{.fd = ends->out, .events = POLLIN},
                               {.fd = ends->err, .events = POLLIN},
                               {.fd = ends->in, .events = POLLOUT}};
        int64_t left = run->deadline - clock_steady_ms();
        if (left <= 0)
            return err_set(e, ERR_UNREACHABLE, "no answer in time");
        if (poll(fds, 3, (int)left) < 0 && errno != EINTR)
            return err_errno(e, errno, "cannot wait for the helper");
        if (fds[2].revents)
            feed(ends, run, &sent);
        if ((fds[1].revents && !drain(&ends->err, errors, false, e)) ||
            (fds[0].revents && !drain(&ends->out, out, true, e)))
            return false;
    }
    return true;
}

/* Wait until DEADLINE for the end, then make it come.  False: it had to be made. */
static bool reap(pid_t pid, int64_t deadline, int *ret_status)
{
    while (waitpid(pid, ret_status, WNOHANG) == 0) {
        if (clock_steady_ms() >= deadline) {
            kill(pid, SIGKILL);
            while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
                ;
            return false;
        }
        clock_sleep_ms(1);
    }
    return true;
}

bool child_run(const struct child_run *run, struct buf *out, struct buf *errors, int *ret_status,
               struct err *e)
{
    struct ends ends;
    pid_t pid = -1;
    int status = 0;
    if (!spawn(run, &ends, &pid, e))
        return false;
    bool ok = talk(&ends, run, out, errors, e);
    close_fd(&ends.in);
    close_fd(&ends.out);
    close_fd(&ends.err);
    /* It may have closed its output and stayed; after a failed talk it is not waited for. */
    if (!reap(pid, ok ? run->deadline : 0, &status) && ok)
        ok = err_set(e, ERR_UNREACHABLE, "no answer in time");
    if (ok)
        *ret_status = status;
    return ok;
}
