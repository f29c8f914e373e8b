#include "journal/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

/* Read at once; many times the longest line (LIMIT_EVENT). */
enum { BLOCK = 64 << 10 };
_Static_assert(BLOCK >= 2 * LIMIT_EVENT, "a block holds a whole line wherever it begins");

/* A rotation is rare, and takes less time than a look at the files. */
enum { MOST_LOOKS = 100 };

/* ---- which files ---- */

static bool same_file(int a, int b)
{
    struct stat x, y;
    return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

/* A file that was rotated while we were opening is met again under its next name. */
static bool already_open(const struct log_files *files, int fd)
{
    for (int i = 0; i < files->count; i++)
        if (same_file(files->fd[i], fd))
            return true;
    return false;
}

/* A name without a file is no error: those beyond the last, and one for a moment while files are being
 * rotated. */
static bool add(struct log_files *files, const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return errno == ENOENT || err_errno(e, errno, "cannot open %s", path);
    struct stat st;
    bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (!regular || already_open(files, fd))
        close(fd);
    else
        files->fd[files->count++] = fd;
    return regular || err_set(e, ERR_INVALID, "%s is not a file", path);
}

/* Newest first, and every number there may be: a rotation gives files higher ones, so that none is
 * passed without being met. */
static bool open_all(const char *state_dir, struct log_files *ret, struct err *e)
{
    struct log_files files = {.count = 0};
    for (unsigned n = 0; n <= LIMIT_LOG_FILES; n++) {
        char path[LIMIT_PATH];
        if (!log_path(state_dir, n, path, e) || !add(&files, path, e)) {
            log_files_close(&files);
            return false;
        }
    }
    *ret = files;
    return true;
}

/* A second rotation meanwhile would bring files among them that are newer than the first. */
bool log_files_open(const char *state_dir, struct log_files *ret, struct err *e)
{
    for (int look = 1;; look++) {
        if (!open_all(state_dir, ret, e))
            return false;
        if (look == MOST_LOOKS || !log_files_stale(ret, state_dir))
            return true;
        log_files_close(ret);
    }
}

void log_files_close(struct log_files *files)
{
    while (files->count > 0)
        close(files->fd[--files->count]);
}

int log_files_newer(const struct log_files *them, const struct log_files *ours)
{
    for (int i = 0; i < them->count; i++)
        if (ours->count && same_file(them->fd[i], ours->fd[0]))
            return i;
    return them->count;
}

bool log_files_stale(const struct log_files *files, const char *state_dir)
{
    char path[LIMIT_PATH];
    struct stat named, ours;
    struct err ignored;
    if (!log_path(state_dir, 0, path, &ignored) || stat(path, &named) != 0)
        return false;
    return !files->count || fstat(files->fd[0], &ours) != 0 || ours.st_ino != named.st_ino ||
           ours.st_dev != named.st_dev;
}

off_t log_file_size(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? st.st_size : 0;
}

/* ---- lines ---- */

/* WANT bytes from AT on, fewer at the end of the file; -1: *e says why. */
static ssize_t read_block(int fd, off_t at, size_t want, char *block, struct err *e)
{
    size_t got = 0;
    while (got < want) {
        ssize_t n = pread(fd, block + got, want - got, at + (off_t)got);
        if (n == 0)
            break;
        if (n > 0)
            got += (size_t)n;
        else if (errno != EINTR) {
            err_errno(e, errno, "cannot read the log");
            return -1;
        }
    }
    return (ssize_t)got;
}

static const char *last_newline(const char *from, const char *end)
{
    while (end > from)
        if (*--end == '\n')
            return end;
    return NULL;
}

static size_t at_most_a_block(off_t bytes)
{
    return bytes < BLOCK ? (size_t)bytes : BLOCK;
}

enum lines_end lines_forward(int fd, off_t *at, off_t end, line_fn *fn, void *ctx, struct err *e)
{
    char block[BLOCK];
    while (*at < end) {
        ssize_t len = read_block(fd, *at, at_most_a_block(end - *at), block, e);
        if (len < 0)
            return LINES_FAILED;
        const char *p = block, *stop = block + len, *newline;
        for (; (newline = memchr(p, '\n', (size_t)(stop - p))); p = newline + 1) {
            *at += newline + 1 - p;
            if (!fn(ctx, p, (size_t)(newline - p)))
                return LINES_ENOUGH;
        }
        if (len < BLOCK)
            return LINES_ALL;
        /* A line longer than all of ours is skipped; its end will be no event either. */
        if (p == block)
            *at += len;
    }
    return LINES_ALL;
}

/* The lines between BLOCK and END, the last one first, but for the one that begins before the
 * block.  Returns where the first of them begins; END: there are none.  *MORE: go on. */
static const char *block_backward(const char *block, const char *end, bool is_first, line_fn *fn,
                                  void *ctx, bool *more)
{
    *more = true;
    while (*more && end > block) {
        const char *newline = end - 1;
        const char *before = last_newline(block, newline);
        if (!before && !is_first)
            break;
        const char *line = before ? before + 1 : block;
        *more = fn(ctx, line, (size_t)(newline - line));
        end = line;
    }
    return end;
}

enum lines_end lines_backward(int fd, off_t end, off_t reach, line_fn *fn, void *ctx, struct err *e)
{
    char block[BLOCK];
    off_t lowest = end > reach ? end - reach : 0;
    bool more = true;
    while (more && end > lowest) {
        size_t want = at_most_a_block(end);
        off_t from = end - (off_t)want;
        ssize_t len = read_block(fd, from, want, block, e);
        if (len < 0)
            return LINES_FAILED;
        const char *first = block_backward(block, block + len, from == 0, fn, ctx, &more);
        /* A line longer than all of ours is skipped. */
        end = from + (first == block + len ? 0 : first - block);
    }
    return more ? LINES_ALL : LINES_ENOUGH;
}

bool lines_last_end(int fd, off_t *ret, struct err *e)
{
    char block[BLOCK];
    off_t end = log_file_size(fd);
    while (end > 0) {
        size_t want = at_most_a_block(end);
        ssize_t len = read_block(fd, end - (off_t)want, want, block, e);
        if (len < 0)
            return false;
        const char *newline = last_newline(block, block + len);
        end -= (off_t)want;
        if (newline) {
            end += newline + 1 - block;
            break;
        }
    }
    *ret = end;
    return true;
}
