#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/refusal.h"
#include "base/shell_word.h"
#include "os/swap.h"

bool lock_open_file(int fd, int64_t wait_ms, struct err *e)
{
    int64_t deadline = clock_steady_ms() + wait_ms;
    /* flock has no time-out of its own; a short sleep that grows costs a waiter nothing worth
     * counting against what the holder is doing (a request to the store). */
    for (int64_t pause = 2; flock(fd, LOCK_EX | LOCK_NB) != 0;
         pause = pause < 25 ? pause * 2 : 25) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_errno(e, errno, "cannot lock");
        if (clock_steady_ms() + pause > deadline)
            return err_set(e, ERR_BUSY, "held by another");
        clock_sleep_ms(pause);
    }
    return true;
}

bool lock_take(const char *path, int64_t wait_ms, struct lock *ret, struct err *e)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return refused(e, errno, "cannot open the lock", path);
    if (lock_open_file(fd, wait_ms, e)) {
        ret->fd = fd;
        return true;
    }
    close(fd);
    if (e->code != ERR_BUSY)
        return err_context(e, path);
    char waited[32];
    clock_duration(wait_ms, waited, sizeof waited);
    err_set(e, ERR_BUSY, "another credrelay has held %s for %s", path, waited);
    return err_hint(e, "see who: fuser -v %s", QUOTED(path));
}

void lock_release(struct lock *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

/* Of the lock at PATH; -1: there is none. */
static int64_t age_ms(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return -1;
    return clock_wall_ms() - (int64_t)st.st_mtime * 1000;
}

/* Put the folder ASIDE in place of the stale lock PATH.  Between the look at its age and its
 * removal somebody else may have taken over, and a plain rmdir would break a lock that is fresh.
 * So the two change names in one step, and what has been got is looked at: a fresh lock is put
 * back, and at no moment was the place free for a third.  0: PATH is ours; else errno. */
static int exchange(const char *path, const char *aside, int64_t stale_ms)
{
    if (!os_swap(aside, path)) {
        if (errno != ENOTSUP)
            return errno;
        /* As the client itself does it, for want of better. */
        return rmdir(path) == 0 ? EAGAIN : errno;
    }
    bool stale = age_ms(aside) > stale_ms;
    if (stale && rmdir(aside) == 0)
        return 0;
    int failed = stale ? errno : EAGAIN;
    os_swap(aside, path); /* fails when its holder has released it meanwhile: so be it */
    return failed;
}

/* ERR_BUSY: somebody was faster. */
static bool take_over(const char *path, int64_t stale_ms, struct err *e)
{
    char aside[LIMIT_PATH];
    int n = snprintf(aside, sizeof aside, "%s" FILE_ASIDE "%08x", path, randombytes_random());
    if ((size_t)n >= sizeof aside)
        return err_errno(e, ENAMETOOLONG, "%.64s...", path);
    if (mkdir(aside, 0700) != 0)
        return refused(e, errno, "cannot make the lock", aside);
    int failed = exchange(path, aside, stale_ms);
    if (failed)
        rmdir(aside);
    if (failed == EAGAIN || failed == ENOENT)
        return err_set(e, ERR_BUSY, "somebody else took over %s", path);
    return failed == 0 || refused(e, failed, "cannot take over the stale lock", path);
}

/* A taker that is killed leaves its folder, or the stale lock under that one's name.  To be called by
 * the holder of PATH: a taker who is only slow then finds out that it holds nothing. */
static void sweep_asides(const char *path, int64_t stale_ms)
{
    char prefix[LIMIT_PATH];
    if (snprintf(prefix, sizeof prefix, "%s" FILE_ASIDE, path) < LIMIT_PATH)
        file_sweep(prefix, AT_REMOVEDIR, stale_ms);
}

static bool claim_once(const char *path, int64_t stale_ms, struct err *e)
{
    if (mkdir(path, 0700) == 0)
        return true;
    if (errno != EEXIST)
        return refused(e, errno, "cannot make the lock", path);
    if (age_ms(path) > stale_ms)
        return take_over(path, stale_ms, e);
    return err_set(e, ERR_BUSY, "%s is held", path);
}

bool claim_take(const char *path, int64_t wait_ms, int64_t stale_ms, struct claim *ret,
                struct err *e)
{
    int64_t deadline = clock_steady_ms() + wait_ms;
    struct err why;
    while (!claim_once(path, stale_ms, &why)) {
        if (why.code != ERR_BUSY) {
            *e = why;
            return false;
        }
        if (clock_steady_ms() >= deadline) {
            char waited[32];
            clock_duration(wait_ms, waited, sizeof waited);
            err_set(e, ERR_BUSY, "the client has held its lock %s for %s", path, waited);
            return err_hint(e, "try again in a minute; if it persists: ls -ld %s", QUOTED(path));
        }
        clock_sleep_ms(50);
    }
    snprintf(ret->path, sizeof ret->path, "%s", path);
    ret->made = clock_wall_ms();
    sweep_asides(path, stale_ms);
    return true;
}

/* A lock that is younger than ours was made by somebody who took over, because we did not release
 * in time (the machine slept): theirs stays. */
enum { CLOCK_SLACK_MS = 2000 };

void claim_release(struct claim *c)
{
    if (c->path[0] && clock_wall_ms() - age_ms(c->path) <= c->made + CLOCK_SLACK_MS)
        rmdir(c->path);
    c->path[0] = '\0';
}
