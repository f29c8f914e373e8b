#include "run/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/inherit.h"
#include "base/limits.h"
#include "os/pipe.h"

/* What is not held passes through here. */
static char passing[65536];

enum { CHUNK = sizeof passing, FIRST = 4096, MOVE = 1 << 20, MUCH = 1 << 20, WIDE = 1 << 18 };

/* How long the end of the child's output may come before its own end without being passed on. */
enum { ENDING_MS = 50 };

void pump_init(struct pump *p, struct child *child, struct input *input, int from_child,
               pump_look_fn *look, void *ctx)
{
    *p = (struct pump){
        .child = child, .input = input, .from_child = from_child, .look = look, .ctx = ctx};
    p->piece = PIPE_BUF; /* POSIX: a pipe that polls writable takes that much whole */
    buf_init(&p->held, LIMIT_HELD + CHUNK);
}

static void close_output(struct pump *p)
{
    if (p->from_child >= 0)
        close(p->from_child);
    p->from_child = -1;
}

void pump_free(struct pump *p)
{
    close_output(p);
    buf_free(&p->held);
}

/* ---- to our standard output ---- */

/* Nobody wants the output: the child is to find that out as it would have without us, its next
 * write fails. */
static void give_up_output(struct pump *p)
{
    p->unread = true;
    close_output(p);
    buf_free(&p->held);
    p->written = 0;
}

static void lose_output(struct pump *p, int why)
{
    p->lost = why;
    give_up_output(p);
}

/* At most LEN bytes; returns how many. */
static size_t write_some(struct pump *p, const char *bytes, size_t len)
{
    ssize_t n = write(STDOUT_FILENO, bytes, len);
    if (n >= 0)
        return (size_t)n;
    if (errno == EAGAIN)
        p->full = true;
    else if (errno != EINTR)
        lose_output(p, errno);
    return 0;
}

/* What follows goes on at once. */
static void begin_release(struct pump *p)
{
    struct stat st;
    p->released = true;
    if (fstat(STDOUT_FILENO, &st) != 0)
        return;
    /* A file or /dev/null takes whatever comes; a terminal, like a pipe, may be slow. */
    bool takes_all = S_ISREG(st.st_mode) || (S_ISCHR(st.st_mode) && !isatty(STDOUT_FILENO));
    if (takes_all)
        p->piece = CHUNK;
    p->teeable = S_ISFIFO(st.st_mode);
    p->movable = takes_all || p->teeable;
}

static bool has_room(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) != 0;
}

static bool holds(const struct pump *p)
{
    return p->held.len > 0;
}

/* Write of what was held as much as there is room for. */
static void drain(struct pump *p)
{
    while (holds(p) && !(p->full = !has_room())) {
        size_t left = p->held.len - p->written;
        size_t n = write_some(p, p->held.data + p->written, left < p->piece ? left : p->piece);
        p->written += n;
        if (n == left) {
            buf_free(&p->held);
            p->written = 0;
        }
    }
}

/* ---- from the child ---- */

/* Read into AT.  0: nothing, and the stream may be at its end. */
static size_t read_child(struct pump *p, char *at, size_t most)
{
    ssize_t n = read(p->from_child, at, most);
    if (n < 0 && errno != EINTR && errno != EAGAIN)
        p->unreadable = errno;
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
        close_output(p);
    return n > 0 ? (size_t)n : 0;
}

/* The child has said something that we have not read. */
static bool has_output(const struct pump *p)
{
    struct pollfd from = {.fd = p->from_child, .events = POLLIN};
    return poll(&from, 1, 0) > 0 && (from.revents & POLLIN);
}

