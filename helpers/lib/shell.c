#include "shell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "keeper.h"
#include "os/pipe.h"

extern char **environ;

#define READ_SIZE 4096

/* Our ends of its pipes; -1: closed, or there was none. */
struct talk {
    const struct shell_command *shell;
    struct buf *out;
    int to, from;
    size_t sent;
};

enum ending { ENDED, TOO_LATE, TOO_MUCH, BROKEN };

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void connect_stream(posix_spawn_file_actions_t *files, int end, int fd, int mode)
{
    if (end >= 0)
        posix_spawn_file_actions_adddup2(files, end, fd);
    else
        posix_spawn_file_actions_addopen(files, fd, "/dev/null", mode, 0);
}

struct birth {
    const char *command;
    int in, out; /* -1: /dev/null */
};

/* Ours ignores SIGPIPE. */
static int spawn_shell(void *ctx, pid_t *ret)
{
    const struct birth *b = ctx;
    char sh[] = "sh", option[] = "-c";
    char *argv[] = {sh, option, (char *)b->command, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t defaults, none;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGXFSZ);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_init(&files);
    connect_stream(&files, b->in, STDIN_FILENO, O_RDONLY);
    connect_stream(&files, b->out, STDOUT_FILENO, O_WRONLY);
    connect_stream(&files, -1, STDERR_FILENO, O_WRONLY);
    int errnum = posix_spawn(ret, "/bin/sh", &files, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return errnum;
}

static bool start(struct talk *t, struct keeper *ret, struct err *e)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    int errnum = 0;
    if ((t->shell->input && !os_pipe(in)) || (t->out && !os_pipe(out)))
        errnum = errno;
    if (!errnum)
        errnum = keeper_start(spawn_shell, &(struct birth){t->shell->command, in[0], out[1]}, ret);
    close_end(&in[0]);
    close_end(&out[1]);
    t->to = in[1];
    t->from = out[0];
    if (errnum) {
        close_end(&t->to);
        close_end(&t->from);
        return err_errno(e, errnum, "%s: cannot start a shell", t->shell->what);
    }
    if (t->to >= 0)
        fcntl(t->to, F_SETFL, O_NONBLOCK);
    return true;
}

/* A command that does not read its input is none the worse for it. */
static void feed(struct talk *t)
{
    ssize_t n = write(t->to, t->shell->input + t->sent, t->shell->input_len - t->sent);
    if (n > 0)
        t->sent += (size_t)n;
    if (t->sent == t->shell->input_len || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_end(&t->to);
}

static enum ending take(struct talk *t)
{
    char beyond; /* what does not fit, of which one byte tells */
    size_t left = buf_left(t->out), room = left < READ_SIZE ? left : READ_SIZE;
    char *at = room ? buf_space(t->out, room) : &beyond;
    if (!at)
        return BROKEN;
    ssize_t n = read(t->from, at, room ? room : 1);
    if (n > 0 && !room)
        return TOO_MUCH;
    if (n > 0)
        buf_added(t->out, (size_t)n);
    else if (n == 0)
        close_end(&t->from);
    else if (errno != EINTR)
        return BROKEN;
    return ENDED;
}

static enum ending exchange(struct talk *t)
{
    while (t->to >= 0 || t->from >= 0) {
        int64_t left = t->shell->deadline - clock_steady_ms();
        struct pollfd fds[] = {{.fd = t->to, .events = POLLOUT}, {.fd = t->from, .events = POLLIN}};
        if (left <= 0)
            return TOO_LATE;
        if (poll(fds, 2, left < 60000 ? (int)left : 60000) < 0 && errno != EINTR)
            return BROKEN;
        if (fds[0].revents)
            feed(t);
        enum ending so_far = fds[1].revents ? take(t) : ENDED;
        if (so_far != ENDED)
            return so_far;
    }
    return ENDED;
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

static bool explain(const struct talk *t, enum ending ending, int status, struct err *e)
{
    const char *what = t->shell->what;
    if (ending == ENDED && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (ending == TOO_LATE)
        err_set(e, ERR_FAILED, "%s did not end in time", what);
    else if (ending == TOO_MUCH)
        err_set(e, ERR_FAILED, "%s printed more than %zu bytes", what, t->out->limit);
    else if (ending == BROKEN || WIFSIGNALED(status))
        err_set(e, ERR_FAILED, "%s was killed", what);
    else
        err_set(e, ERR_FAILED, "%s failed (exit status %d)", what, WEXITSTATUS(status));
    return err_hint(e, "run it by hand to see what it says");
}

bool shell_run(const struct shell_command *s, struct buf *out, struct err *e)
{
    struct talk t = {.shell = s, .out = out, .to = -1, .from = -1};
    int status = 0;
    struct keeper shell = {.leash = -1};
    if (!start(&t, &shell, e))
        return false;
    enum ending ending = exchange(&t);
    close_end(&t.to);
    close_end(&t.from);
    ending = wait_for(shell.pid, ending, s->deadline, &status);
    keeper_let_go(&shell);
    return explain(&t, ending, status, e);
}
