#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/refusal.h"
#include "base/shell_word.h"
#include "os/sync.h"

bool path_join(char *out, const char *folder, const char *name)
{
    int n = snprintf(out, LIMIT_PATH, "%s/%s", folder, name);
    return (size_t)n < LIMIT_PATH;
}

static const char *kind(mode_t mode)
{
    return S_ISDIR(mode)    ? "a folder"
           : S_ISFIFO(mode) ? "a FIFO"
           : S_ISSOCK(mode) ? "a socket"
           : S_ISCHR(mode)  ? "a device"
           : S_ISBLK(mode)  ? "a device"
                            : "not a regular file";
}

static bool not_regular(const char *path, mode_t mode, struct err *e)
{
    err_set(e, ERR_INVALID, "%s is %s, not a file", path, kind(mode));
    return err_hint(e, "move it away: mv %s %s.old", QUOTED(path), QUOTED(path));
}

/* SIZE: what fstat(2) said; the file may be another size by now. */
static bool read_all(int fd, const char *path, off_t size, struct buf *out, struct err *e)
{
    /* All at once and no more memory than that: all of it is wiped in the end.  The one byte more
     * is for the read that finds the end; at the limit it tells "fits" from "too large". */
    size_t want = size < 512 ? 512 : (size_t)size + 1;
    for (;;) {
        char beyond;
        size_t left = buf_left(out), room = left < want ? left : want;
        char *at = buf_space(out, room);
        if (!at)
            return err_no_memory(e);
        ssize_t n = room ? read(fd, at, room) : read(fd, &beyond, 1);
        if (n == 0)
            return true;
        if (n > 0 && !room)
            return err_set(e, ERR_TOO_LARGE, "%s is larger than %zu bytes", path, out->limit);
        if (n > 0) {
            buf_added(out, (size_t)n);
            want = (size_t)n < room ? room - (size_t)n : 16384;
        } else if (errno != EINTR) {
            return refused(e, errno, "cannot read", path);
        }
    }
}

bool file_read_if_there(const char *path, struct buf *out, struct err *e)
{
    struct err why;
    if (file_read(path, out, &why) || why.code == ERR_NOT_FOUND)
        return true;
    *e = why;
    return false;
}

bool file_read_stream(int fd, const char *what, struct buf *out, struct err *e)
{
    return read_all(fd, what, 0, out, e);
}

/* ---- where a name leads ---- */

