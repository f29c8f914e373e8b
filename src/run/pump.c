#include "run/pump.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/limits.h"

enum { CHUNK = 65536 };

/* With input to pass on at the same time, output is written in pieces that a pipe which polls
 * writable takes whole (POSIX: PIPE_BUF), so that a slow reader never stops the input. */
enum { PIECE = 4096 };

void pump_init(struct pump *p, struct child *child, struct input *input, int from_child,
               pump_look_fn *look, void *ctx)
{
    *p = (struct pump){
        .child = child, .input = input, .from_child = from_child, .look = look, .ctx = ctx};
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

/* The bytes are on their way, or nobody wants them.  In the latter case the child is to find that
 * out as it would have without us: its next write fails. */
static void write_out(struct pump *p, const char *bytes, size_t len)
{
    p->released = true;
    while (len && !p->reader_gone) {
        ssize_t n = write(STDOUT_FILENO, bytes, len);
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};
            (void)poll(&fd, 1, -1);
        } else if (n == 0 || errno != EINTR) {
            p->reader_gone = true;
        }
    }
    if (p->reader_gone)
        close_output(p);
}

void pump_release(struct pump *p)
{
    if (p->held.len)
        write_out(p, p->held.data, p->held.len);
    buf_free(&p->held);
}

static bool take_output(struct pump *p, size_t most, struct err *e)
{
    /* What is not held goes straight through: one buffer of the stack's. */
    char passing[CHUNK];
    char *at = p->released ? passing : buf_space(&p->held, most);
    if (!at)
        return buf_error(&p->held, "the output held back", e);
    ssize_t n = read(p->from_child, at, most);
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
        close_output(p);
    if (n <= 0)
        return true;
    bool fine = p->look(p->ctx, at, (size_t)n);
    if (p->released) {
        write_out(p, at, (size_t)n);
        return true;
    }
    buf_added(&p->held, (size_t)n);
    if (fine) {
        pump_release(p);
        input_forget(p->input);
    }
    return true;
}

enum { SIGNALS, OUTPUT, STANDARD_OUTPUT, INPUT, CHILD_INPUT, STREAMS };

static struct pollfd when(bool wanted, int fd, short events)
{
    return (struct pollfd){.fd = wanted ? fd : -1, .events = events};
}

/* While input is passed on, output is only read when there is room for it on the other side. */
static bool has_room(struct pump *p)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (!p->released || p->input->to_child < 0)
        return true;
    return poll(&out, 1, 0) != 0;
}

static size_t piece(const struct pump *p)
{
    return p->released && p->input->to_child >= 0 ? PIECE : CHUNK;
}

/* Wait for whatever can be done next, and do it.  *RET_IDLE: the child had nothing to say. */
static bool round_trip(struct pump *p, bool *ret_idle, struct err *e)
{
    struct input *in = p->input;
    struct pollfd fds[STREAMS] = {
        [SIGNALS] = when(true, signals_fd(), POLLIN),
        [OUTPUT] = when(!p->full, p->from_child, POLLIN),
        [STANDARD_OUTPUT] = when(p->full, STDOUT_FILENO, POLLOUT),
        [INPUT] = when(input_wants_read(in), STDIN_FILENO, POLLIN),
        [CHILD_INPUT] = when(input_wants_write(in), in->to_child, POLLOUT),
    };
    if (poll(fds, STREAMS, p->child->ended ? 0 : -1) < 0 && errno != EINTR)
        return err_errno(e, errno, "cannot wait for the client");
    *ret_idle = !p->full && !fds[OUTPUT].revents;
    if (fds[SIGNALS].revents)
        child_signals(p->child);
    if (fds[INPUT].revents)
        input_read(in);
    if (fds[CHILD_INPUT].revents && in->to_child >= 0)
        input_write(in);
    if (fds[STANDARD_OUTPUT].revents)
        p->full = false;
    if (!fds[OUTPUT].revents)
        return true;
    p->full = !has_room(p);
    return p->full || take_output(p, piece(p), e);
}

bool pump_run(struct pump *p, struct err *e)
{
    bool idle = false;
    /* When the child is gone and its pipe is empty, somebody it left behind may still hold the
     * other end; whoever waits for us waits for the child alone. */
    while (!p->child->ended || (p->from_child >= 0 && !idle))
        if (!round_trip(p, &idle, e))
            return false;
    return true;
}
