#include "database_failure.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/shell_word.h"

/* What a person can do about it. */
enum remedy {
    REMEDY_NONE,
    REMEDY_ROOM,
    REMEDY_DISK,
    REMEDY_ACCESS,
    REMEDY_UNLOCK,
    REMEDY_KEEP,
    REMEDY_LOOK
};

static const struct failure {
    int primary; /* SQLite's result code, without the extension */
    enum err_code code;
    const char *text;
    enum remedy remedy;
} failures[] = {
    {SQLITE_FULL, ERR_IO, "the disk is full", REMEDY_ROOM},
    {SQLITE_IOERR, ERR_IO, "the disk refused", REMEDY_DISK},
    {SQLITE_READONLY, ERR_DENIED, "it cannot be written", REMEDY_ACCESS},
    {SQLITE_CANTOPEN, ERR_DENIED, "it cannot be opened", REMEDY_ACCESS},
    {SQLITE_PERM, ERR_DENIED, "access was refused", REMEDY_ACCESS},
    {SQLITE_BUSY, ERR_BUSY, "another process keeps it locked", REMEDY_UNLOCK},
    {SQLITE_CORRUPT, ERR_INVALID, "it is damaged", REMEDY_KEEP},
    {SQLITE_NOTADB, ERR_INVALID, "it is no database, or its beginning is damaged", REMEDY_KEEP},
    {SQLITE_ERROR, ERR_INVALID, "its tables are not those of a store", REMEDY_KEEP},
    {SQLITE_CONSTRAINT, ERR_INVALID, "its tables are not those of a store", REMEDY_KEEP},
    {SQLITE_NOMEM, ERR_NO_MEMORY, "out of memory", REMEDY_NONE},
};

static const struct failure *failure_of(int primary)
{
    static const struct failure other = {0, ERR_FAILED, NULL, REMEDY_LOOK};
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
        if (failures[i].primary == primary)
            return &failures[i];
    return &other;
}

static void hint_for(const char *path, enum remedy remedy, struct err *e)
{
    const char *name = strrchr(path, '/') + 1;
    char folder[LIMIT_PATH];
    snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
    switch (remedy) {
    case REMEDY_NONE: break;
    case REMEDY_ROOM: err_hint(e, "make room, nothing was lost: df -h %s", QUOTED(path)); break;
    case REMEDY_DISK:
        err_hint(e, "look at the disk, nothing was lost: df -h %s", QUOTED(path));
        break;
    case REMEDY_UNLOCK: err_hint(e, "find it: fuser -v %s", QUOTED(path)); break;
    case REMEDY_ACCESS:
        err_hint(e, "the file and its folder must be writable: chmod u+rwx %s && chmod 600 %s",
                 QUOTED(folder), QUOTED(path));
        break;
    case REMEDY_KEEP: /* -wal and -shm belong to it and must go along */
        err_hint(e,
                 "it was left as it is; move it aside, then publish again from a machine that is "
                 "logged in: cd %s && mkdir damaged && mv %s* damaged/",
                 QUOTED(folder), QUOTED(name));
        break;
    case REMEDY_LOOK: err_hint(e, "see what ails it: credrelay doctor"); break;
    }
}

bool database_failed(const char *path, int rc, int errnum, struct err *e)
{
    int primary = rc & 0xff;
    /* SQLite sets it for these two only, and not for a commit. */
    int why = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN ? errnum : 0;
    if (primary == SQLITE_IOERR && (why == ENOSPC || why == EDQUOT))
        primary = SQLITE_FULL;
    const struct failure *f = failure_of(primary);
    const char *text = f->text ? f->text : sqlite3_errstr(rc);
    err_set(e, f->code, "the store %s: %s%s%s", path, text, why ? ": " : "",
            why ? strerror(why) : "");
    hint_for(path, f->remedy, e);
    return false;
}