/* Of PATH, which stands in it; "." where that says none. */
static void folder_of(const char *path, char *out)
{
    const char *slash = strrchr(path, '/');
    if (slash)
        snprintf(out, LIMIT_PATH, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    else
        snprintf(out, LIMIT_PATH, ".");
}

/* In a folder that others can write in, a stranger may have put a name in place of ours, to have us
 * read what is his or write where he can: believed is what is ours, root's or the folder's owner's.
 * The rule is that of fs.protected_symlinks, proc_sys_fs(5). */
static bool believed(const char *path, const struct stat *st, struct err *e)
{
    char folder[LIMIT_PATH];
    struct stat in;
    if (st->st_uid == geteuid() || st->st_uid == 0)
        return true;
    folder_of(path, folder);
    if (stat(folder, &in) != 0 || !(in.st_mode & (S_IWGRP | S_IWOTH)) || in.st_uid == st->st_uid)
        return true;
    err_set(e, ERR_DENIED, "%s belongs to user %u, and others can write in its folder", path,
            (unsigned)st->st_uid);
    return err_hint(e, "chmod go-w %s; if it is not yours, move it away", QUOTED(folder));
}

static bool look_at(const char *path, struct stat *st, struct err *e)
{
    if (lstat(path, st) != 0)
        return errno == ENOENT || refused(e, errno, "cannot look at", path);
    return believed(path, st, e);
}

/* One link further: LINK is what the one at OUT says. */
static bool follow(char *out, const char *link, struct err *e)
{
    size_t len = strlen(link);
    char *slash = strrchr(out, '/');
    size_t folder = slash && link[0] != '/' ? (size_t)(slash + 1 - out) : 0;
    if (folder + len >= LIMIT_PATH)
        return refused(e, ENAMETOOLONG, "cannot follow", out);
    memcpy(out + folder, link, len + 1);
    return true;
}

bool file_real(const char *path, char *out, struct err *e)
{
    char link[LIMIT_PATH];
    if (snprintf(out, LIMIT_PATH, "%s", path) >= LIMIT_PATH)
        return refused(e, ENAMETOOLONG, "cannot use", path);
    for (int hops = 0; hops < 40; hops++) {
        struct stat st = {.st_mode = 0}; /* nothing there: this is the place */
        if (!look_at(out, &st, e))
            return false;
        if (!S_ISLNK(st.st_mode))
            return true;
        ssize_t n = readlink(out, link, sizeof link - 1);
        if (n < 0)
            return refused(e, errno, "cannot look at", out);
        link[n] = '\0';
        if (!follow(out, link, e))
            return false;
    }
    return refused(e, ELOOP, "cannot follow", path);
}

/* ---- reading ---- */

static bool cannot_open(const char *path, int errnum, struct err *e)
{
    struct stat st;
    /* A socket, or a device that nobody drives. */
    if (errnum == ENXIO && stat(path, &st) == 0)
        return not_regular(path, st.st_mode, e);
    refused(e, errnum, "cannot open", path);
    if (e->code == ERR_DENIED)
        err_hint(e, "it must be yours and readable: ls -l %s", QUOTED(path));
    return false;
}

bool file_read(const char *path, struct buf *out, struct err *e)
{
    /* O_NONBLOCK: opening a FIFO must not wait for a writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return cannot_open(path, errno, e);
    char real[LIMIT_PATH];
    struct stat st;
    bool ok = fstat(fd, &st) == 0 || refused(e, errno, "cannot look at", path);
    if (ok && !S_ISREG(st.st_mode))
        ok = not_regular(path, st.st_mode, e);
    /* Another user's: how did it come here?  Of ours there is no need to ask. */
    if (ok && st.st_uid != geteuid() && st.st_uid != 0)
        ok = file_real(path, real, e);
    ok = ok && read_all(fd, path, st.st_size, out, e);
    close(fd);
    return ok;
}

/* ---- replacing ---- */

static bool old_enough(int folder, const char *name, int64_t age_ms)
{
    struct stat st;
    return age_ms == 0 || (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                           clock_wall_ms() - (int64_t)st.st_mtime * 1000 > age_ms);
}

void file_sweep(const char *prefix, int flags, int64_t age_ms)
{
    char folder[LIMIT_PATH];
    folder_of(prefix, folder);
    const char *names = strrchr(prefix, '/') + 1;
    DIR *d = opendir(folder);
    if (!d)
        return;
    for (struct dirent *entry; (entry = readdir(d));)
        if (strncmp(entry->d_name, names, strlen(names)) == 0 &&
            old_enough(dirfd(d), entry->d_name, age_ms))
            unlinkat(dirfd(d), entry->d_name, flags);
    closedir(d);
}

struct content {
    const void *bytes;
    size_t len;
    mode_t mode;
};

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? EIO : errno;
            return false;
        }
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* Root writing into somebody's home must not take the file from its owner. */
static bool keep_owner(int fd, const char *path)
{
    struct stat st;
    if (geteuid() != 0 || stat(path, &st) != 0 || st.st_uid == 0)
        return true;
    return fchown(fd, st.st_uid, st.st_gid) == 0;
}

/* The temporary file filled: the content is on disk before the name points to it. */
static bool fill(int fd, const char *real, const struct content *c)
{
    return keep_owner(fd, real) && (c->mode == 0600 || fchmod(fd, c->mode) == 0) &&
           write_all(fd, c->bytes, c->len) && os_sync_file(fd);
}

