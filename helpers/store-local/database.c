#include "database.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/shell_word.h"
#include "base/wiped_alloc.h"

/* "crly": tells our databases from those of other programs (sqlite.org/fileformat2.html,
 * "Application ID"). */
#define APPLICATION_ID 0x63726c79

/* The layout below.  Raised when it changes; a database with a larger one is refused. */
#define SCHEMA 1

static const char schema[] = "CREATE TABLE version ("
                             " path TEXT NOT NULL,"
                             " version INTEGER NOT NULL,"
                             " modified INTEGER NOT NULL," /* ms since 1970 */
                             " by TEXT NOT NULL,"
                             " value TEXT NOT NULL,"
                             " PRIMARY KEY (path, version));";

/* Of each connection; only journal_mode stays in the file. */
static const char settings[] = "PRAGMA secure_delete = ON;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA fullfsync = ON;" /* macOS: through the disk's cache */
                               "PRAGMA checkpoint_fullfsync = ON;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA trusted_schema = OFF;"
                               "PRAGMA cell_size_check = ON;";

/* SQLite answers some lock conflicts at once, without its busy handler. */
#define RETRY_MS 5

struct database {
    sqlite3 *sqlite;
    const char *path;
    int64_t deadline;
};

/* ---- what SQLite says, in our words ---- */

/* What a person can do about it. */
enum remedy { REMEDY_NONE, REMEDY_ROOM, REMEDY_DISK, REMEDY_ACCESS, REMEDY_UNLOCK, REMEDY_KEEP };

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
    {SQLITE_NOMEM, ERR_NO_MEMORY, "out of memory", REMEDY_NONE},
};

static const struct failure *failure_of(int primary)
{
    static const struct failure other = {SQLITE_ERROR, ERR_FAILED, NULL, REMEDY_NONE};
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
        if (failures[i].primary == primary)
            return &failures[i];
    return &other;
}

static void hint_for(const struct database *d, enum remedy remedy, struct err *e)
{
    const char *name = strrchr(d->path, '/') + 1;
    char folder[LIMIT_PATH];
    snprintf(folder, sizeof folder, "%.*s", (int)(name - d->path), d->path);
    switch (remedy) {
    case REMEDY_NONE: break;
    case REMEDY_ROOM: err_hint(e, "make room, nothing was lost: df -h %s", QUOTED(d->path)); break;
    case REMEDY_DISK:
        err_hint(e, "look at the disk, nothing was lost: df -h %s", QUOTED(d->path));
        break;
    case REMEDY_UNLOCK: err_hint(e, "find it: fuser -v %s", QUOTED(d->path)); break;
    case REMEDY_ACCESS:
        err_hint(e, "the file and its folder must be writable: chmod u+rwx %s && chmod 600 %s",
                 QUOTED(folder), QUOTED(d->path));
        break;
    case REMEDY_KEEP: /* -wal and -shm belong to it and must go along */
        err_hint(e,
                 "it was left as it is; move it aside, then publish again from a machine that is "
                 "logged in: cd %s && mkdir damaged && mv %s* damaged/",
                 QUOTED(folder), QUOTED(name));
        break;
    }
}

/* SQLite's own message is left out: it says less than the code, and may quote. */
static bool failed(const struct database *d, int rc, struct err *e)
{
    int primary = rc & 0xff;
    /* SQLite tells it for these two only, and not for a commit. */
    int why =
        primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN ? sqlite3_system_errno(d->sqlite) : 0;
    if (primary == SQLITE_IOERR && (why == ENOSPC || why == EDQUOT))
        primary = SQLITE_FULL;
    const struct failure *f = failure_of(primary);
    const char *text = f->text ? f->text : sqlite3_errstr(rc);
    err_set(e, f->code, "the store %s: %s%s%s", d->path, text, why ? ": " : "",
            why ? strerror(why) : "");
    hint_for(d, f->remedy, e);
    return false;
}

/* ---- statements ---- */

/* Another process is in the way: wait a little, or no longer. */
static int keep_waiting(void *ctx, int times)
{
    const struct database *d = ctx;
    (void)times;
    if (clock_steady_ms() >= d->deadline)
        return 0;
    clock_sleep_ms(RETRY_MS);
    return 1;
}

/* Some conflicts SQLite answers at once, without the handler above. */
static bool is_busy(struct database *d, int rc)
{
    return (rc & 0xff) == SQLITE_BUSY && keep_waiting(d, 0);
}

static bool run(struct database *d, const char *sql, struct err *e)
{
    int rc;
    do
        rc = sqlite3_exec(d->sqlite, sql, NULL, NULL, NULL);
    while (is_busy(d, rc));
    return rc == SQLITE_OK || failed(d, rc, e);
}

static bool prepare(struct database *d, const char *sql, sqlite3_stmt **ret, struct err *e)
{
    int rc;
    do
        rc = sqlite3_prepare_v2(d->sqlite, sql, -1, ret, NULL);
    while (is_busy(d, rc));
    return rc == SQLITE_OK || failed(d, rc, e);
}

