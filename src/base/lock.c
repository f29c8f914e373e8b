#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

bool lock_take(const char *path, int64_t wait_ms, struct lock *ret, struct err *e)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(e, errno, "cannot open the lock %s", path);
    int64_t deadline = clock_steady_ms() + wait_ms;
    /* flock has no time-out of its own; a short sleep that grows costs a waiter nothing worth
     * counting against what the holder is doing (a request to the store). */
    for (int64_t pause = 2; flock(fd, LOCK_EX | LOCK_NB) != 0;
         pause = pause < 25 ? pause * 2 : 25) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            err_errno(e, errno, "cannot lock %s", path);
            close(fd);
            return false;
        }
        if (clock_steady_ms() + pause > deadline) {
            close(fd);
            err_set(e, ERR_BUSY, "another credrelay has held %s for %lld s", path,
                    (long long)(wait_ms / 1000));
            return err_hint(e, "see who: fuser -v '%s'", path);
        }
        clock_sleep_ms(pause);
    }
    ret->fd = fd;
    return true;
}

void lock_release(struct lock *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

static int64_t age_ms(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return -1;
    return clock_wall_ms() - (int64_t)st.st_mtime * 1000;
}

bool claim_take(const char *path, int64_t wait_ms, int64_t stale_ms, struct claim *ret,
                struct err *e)
{
    int64_t deadline = clock_steady_ms() + wait_ms;
    while (mkdir(path, 0700) != 0) {
        if (errno != EEXIST)
            return err_errno(e, errno, "cannot make the lock %s", path);
        /* Looked at again right before it is removed, so that one just renewed survives. */
        if (age_ms(path) > stale_ms && age_ms(path) > stale_ms) {
            if (rmdir(path) != 0 && errno != ENOENT)
                return err_errno(e, errno, "cannot take over the stale lock %s", path);
            continue;
        }
        if (clock_steady_ms() >= deadline) {
            err_set(e, ERR_BUSY, "the client has held its lock %s for %lld s", path,
                    (long long)(wait_ms / 1000));
            return err_hint(e, "try again in a minute; if it persists: ls -ld '%s'", path);
        }
        clock_sleep_ms(50);
    }
    snprintf(ret->path, sizeof ret->path, "%s", path);
    return true;
}

void claim_release(struct claim *c)
{
    if (c->path[0])
        rmdir(c->path);
    c->path[0] = '\0';
}