static bool hold_output(struct pump *p, struct err *e)
{
    /* As much again as there is: little for a short answer, few steps for a long one. */
    size_t most = p->held.len < FIRST ? FIRST : p->held.len < CHUNK ? p->held.len : CHUNK;
    char *at = buf_space(&p->held, most);
    if (!at)
        return buf_error(&p->held, "the output held back", e);
    size_t n = read_child(p, at, most);
    buf_added(&p->held, n);
    if (n > 0 && (p->seen = p->look(p->ctx, at, n)) != PUMP_HOLD) {
        begin_release(p);
        input_forget(p->input);
        drain(p);
    }
    return true;
}

/* There is room for a piece: read no more than that, and it goes straight through. */
static bool pass_output(struct pump *p, struct err *e)
{
    if ((p->full = !has_room()))
        return true;
    size_t n = read_child(p, passing, p->piece);
    if (n > 0 && p->seen == PUMP_SHOW)
        p->seen = p->look(p->ctx, passing, n);
    size_t done = n > 0 ? write_some(p, passing, n) : 0;
    /* A terminal or socket took less than a piece, or a signal came between. */
    if (done < n && !p->unread && !buf_bytes(&p->held, passing + done, n - done))
        return buf_error(&p->held, "the output", e);
    return true;
}

/* What os_move or os_tee answered. */
static size_t moved(struct pump *p, ssize_t n, bool *can)
{
    if (n == 0)
        close_output(p);
    else if (n < 0 && errno == EAGAIN)
        p->full = true; /* it polled readable, so the lack is on the other side */
    else if (n < 0 && (errno == EINVAL || errno == ENOSYS))
        *can = false; /* a file opened for appending, a system that cannot */
    else if (n < 0 && errno != EINTR)
        lose_output(p, errno);
    return n > 0 ? (size_t)n : 0;
}

/* Shown first and looked at then: a pipe takes that without a copy of ours, and as much as there
 * is. */
static void tee_output(struct pump *p)
{
    size_t n = moved(p, os_tee(p->from_child, STDOUT_FILENO, CHUNK), &p->teeable);
    while (n > 0) {
        size_t some = read_child(p, passing, n);
        p->seen = p->look(p->ctx, passing, some);
        n = some ? n - some : 0;
    }
}

/* Much of it: with a wider pipe the child and we take turns less often. */
static void move_output(struct pump *p)
{
    size_t n = moved(p, os_move(p->from_child, STDOUT_FILENO, MOVE), &p->movable);
    if (p->moved < MUCH && (p->moved += n) >= MUCH)
        os_pipe_widen(p->from_child, WIDE);
}

static bool take_output(struct pump *p, struct err *e)
{
    if (!p->released)
        return hold_output(p, e);
    if (p->seen == PUMP_DONE && p->movable)
        move_output(p);
    else if (p->seen == PUMP_SHOW && p->teeable)
        tee_output(p);
    else
        return pass_output(p, e);
    return true;
}

/* ---- the loop ---- */

enum { SIGNALS, OUTPUT, STANDARD_OUTPUT, INPUT, CHILD_INPUT, STREAMS };

static struct pollfd when(bool wanted, int fd, bool ready, short events)
{
    struct pollfd stream = {.fd = wanted ? fd : -1};
    if (ready)
        stream.events = events;
    return stream;
}

/* The child goes on after it ended its output: ours ends as well. */
static void end_output(struct pump *p)
{
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nothing >= 0) {
        dup2(nothing, STDOUT_FILENO);
        close(nothing);
    }
    p->closed = true;
}

static bool output_over(const struct pump *p)
{
    return p->from_child < 0 && p->released && !holds(p);
}

static int patience(const struct pump *p)
{
    /* Its end is what was wanted: nobody waits for a reader that does not read. */
    if (p->child->ended && (!p->full || child_was_told_to_end(p->child)))
        return 0;
    return output_over(p) && !p->closed ? ENDING_MS : -1;
}

static void pass_input(struct input *in, const struct pollfd *from, const struct pollfd *to)
{
    if (from->revents)
        input_read(in);
    if (in->to_child >= 0 && (to->revents & POLLERR))
        input_hang_up(in);
    else if (in->to_child >= 0 && to->revents)
        input_write(in);
}

