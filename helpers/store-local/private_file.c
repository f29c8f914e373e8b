#include "private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/refusal.h"
#include "base/shell_word.h"
#include "os/sync.h"

/* SQLite's MAX_PATHNAME less "-journal" (os_unix.c, pager.c): what is longer it "cannot open". */
#define LONGEST_PATH (512 - 8)

static bool belongs_to_other(const char *path, const struct stat *st, struct err *e)
{
    err_set(e, ERR_DENIED, "%s belongs to user %ld and this is user %ld", path, (long)st->st_uid,
            (long)geteuid());
    return err_hint(e, "run as that user, or take it over: sudo chown %ld %s", (long)geteuid(),
                    QUOTED(path));
}

/* In a folder of others, or one that they can write, SQLite could be led to their file. */
static bool check_folder(const char *folder, struct err *e)
{
    struct stat st;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return refused(e, errno, "cannot open the store's folder", folder);
    bool ok = fstat(fd, &st) == 0 || refused(e, errno, "cannot look at", folder);
    close(fd);
    if (!ok)
        return false;
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return belongs_to_other(folder, &st, e);
    if (st.st_mode & (S_IWGRP | S_IWOTH)) {
        err_set(e, ERR_DENIED, "others can write in %s (mode %04o), where the store is", folder,
                (unsigned)(st.st_mode & 07777));
        return err_hint(e, "close it: chmod go-w %s", QUOTED(folder));
    }
    return true;
}

static bool check_file(const char *path, const struct stat *st, struct err *e)
{
    if (!S_ISREG(st->st_mode)) {
        err_set(e, ERR_INVALID, "the store %s is not a regular file", path);
        return err_hint(e, "move it away: mv %s %s.old", QUOTED(path), QUOTED(path));
    }
    if (st->st_uid != geteuid())
        return belongs_to_other(path, st, e);
    if (st->st_mode & (S_IRWXG | S_IRWXO)) {
        err_set(e, ERR_DENIED, "others can open the store %s (mode %04o)", path,
                (unsigned)(st->st_mode & 07777));
        return err_hint(e, "close it, and log in again if somebody may have read it: chmod 600 %s",
                        QUOTED(path));
    }
    return true;
}

/* The descriptor of PATH, made if missing; -1 with *e set. */
static int open_or_make(const char *path, const char *folder, struct err *e)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0) {
        /* SQLite syncs the names of its own files, but this one it did not make. */
        if (os_sync_folder(folder))
            return fd;
        err_errno(e, errno, "cannot sync %s", folder);
        close(fd);
        return -1;
    }
    bool there = errno == EEXIST;
    /* A folder we may not write says EACCES or EROFS although the file is there. */
    int why = errno;
    fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0)
        return fd;
    if (errno == ELOOP) {
        err_set(e, ERR_INVALID, "the store %s is a symbolic link", path);
        err_hint(e, "configure the path it points to: readlink %s", QUOTED(path));
    } else if (there || errno != ENOENT) {
        refused(e, errno, "cannot open the store", path);
    } else {
        err_errno(e, why, "cannot make the store %s", path);
        err_hint(e, "the folder must be yours and writable: ls -ld %s", QUOTED(folder));
    }
    return -1;
}

/* False also when PATH is missing. */
static bool has_content(const char *path, const char *suffix)
{
    char name[LIMIT_PATH + 8];
    struct stat st;
    snprintf(name, sizeof name, "%s%s", path, suffix);
    return lstat(name, &st) == 0 && st.st_size > 0;
}

static bool lost_its_head(const char *path, const char *folder, struct err *e)
{
    const char *name = strrchr(path, '/') + 1;
    err_set(e, ERR_INVALID, "%s-wal is there, but the store it belongs to is empty or missing",
            path);
    return err_hint(e,
                    "put %s back from a backup, or keep what is left and start a new store: "
                    "cd %s && mkdir damaged && mv %s* damaged/",
                    name, QUOTED(folder), QUOTED(name));
}

/* PATH with its folders resolved: SQLite's O_NOFOLLOW takes offence at a link anywhere in it, and
 * /tmp is one on macOS. */
static bool resolve(const char *path, char *folder, char *ret_real, struct err *e)
{
    char named[LIMIT_PATH];
    const char *slash = strrchr(path, '/');
    snprintf(named, sizeof named, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    if (!dir_make(named, e))
        return err_context(e, "the store's folder");
    if (!realpath(named, folder))
        return refused(e, errno, "cannot use the folder", named);
    const char *above = strcmp(folder, "/") == 0 ? "" : folder;
    if (snprintf(ret_real, LIMIT_PATH, "%s/%s", above, slash + 1) <= LONGEST_PATH)
        return true;
    err_set(e, ERR_INVALID, "SQLite takes no path of more than %d bytes: %.64s...", LONGEST_PATH,
            path);
    return err_hint(e, "name a shorter one: store = local:/PATH/store.db");
}

bool private_file_prepare(const char *path, char *ret_real, struct err *e)
{
    char folder[LIMIT_PATH], real[LIMIT_PATH];
    if (!resolve(path, folder, real, e) || !check_folder(folder, e))
        return false;
    /* Before the size of the database: who makes a store writes there before making the -wal. */
    bool wal = has_content(real, "-wal");
    if (wal && access(real, F_OK) != 0)
        return lost_its_head(real, folder, e);
    int fd = open_or_make(real, folder, e);
    if (fd < 0)
        return false;
    struct stat st;
    bool ok = fstat(fd, &st) == 0 || refused(e, errno, "cannot look at", real);
    close(fd);
    if (!ok || !check_file(real, &st, e))
        return false;
    if (wal && st.st_size == 0)
        return lost_its_head(real, folder, e);
    memcpy(ret_real, real, strlen(real) + 1);
    return true;
}