static int step(struct database *d, sqlite3_stmt *s)
{
    int rc;
    while ((rc = sqlite3_step(s)), is_busy(d, rc))
        sqlite3_reset(s);
    return rc;
}

/* The one number that SQL comes to; its parameter, if any, is PATH. */
static bool number(struct database *d, const char *sql, const char *path, int64_t *ret,
                   struct err *e)
{
    sqlite3_stmt *s = NULL;
    if (!prepare(d, sql, &s, e))
        return false;
    int rc = path ? sqlite3_bind_text(s, 1, path, -1, SQLITE_STATIC) : SQLITE_OK;
    if (rc == SQLITE_OK)
        rc = step(d, s);
    bool ok = rc == SQLITE_ROW || failed(d, rc, e);
    if (ok)
        *ret = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return ok;
}

/* End the transaction as OK says.  The error that led here, if any, is kept. */
static bool end(struct database *d, bool ok, struct err *e)
{
    if (ok && run(d, "COMMIT", e))
        return true;
    sqlite3_exec(d->sqlite, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

/* ---- opening ---- */

static void *heap_malloc(int len)
{
    return wiped_malloc((size_t)len);
}

static void *heap_realloc(void *p, int len)
{
    return wiped_realloc(p, (size_t)len);
}

static int heap_size(void *p)
{
    return (int)wiped_size(p);
}

static int heap_roundup(int len)
{
    return (len + 7) & ~7;
}

static int heap_init(void *unused)
{
    (void)unused;
    return SQLITE_OK;
}

static void heap_shutdown(void *unused)
{
    (void)unused;
}

bool database_init(struct err *e)
{
    static const sqlite3_mem_methods wiping = {
        heap_malloc,  wiped_free, heap_realloc,  heap_size,
        heap_roundup, heap_init,  heap_shutdown, NULL,
    };
    int rc = sqlite3_config(SQLITE_CONFIG_MALLOC, &wiping);
    if (rc == SQLITE_OK)
        rc = sqlite3_initialize();
    return rc == SQLITE_OK || err_set(e, ERR_FAILED, "SQLite: %s", sqlite3_errstr(rc));
}

/* Whose database this is: *RET_EMPTY, ours and known (true), or an error.  In a transaction, or
 * another process could make it ours between two of the questions. */
static bool identify(struct database *d, bool *ret_empty, struct err *e)
{
    int64_t application, version, tables;
    if (!number(d, "PRAGMA application_id", NULL, &application, e) ||
        !number(d, "PRAGMA user_version", NULL, &version, e) ||
        !number(d, "SELECT count(*) FROM sqlite_master", NULL, &tables, e))
        return false;
    *ret_empty = application == 0 && version == 0 && tables == 0;
    if (*ret_empty)
        return true;
    if (application != APPLICATION_ID) {
        err_set(e, ERR_INVALID, "%s is the database of another program", d->path);
        return err_hint(e, "name another file: store = local:/PATH/store.db");
    }
    if (version > SCHEMA) {
        err_set(e, ERR_UNSUPPORTED,
                "the store %s was made by a newer credrelay (layout %lld, known here: %d)", d->path,
                (long long)version, SCHEMA);
        return err_hint(e, "upgrade credrelay on this machine");
    }
    return true;
}

static bool make_tables(struct database *d, struct err *e)
{
    char marks[96];
    snprintf(marks, sizeof marks, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
             APPLICATION_ID, SCHEMA);
    bool empty;
    if (!run(d, "PRAGMA journal_mode = WAL", e) || !run(d, "BEGIN IMMEDIATE", e))
        return false;
    bool ok = identify(d, &empty, e) && (!empty || (run(d, schema, e) && run(d, marks, e)));
    return end(d, ok, e);
}

static bool connect(struct database *d, struct err *e)
{
    int rc =
        sqlite3_open_v2(d->path, &d->sqlite,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX, NULL);
    if (!d->sqlite)
        return err_no_memory(e);
    if (rc != SQLITE_OK)
        return failed(d, rc, e);
    sqlite3_extended_result_codes(d->sqlite, 1);
    sqlite3_busy_handler(d->sqlite, keep_waiting, d);
    bool empty = false;
    return run(d, settings, e) && run(d, "BEGIN", e) && end(d, identify(d, &empty, e), e) &&
           (!empty || make_tables(d, e));
}

bool database_open(const char *path, int64_t deadline, struct database **ret, struct err *e)
{
    struct database *d = calloc(1, sizeof *d);
    if (!d)
        return err_no_memory(e);
    *d = (struct database){.path = path, .deadline = deadline};
    if (!connect(d, e)) {
        database_close(d);
        return false;
    }
    *ret = d;
    return true;
}

void database_close(struct database *d)
{
    if (!d)
        return;
    sqlite3_close(d->sqlite);
    free(d);
}

/* ---- reading and writing ---- */

static bool bind_range(sqlite3_stmt *s, const struct range *r)
{
    return sqlite3_bind_text(s, 1, r->path, -1, SQLITE_STATIC) == SQLITE_OK &&
           sqlite3_bind_int64(s, 2, r->after) == SQLITE_OK &&
           sqlite3_bind_int64(s, 3, r->upto) == SQLITE_OK &&
           sqlite3_bind_int64(s, 4, r->limit) == SQLITE_OK;
}

static struct version row(sqlite3_stmt *s)
{
    /* In this order: the length is that of the text made by the call before. */
    struct version v = {
        .version = sqlite3_column_int64(s, 0),
        .modified = sqlite3_column_int64(s, 1),
        .by = (const char *)sqlite3_column_text(s, 2),
        .value = (const char *)sqlite3_column_text(s, 3),
    };
    v.len = (size_t)sqlite3_column_bytes(s, 3);
    return v;
}

bool database_read(struct database *d, const struct range *range,
                   bool (*fn)(void *ctx, const struct version *v), void *ctx, struct err *e)
{
    sqlite3_stmt *s = NULL;
    if (!prepare(d,
                 "SELECT version, modified, by, value FROM version"
                 " WHERE path = ?1 AND version > ?2 AND version <= ?3"
                 " ORDER BY version DESC LIMIT ?4",
                 &s, e))
        return false;
    int rc = bind_range(s, range) ? SQLITE_ROW : SQLITE_NOMEM;
    while (rc == SQLITE_ROW && (rc = step(d, s)) == SQLITE_ROW) {
        struct version v = row(s);
        if (!v.by || !v.value)
            rc = SQLITE_NOMEM;
        else if (!fn(ctx, &v))
            rc = SQLITE_DONE;
    }
    bool ok = rc == SQLITE_DONE || failed(d, rc, e);
    sqlite3_finalize(s);
    return ok;
}

static bool insert(struct database *d, const struct put *put, int64_t version, struct err *e)
{
    sqlite3_stmt *s = NULL;
    if (!prepare(d,
                 "INSERT INTO version (path, version, modified, by, value)"
                 " VALUES (?1, ?2, ?3, ?4, ?5)",
                 &s, e))
        return false;
    bool bound = sqlite3_bind_text(s, 1, put->path, -1, SQLITE_STATIC) == SQLITE_OK &&
                 sqlite3_bind_int64(s, 2, version) == SQLITE_OK &&
                 sqlite3_bind_int64(s, 3, put->modified) == SQLITE_OK &&
                 sqlite3_bind_text(s, 4, put->by, -1, SQLITE_STATIC) == SQLITE_OK &&
                 sqlite3_bind_text(s, 5, put->value, (int)put->len, SQLITE_STATIC) == SQLITE_OK;
    int rc = bound ? step(d, s) : SQLITE_NOMEM;
    bool ok = rc == SQLITE_DONE || failed(d, rc, e);
    sqlite3_finalize(s);
    return ok;
}

static bool forget_before(struct database *d, const char *path, int64_t version, struct err *e)
{
    sqlite3_stmt *s = NULL;
    if (!prepare(d, "DELETE FROM version WHERE path = ?1 AND version < ?2", &s, e))
        return false;
    bool bound = sqlite3_bind_text(s, 1, path, -1, SQLITE_STATIC) == SQLITE_OK &&
                 sqlite3_bind_int64(s, 2, version) == SQLITE_OK;
    int rc = bound ? step(d, s) : SQLITE_NOMEM;
    bool ok = rc == SQLITE_DONE || failed(d, rc, e);
    sqlite3_finalize(s);
    return ok;
}

static bool swap(struct database *d, const struct put *put, struct err *e)
{
    int64_t newest;
    if (!number(d, "SELECT max(version) FROM version WHERE path = ?1", put->path, &newest, e))
        return false;
    if (newest != put->expect)
        return err_set(e, ERR_CONFLICT, "version %lld is there, version %lld was expected",
                       (long long)newest, (long long)put->expect);
    int64_t version = newest + 1;
    return insert(d, put, version, e) &&
           forget_before(d, put->path, version - DATABASE_KEPT + 1, e);
}

bool database_put(struct database *d, const struct put *put, int64_t *ret_version, struct err *e)
{
    if (!run(d, "BEGIN IMMEDIATE", e) || !end(d, swap(d, put, e), e))
        return false;
    *ret_version = put->expect + 1;
    return true;
}

bool database_stamp(struct database *d, int64_t *ret, struct err *e)
{
    return number(d, "PRAGMA data_version", NULL, ret, e);
}

bool database_writable(struct database *d, struct err *e)
{
    return run(d, "BEGIN IMMEDIATE", e) && end(d, true, e);
}

bool database_intact(struct database *d, struct err *e)
{
    sqlite3_stmt *s = NULL;
    if (!prepare(d, "PRAGMA quick_check(1)", &s, e))
        return false;
    int rc = step(d, s);
    const char *verdict = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : NULL;
    bool ok = verdict && strcmp(verdict, "ok") == 0;
    if (!ok)
        failed(d, rc == SQLITE_ROW ? SQLITE_CORRUPT : rc, e);
    sqlite3_finalize(s);
    return ok;
}