/* Wait for whatever can be done next, and do it.  *RET_IDLE: the child had ended, and nothing was
 * left to do. */
static bool round_trip(struct pump *p, bool *ret_idle, struct err *e)
{
    struct input *in = p->input;
    bool waits = p->full || (p->released && holds(p)), over = p->child->ended;
    struct pollfd fds[STREAMS] = {
        [SIGNALS] = when(true, signals_fd(), true, POLLIN),
        [OUTPUT] = when(!waits, p->from_child, true, POLLIN),
        /* Even when nothing is to be written: an error says that the reader has gone. */
        [STANDARD_OUTPUT] = when(!p->unread && !p->closed, STDOUT_FILENO, waits, POLLOUT),
        [INPUT] = when(input_wants_read(in), STDIN_FILENO, true, POLLIN),
        [CHILD_INPUT] = when(true, in->to_child, input_wants_write(in), POLLOUT),
    };
    *ret_idle = false;
    int ready = poll(fds, STREAMS, patience(p));
    if (ready < 0)
        return errno == EINTR || err_errno(e, errno, "cannot wait for the client");
    *ret_idle = over && !fds[OUTPUT].revents && !(waits && fds[STANDARD_OUTPUT].revents);
    if (ready == 0 && output_over(p) && !p->closed && !p->child->ended)
        end_output(p);
    pass_input(in, &fds[INPUT], &fds[CHILD_INPUT]);
    if (fds[STANDARD_OUTPUT].revents & (POLLERR | POLLHUP)) {
        if (waits || has_output(p))
            p->lost = EPIPE;
        give_up_output(p);
    }
    if (fds[STANDARD_OUTPUT].revents && waits && !p->unread) {
        p->full = false;
        drain(p);
    }
    bool ok = !fds[OUTPUT].revents || p->from_child < 0 || take_output(p, e);
    /* After the output: we stop when the child has stopped, and what it said before is out by
     * then, as it would be without us. */
    if (fds[SIGNALS].revents)
        child_signals(p->child);
    return ok;
}

bool pump_run(struct pump *p, struct err *e)
{
    bool idle = false;
    while (!p->child->ended || ((p->from_child >= 0 || (p->released && holds(p))) && !idle))
        if (!round_trip(p, &idle, e))
            return false;
    return true;
}

/* ---- afterwards ---- */

void pump_release(struct pump *p)
{
    if (child_was_told_to_end(p->child)) {
        drain(p);
        return;
    }
    while (holds(p) && !p->unread) {
        size_t n = write_some(p, p->held.data + p->written, p->held.len - p->written);
        p->written += n;
        if (p->written == p->held.len) {
            buf_free(&p->held);
            p->written = 0;
        } else if (n == 0 && p->full) {
            struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
            (void)poll(&out, 1, -1);
            p->full = false;
        }
    }
}

/* What others have given us is not kept open for that. */
static _Noreturn void pass_the_rest(int from)
{
    ssize_t n;
    signal(SIGPIPE, SIG_DFL);
    dup2(from, STDIN_FILENO);
    close(STDERR_FILENO);
    inherit_close_from(STDERR_FILENO + 1);
    while ((n = read(STDIN_FILENO, passing, sizeof passing)) > 0)
        for (ssize_t at = 0, some = 0; at < n; at += some)
            if ((some = write(STDOUT_FILENO, passing + at, (size_t)(n - at))) < 0)
                _exit(1);
    _exit(0);
}

void pump_leave(struct pump *p)
{
    struct pollfd from = {.fd = p->from_child, .events = POLLIN};
    if (p->from_child < 0 || p->unread || child_was_told_to_end(p->child))
        return;
    bool ended = poll(&from, 1, 0) > 0 && (from.revents & POLLHUP) && !(from.revents & POLLIN);
    if (!ended && fork() == 0)
        pass_the_rest(p->from_child);
}