/* REAL is no link.  The order matters: content on disk before the name points to it, the name on
 * disk before anybody is told.  Without the last step a power cut loses an acknowledged login. */
static bool replace_real(const char *real, const struct content *c, struct err *e)
{
    char folder[LIMIT_PATH], temporary[LIMIT_PATH];
    const char *slash = strrchr(real, '/'), *base = slash ? slash + 1 : real;
    folder_of(real, folder);
    int prefix = snprintf(temporary, sizeof temporary, "%s/.%s" FILE_ASIDE, folder, base);
    if ((size_t)prefix + 8 >= sizeof temporary)
        return refused(e, ENAMETOOLONG, "cannot write beside", real);
    file_sweep(temporary, 0, 0);
    snprintf(temporary + prefix, sizeof temporary - (size_t)prefix, "%08x", randombytes_random());
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == ENOENT) {
        err_errno(e, ENOENT, "cannot write in %s", folder);
        return err_hint(e, "make it: mkdir -p %s", QUOTED(folder));
    }
    if (fd < 0)
        return refused(e, errno, "cannot write in", folder);
    bool ok = fill(fd, real, c);
    if (!ok) {
        int errnum = errno;
        err_errno(e, errnum, "cannot write %s", temporary);
        refused_because(e, errnum, folder);
    }
    close(fd);
    if (ok && rename(temporary, real) != 0)
        ok = refused(e, errno, "cannot replace", real);
    if (!ok) {
        unlink(temporary);
        return false;
    }
    return os_sync_folder(folder) || refused(e, errno, "cannot sync", folder);
}

static bool replace(const char *path, const struct content *c, struct err *e)
{
    char real[LIMIT_PATH];
    struct stat st;
    if (!file_real(path, real, e))
        return false;
    if (stat(real, &st) == 0 && !S_ISREG(st.st_mode))
        return not_regular(real, st.st_mode, e);
    return replace_real(real, c, e);
}

bool file_replace(const char *path, const void *bytes, size_t len, struct err *e)
{
    return replace(path, &(struct content){bytes, len, 0600}, e);
}

bool file_replace_public(const char *path, const void *bytes, size_t len, struct err *e)
{
    return replace(path, &(struct content){bytes, len, 0644}, e);
}

/* What refused is the last folder above it that is there. */
static bool cannot_make(const char *path, int errnum, struct err *e)
{
    char above[LIMIT_PATH];
    struct stat st;
    snprintf(above, sizeof above, "%s", path);
    for (char *slash; (slash = strrchr(above, '/')) && slash != above && lstat(above, &st) != 0;)
        *slash = '\0';
    err_errno(e, errnum, "cannot make folder %s", path);
    return refused_because(e, errnum, above);
}

bool dir_make(const char *path, struct err *e)
{
    char part[LIMIT_PATH];
    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
        return refused(e, ENAMETOOLONG, "cannot use", path);
    if (mkdir(part, 0700) == 0 || errno == EEXIST) {
        struct stat st;
        if (stat(part, &st) == 0)
            return S_ISDIR(st.st_mode) || refused(e, ENOTDIR, "cannot use", path);
        err_errno(e, errno, "cannot use %s", path);
        return refused_because(e, ELOOP, path);
    }
    int why = errno; /* of a folder above that cannot be made it is that one's */
    for (char *p = part + 1; why == ENOENT && (p = strchr(p, '/')); p++) {
        *p = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            why = errno;
        *p = '/';
    }
    if (mkdir(part, 0700) == 0 || errno == EEXIST)
        return true;
    return cannot_make(path, why == ENOENT ? errno : why, e);
}

bool dir_make_for(const char *path, struct err *e)
{
    char real[LIMIT_PATH], folder[LIMIT_PATH];
    if (!file_real(path, real, e))
        return false;
    folder_of(real, folder);
    return dir_make(folder, e);
}
