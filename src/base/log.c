#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/lock.h"

/* For the lock, together: others hold it for some microseconds each. */
enum { PATIENCE_MS = 1000 };

/* Files that are rotated away under us before we have the lock; more than one is rare. */
enum { MOST_TRIES = 100 };

jv *log_event(const char *name)
{
    char now[32];
    clock_rfc3339(clock_wall_ms(), now, sizeof now);
    jv *event = jv_object();
    jv_put_int(event, "v", LOG_SCHEMA);
    jv_put_text(event, "ts", now);
    jv_put_text(event, "event", name);
    return event;
}

bool log_path(const char *folder, unsigned n, char *out, struct err *e)
{
    char name[32];
    snprintf(name, sizeof name, n ? "events.jsonl.%u" : "events.jsonl", n);
    return path_join(out, folder, name) || err_errno(e, ENAMETOOLONG, "%.64s...", folder);
}

/* ---- rotating, with the lock ---- */

static bool is_there(const struct log *log, unsigned n)
{
    char path[LIMIT_PATH];
    struct err ignored;
    return log_path(log->folder, n, path, &ignored) && access(path, F_OK) == 0;
}

static bool move(const struct log *log, unsigned from, unsigned to)
{
    char source[LIMIT_PATH], target[LIMIT_PATH];
    struct err ignored;
    return log_path(log->folder, from, source, &ignored) &&
           log_path(log->folder, to, target, &ignored) && rename(source, target) == 0;
}

static bool drop(const struct log *log, unsigned n)
{
    char path[LIMIT_PATH];
    struct err ignored;
    return log_path(log->folder, n, path, &ignored) && unlink(path) == 0;
}

/* The oldest goes first and the log itself last: killed in between, a number is missing, which the
 * next rotation fills. */
static bool rotate(const struct log *log)
{
    unsigned keep = (unsigned)log->files, gap = 1;
    for (unsigned n = keep + 1; n <= LIMIT_LOG_FILES && drop(log, n); n++)
        ; /* kept when more were */
    if (keep == 0)
        return drop(log, 0);
    while (gap < keep && is_there(log, gap))
        gap++;
    for (; gap > 1; gap--)
        if (!move(log, gap - 1, gap))
            return false;
    return move(log, 0, 1);
}

/* ---- appending ---- */

static bool open_log(const char *path, int *ret_fd, struct stat *ret_st, struct err *e)
{
    /* O_NONBLOCK: what is no file must not hold us up. */
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        return err_errno(e, errno, "cannot open %s", path);
    bool ok = fstat(fd, ret_st) == 0 || err_errno(e, errno, "cannot look at %s", path);
    if (ok && !S_ISREG(ret_st->st_mode))
        ok = err_set(e, ERR_INVALID, "%s is not a file", path);
    if (ok)
        *ret_fd = fd;
    else
        close(fd);
    return ok;
}

static bool is_named(const char *path, const struct stat *st)
{
    struct stat now;
    return lstat(path, &now) == 0 && now.st_ino == st->st_ino && now.st_dev == st->st_dev;
}

/* Did a writer stop in the middle of its line, on a full disk or killed by the system? */
static bool is_unfinished(int fd)
{
    struct stat st;
    char last;
    return fstat(fd, &st) == 0 && st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) == 1 &&
           last != '\n';
}

/* TEXT is a line with a newline before it, which is written where somebody left a line unfinished. */
static bool append(int fd, const char *path, bool unfinished, const struct buf *text, struct err *e)
{
    size_t skip = unfinished ? 0 : 1, len = text->len - skip;
    ssize_t n;
    do
        n = write(fd, text->data + skip, len);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)len || err_errno(e, n < 0 ? errno : ENOSPC, "cannot write %s", path);
}

/* *RET_AGAIN: the file was rotated, by us or by others. */
static bool append_once(const struct log *log, const char *path, int64_t deadline,
                        const struct buf *text, bool *ret_again, struct err *e)
{
    struct stat st = {.st_size = 0};
    struct err ignored;
    int fd = -1;
    if (!open_log(path, &fd, &st, e))
        return false;
    int64_t left = deadline - clock_steady_ms();
    bool locked = lock_open_file(fd, left > 0 ? left : 0, &ignored), ok = true;
    *ret_again = !is_named(path, &st);
    if (!*ret_again && locked && fstat(fd, &st) == 0)
        *ret_again = st.st_size > 0 && st.st_size + (off_t)text->len > log->size && rotate(log);
    if (!*ret_again)
        ok = append(fd, path, locked && is_unfinished(fd), text, e);
    close(fd); /* and the lock with it */
    return ok;
}

bool log_write(const struct log *log, jv *event, struct err *e)
{
    char path[LIMIT_PATH];
    struct buf text;
    int64_t deadline = clock_steady_ms() + PATIENCE_MS;
    buf_init(&text, LIMIT_EVENT);
    bool ok = buf_text(&text, "\n") && jv_write(event, &text) && buf_text(&text, "\n");
    ok = (ok || buf_error(&text, "an event", e)) && log_path(log->folder, 0, path, e);
    bool again = ok;
    for (int tries = 0; ok && again && tries < MOST_TRIES; tries++)
        ok = append_once(log, path, deadline, &text, &again, e);
    if (ok && again)
        ok = err_set(e, ERR_BUSY, "%s is rotated all the time", path);
    buf_free(&text);
    jv_free(event);
    return ok;
}
