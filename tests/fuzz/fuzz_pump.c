/* Any output in any pieces comes out as it went in: nothing before the verdict lets it go, every
 * byte once and in order after that, whatever lies on the two sides.  Built and run by
 * tests/fuzz/run.
 *
 * Input: a byte for the format and the two sides, one that chooses the pieces, then the output. */
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run/pump.h"
#include "run/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What fits into a pipe and into a socket's queue, so that one process can play all parts. */
enum { MOST = 3000, MOST_PIECES = 100 };

enum { FROM_SOCKET = 4, TO_FILE = 8, LOOK_NO_MORE = 16 };

struct looker {
    struct verdict *verdict;
    bool fine, look_no_more;
};

static void must(bool truth)
{
    if (!truth)
        abort();
}

static enum pump_seen look(void *ctx, const char *bytes, size_t len)
{
    struct looker *l = ctx;
    l->fine = verdict_feed(l->verdict, bytes, len) == VERDICT_FINE;
    if (!l->fine)
        return PUMP_HOLD;
    return l->look_no_more ? PUMP_DONE : PUMP_SHOW;
}

/* The child's standard output with OUT in it, ended.  A socket keeps the pieces apart. */
static int child_output(const uint8_t *out, size_t len, uint8_t mode, uint8_t pieces)
{
    int fds[2];
    uint32_t random = pieces * 2654435761u + 1;
    size_t most = len / MOST_PIECES + 1 + pieces;
    must(mode & FROM_SOCKET ? socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == 0 : pipe(fds) == 0);
    for (size_t at = 0, n; at < len; at += n) {
        random = random * 1664525u + 1013904223u;
        n = len / MOST_PIECES + 1 + (random >> 16) % most;
        n = n < len - at ? n : len - at;
        must(write(fds[1], out + at, n) == (ssize_t)n);
    }
    close(fds[1]);
    return fds[0];
}

/* Standard output becomes a file or a pipe; what comes out of it is read from *RET. */
static void open_sink(uint8_t mode, int *ret)
{
    int fds[2];
    if (mode & TO_FILE) {
        fds[0] = fds[1] = memfd_create("sink", MFD_CLOEXEC);
        must(fds[0] >= 0);
    } else {
        /* Room for every piece: each moved takes a slot of its own, and nobody reads meanwhile. */
        must(pipe(fds) == 0 && fcntl(fds[1], F_SETPIPE_SZ, 1 << 20) > 0);
    }
    must(dup2(fds[1], STDOUT_FILENO) == STDOUT_FILENO);
    if (fds[1] != fds[0])
        close(fds[1]);
    *ret = fds[0];
}

static size_t shown(int sink, uint8_t mode, char *out)
{
    struct pollfd fd = {.fd = sink, .events = POLLIN};
    if (mode & TO_FILE) {
        ssize_t n = pread(sink, out, MOST + 1, 0);
        must(n >= 0);
        return (size_t)n;
    }
    size_t len = 0;
    while (poll(&fd, 1, 0) > 0 && (fd.revents & POLLIN)) {
        ssize_t n = read(sink, out + len, MOST + 1 - len);
        must(n > 0);
        len += (size_t)n;
    }
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char before[MOST + 1], after[MOST + 1];
    if (size < 2 || size - 2 > MOST)
        return 0;
    const uint8_t *out = data + 2;
    size_t len = size - 2;
    int sink;
    struct looker l = {.verdict = verdict_new(&tool_claude, (enum run_format)(data[0] % 3)),
                       .look_no_more = data[0] & LOOK_NO_MORE};
    struct child child = {.ended = true};
    struct input input = {.kind = INPUT_OWN, .to_child = -1};
    struct pump p;
    struct err e;
    must(l.verdict != NULL);
    open_sink(data[0], &sink);
    pump_init(&p, &child, &input, child_output(out, len, data[0], data[1]), look, &l);
    must(pump_run(&p, &e));
    size_t first = shown(sink, data[0], before);
    must(l.fine || first == 0);
    pump_release(&p);
    size_t rest =
        data[0] & TO_FILE ? shown(sink, data[0], after) - first : shown(sink, data[0], after);
    if (data[0] & TO_FILE)
        memmove(after, after + first, rest);
    must(first + rest == len);
    must(memcmp(before, out, first) == 0 && memcmp(after, out + first, rest) == 0);
    pump_free(&p);
    close(sink);
    verdict_free(l.verdict);
    return 0;
}
