/* Two kinds of lock.
 *
 * `struct lock` keeps our own processes apart: flock(2) on a file that stays, so a killed holder
 * lets go at once.
 *
 * `struct claim` is the lock the tools themselves use (npm's proper-lockfile): a folder made with
 * mkdir, whose mtime the holder renews.  We wait for a fresh one, take over one that has not been
 * touched for STALE, and never break a fresh lock. */
#ifndef CREDRELAY_BASE_LOCK_H
#define CREDRELAY_BASE_LOCK_H

#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"

struct lock {
    int fd; /* -1: not held */
};

/* Waits up to WAIT_MS; ERR_BUSY after that.  The folder must exist. */
bool lock_take(const char *path, int64_t wait_ms, struct lock *ret, struct err *e) MUST_CHECK;
void lock_release(struct lock *l); /* fine on one not held */

/* The same on the open file FD, let go when that is closed. */
bool lock_open_file(int fd, int64_t wait_ms, struct err *e) MUST_CHECK;
#define LOCK_NONE ((struct lock){.fd = -1})

struct claim {
    char path[LIMIT_PATH]; /* "": not held */
    int64_t made;          /* ms since 1970 */
};

/* Waits up to WAIT_MS for a lock touched within STALE_MS; ERR_BUSY after that.  The folder above
 * must exist.  Release within STALE_MS: later it may be somebody else's, and is then left alone. */
bool claim_take(const char *path, int64_t wait_ms, int64_t stale_ms, struct claim *ret,
                struct err *e) MUST_CHECK;
void claim_release(struct claim *c);

#endif
