#include "run/input.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/inherit.h"
#include "base/limits.h"

enum { CHUNK = 65536 };

void input_open(struct input *in)
{
    struct stat st;
    *in = (struct input){.kind = INPUT_OWN, .to_child = -1, .keeping = true};
    buf_init(&in->spool, LIMIT_SPOOL);
    if (inherit_was_closed(STDIN_FILENO) || fstat(STDIN_FILENO, &st) != 0)
        return;
    if (S_ISREG(st.st_mode)) {
        in->start = lseek(STDIN_FILENO, 0, SEEK_CUR);
        in->kind = in->start >= 0 ? INPUT_FILE : INPUT_OWN;
    } else if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)) {
        in->kind = INPUT_PIPE;
    }
}

static void close_child(struct input *in)
{
    if (in->to_child >= 0)
        close(in->to_child);
    in->to_child = -1;
}

void input_free(struct input *in)
{
    close_child(in);
    buf_free(&in->spool);
}

bool input_begin(struct input *in, int *ret_child_fd, struct err *e)
{
    int fds[2];
    *ret_child_fd = -1;
    if (in->kind == INPUT_FILE && lseek(STDIN_FILENO, in->start, SEEK_SET) < 0)
        return err_errno(e, errno, "cannot rewind standard input");
    if (in->kind != INPUT_PIPE)
        return true;
    close_child(in);
    if (pipe(fds) != 0)
        return err_errno(e, errno, "cannot make a pipe");
    fcntl(fds[0], F_SETFD, FD_CLOEXEC);
    fcntl(fds[1], F_SETFD, FD_CLOEXEC);
    fcntl(fds[1], F_SETFL, O_NONBLOCK);
    in->to_child = fds[1];
    in->sent = 0;
    *ret_child_fd = fds[0];
    return true;
}

bool input_can_replay(const struct input *in)
{
    return in->kind == INPUT_FILE || (in->kind == INPUT_PIPE && in->keeping) ||
           (in->kind == INPUT_OWN && !isatty(STDIN_FILENO));
}

/* Drop what the child has got; what it has not is still owed. */
static void drop_sent(struct input *in)
{
    buf_drop(&in->spool, in->sent);
    in->sent = 0;
}

void input_forget(struct input *in)
{
    in->keeping = false;
    drop_sent(in);
}

bool input_wants_read(const struct input *in)
{
    if (in->kind != INPUT_PIPE || in->ended || in->to_child < 0)
        return false;
    /* One chunk ahead of the child is enough: a child that does not read must not fill memory. */
    return in->spool.len - in->sent < CHUNK;
}

bool input_wants_write(const struct input *in)
{
    return in->to_child >= 0 && in->sent < in->spool.len;
}

void input_read(struct input *in)
{
    char *at = buf_space(&in->spool, CHUNK);
    if (!at) {
        /* More than is kept for a retry: from here on it only passes through. */
        in->spool.failed = false;
        input_forget(in);
        at = buf_space(&in->spool, CHUNK);
        if (!at)
            return;
    }
    ssize_t n = read(STDIN_FILENO, at, CHUNK);
    if (n > 0)
        buf_added(&in->spool, (size_t)n);
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        in->ended = true;
    if (in->ended && in->sent == in->spool.len)
        close_child(in);
}

void input_write(struct input *in)
{
    ssize_t n = write(in->to_child, in->spool.data + in->sent, in->spool.len - in->sent);
    if (n > 0)
        in->sent += (size_t)n;
    bool gone = n < 0 && errno != EINTR && errno != EAGAIN; /* the child reads no more */
    if (gone || (in->ended && in->sent == in->spool.len))
        close_child(in);
    if (!in->keeping)
        drop_sent(in);
}
