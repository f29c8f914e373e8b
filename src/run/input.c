#include "run/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/inherit.h"
#include "base/limits.h"
#include "os/pipe.h"

/* FIRST: most prompts fit.  AHEAD: how far the spool may be before the child, so that one that
 * does not read fills no memory. */
enum { FIRST = 16384, AHEAD = 65536 };

void input_open(struct input *in)
{
    struct stat st;
    *in = (struct input){.kind = INPUT_OWN, .to_child = -1, .keeping = true};
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
    free(in->spool);
    in->spool = NULL;
    in->room = in->len = in->sent = 0;
}

/* The end is passed on when all before it was. */
static void close_when_done(struct input *in)
{
    if (in->ended && in->sent == in->len)
        close_child(in);
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
    if (!os_pipe(fds))
        return err_errno(e, errno, "cannot make a pipe");
    fcntl(fds[1], F_SETFL, O_NONBLOCK);
    in->to_child = fds[1];
    in->sent = 0;
    *ret_child_fd = fds[0];
    close_when_done(in);
    return true;
}

const char *input_why_no_replay(const struct input *in)
{
    if (in->kind != INPUT_PIPE || in->keeping)
        return NULL;
    return in->too_long ? "its input was larger than the " LIMIT_SPOOL_TEXT " kept for a retry"
                        : "its input cannot be read a second time";
}

/* Drop what the child has got; what it has not is still owed. */
static void drop_sent(struct input *in)
{
    in->len -= in->sent;
    if (in->len)
        memmove(in->spool, in->spool + in->sent, in->len);
    in->sent = 0;
}

/* Nobody of ours will read standard input again. */
static void let_go(struct input *in)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0)
        dup2(nothing, STDIN_FILENO);
    if (nothing > STDIN_FILENO)
        close(nothing);
    in->ended = true;
}

void input_forget(struct input *in)
{
    if (!in->keeping)
        return;
    in->keeping = false;
    drop_sent(in);
    if (in->kind == INPUT_PIPE && in->to_child < 0 && !in->ended)
        let_go(in);
    /* The rest is at most AHEAD and a read long. */
    char *small = in->room > 4 * AHEAD ? realloc(in->spool, 4 * AHEAD) : NULL;
    if (small) {
        in->spool = small;
        in->room = 4 * AHEAD;
    }
}

bool input_wants_read(const struct input *in)
{
    return in->kind == INPUT_PIPE && !in->ended && in->to_child >= 0 && in->len - in->sent < AHEAD;
}

bool input_wants_write(const struct input *in)
{
    return in->to_child >= 0 && in->sent < in->len;
}

/* Room to read into.  False: memory is short. */
static bool make_room(struct input *in)
{
    if (in->len == LIMIT_SPOOL) {
        in->too_long = in->keeping;
        input_forget(in);
    }
    if (in->len < in->room)
        return true;
    size_t room = in->room ? in->room * 2 : FIRST;
    /* A client's prompt is no login: what realloc leaves behind need not be wiped. */
    char *more = realloc(in->spool, room);
    if (!more)
        return false;
    in->spool = more;
    in->room = room;
    return true;
}

void input_read(struct input *in)
{
    if (!make_room(in)) {
        input_forget(in);
        if (in->len == in->room)
            return;
    }
    size_t most = in->room - in->len < AHEAD ? in->room - in->len : AHEAD;
    ssize_t n = read(STDIN_FILENO, in->spool + in->len, most);
    if (n > 0)
        in->len += (size_t)n;
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        in->ended = true;
    close_when_done(in);
}

void input_hang_up(struct input *in)
{
    close_child(in);
    if (!in->keeping && !in->ended) /* else the next run may still want to read it */
        let_go(in);
}

void input_write(struct input *in)
{
    ssize_t n = write(in->to_child, in->spool + in->sent, in->len - in->sent);
    if (n > 0)
        in->sent += (size_t)n;
    else if (n < 0 && errno != EINTR && errno != EAGAIN)
        input_hang_up(in);
    close_when_done(in);
    if (!in->keeping)
        drop_sent(in);
}
