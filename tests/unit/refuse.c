#include "refuse.h"

#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"

static struct {
    const char *call; /* NULL: nothing is refused */
    int nth, errnum, count;
    bool for_good, happened;
    void (*do_it)(void); /* instead */
} plan;

void refuse(const char *call, int nth, int errnum)
{
    plan.call = call;
    plan.nth = nth;
    plan.errnum = errnum;
    plan.count = 0;
    plan.for_good = nth == EVERY;
    plan.happened = false;
    plan.do_it = NULL;
}

void before(const char *call, void (*do_it)(void))
{
    refuse(call, 1, 0);
    plan.do_it = do_it;
}

static void (*in_fork)(void);

void forked_as(void (*child)(void))
{
    in_fork = child;
}

void starve(int nth, bool for_good)
{
    refuse("memory", nth, ENOMEM);
    plan.for_good = for_good;
}

bool was_refused(void)
{
    plan.call = NULL;
    return plan.happened;
}

static bool fails(const char *call)
{
    if (!plan.call || strcmp(call, plan.call) != 0)
        return false;
    plan.count++;
    if (plan.count != plan.nth && !(plan.for_good && plan.count > plan.nth))
        return false;
    plan.happened = true;
    if (plan.do_it) {
        plan.call = NULL; /* it may make such calls itself */
        plan.do_it();
        return false;
    }
    if (plan.errnum)
        errno = plan.errnum;
    return true;
}

/* Long texts have thousands, and one is like the other. */
enum { EACH_OF = 200, MOST_ALLOCATIONS = 5000 };

bool starve_once(const char *what, bool (*do_it)(struct err *e), int nth, bool for_good)
{
    char where[96];
    struct err e = {.code = ERR_NONE};
    starve(nth, for_good);
    bool ok = do_it(&e), short_of_it = was_refused();
    (void)jv_ran_out(); /* not for whoever comes next */
    snprintf(where, sizeof where, "%.60s, without allocation %d", what, nth);
    if (!ok && !strstr(e.text, "out of memory"))
        same_text(where, e.text, "out of memory");
    if (!short_of_it)
        same_int(where, ok, true);
    return short_of_it;
}

void starve_each(const char *what, bool (*do_it)(struct err *e))
{
    for (int for_good = 0; for_good < 2; for_good++) {
        int nth = 1;
        while (nth < MOST_ALLOCATIONS && starve_once(what, do_it, nth, for_good))
            nth += nth < EACH_OF ? 1 : 7;
        assert_in_range(nth, 2, MOST_ALLOCATIONS - 1);
    }
}

/* What a call answers that failed. */
static int answer(void)
{
    return plan.errnum ? -1 : 0;
}

/* The reserved names are the linker's. */
#define CALL_AS(kind, symbol, name, failure, parameters, arguments)                                \
    kind __real_##symbol parameters;                                                               \
    kind __wrap_##symbol parameters;                                                               \
    kind __wrap_##symbol parameters                                                                \
    {                                                                                              \
        return fails(name) ? failure : __real_##symbol arguments;                                  \
    }
#define CALL(kind, name, failure, parameters, arguments)                                           \
    CALL_AS(kind, name, #name, failure, parameters, arguments)
#define MEMORY(name, parameters, arguments)                                                        \
    CALL_AS(void *, name, "memory", NULL, parameters, arguments)
/* glibc has a second name for what knows of large files. */
#ifdef __GLIBC__
#define CALL_64(kind, name, failure, parameters, arguments)                                        \
    CALL(kind, name, failure, parameters, arguments)                                               \
    CALL_AS(kind, name##64, #name, failure, parameters, arguments)
#else
#define CALL_64 CALL
#endif

MEMORY(malloc, (size_t size), (size))
MEMORY(calloc, (size_t count, size_t size), (count, size))
MEMORY(realloc, (void *old, size_t size), (old, size))
MEMORY(sodium_malloc, (size_t size), (size))
CALL_AS(char *, strdup, "memory", NULL, (const char *text), (text))
CALL_AS(int, posix_memalign, "memory", ENOMEM, (void **ret, size_t alignment, size_t size),
        (ret, alignment, size))

CALL_64(int, open, -1, (const char *path, int flags, mode_t mode), (path, flags, mode))
CALL_64(int, stat, -1, (const char *path, struct stat *st), (path, st))
CALL_64(int, lstat, -1, (const char *path, struct stat *st), (path, st))
CALL_64(int, fstat, -1, (int fd, struct stat *st), (fd, st))
CALL_64(int, fstatat, -1, (int folder, const char *name, struct stat *st, int flags),
        (folder, name, st, flags))
CALL_64(ssize_t, pread, answer(), (int fd, void *at, size_t len, off_t from), (fd, at, len, from))
CALL_64(off_t, lseek, -1, (int fd, off_t to, int from), (fd, to, from))
CALL_64(int, fcntl, -1, (int fd, int what, long with), (fd, what, with))
CALL_64(FILE *, fopen, NULL, (const char *path, const char *how), (path, how))
CALL(ssize_t, read, answer(), (int fd, void *at, size_t len), (fd, at, len))
CALL(ssize_t, write, answer(), (int fd, const void *at, size_t len), (fd, at, len))
CALL(ssize_t, readlink, -1, (const char *path, char *at, size_t len), (path, at, len))
CALL(int, access, -1, (const char *path, int mode), (path, mode))
CALL(int, fsync, -1, (int fd), (fd))
CALL(int, fchmod, -1, (int fd, mode_t mode), (fd, mode))
CALL(int, fchown, -1, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
CALL(int, rename, -1, (const char *from, const char *to), (from, to))
CALL(int, renameat2, -1, (int a, const char *from, int b, const char *to, unsigned flags),
     (a, from, b, to, flags))
CALL(int, unlink, -1, (const char *path), (path))
CALL(int, mkdir, -1, (const char *path, mode_t mode), (path, mode))
CALL(int, rmdir, -1, (const char *path), (path))
CALL(int, flock, -1, (int fd, int operation), (fd, operation))
CALL(DIR *, opendir, NULL, (const char *path), (path))
CALL(pid_t, waitpid, -1, (pid_t pid, int *status, int options), (pid, status, options))
CALL(int, dup2, -1, (int fd, int as), (fd, as))
CALL(int, pipe2, -1, (int fds[2], int flags), (fds, flags))
CALL(int, setpgid, -1, (pid_t pid, pid_t group), (pid, group))
CALL(int, poll, -1, (struct pollfd * fds, nfds_t count, int ms), (fds, count, ms))
CALL(int, gethostname, answer(), (char *at, size_t len), (at, len))
CALL(int, inotify_init1, -1, (int flags), (flags))
CALL(int, inotify_add_watch, -1, (int fd, const char *path, uint32_t mask), (fd, path, mask))
CALL(int, timerfd_create, -1, (int clock, int flags), (clock, flags))
CALL(int, timerfd_settime, -1,
     (int fd, int flags, const struct itimerspec *to, struct itimerspec *before),
     (fd, flags, to, before))

pid_t __real_fork(void);
pid_t __wrap_fork(void);
pid_t __wrap_fork(void)
{
    void (*child)(void) = in_fork;
    if (fails("fork"))
        return -1;
    in_fork = NULL;
    pid_t pid = __real_fork();
    if (pid == 0 && child) {
        child();
        _exit(0);
    }
    return pid;
}
