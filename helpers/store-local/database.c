#include "database.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "base/wiped_alloc.h"
#include "database_failure.h"

#define AS_TEXT(number) AS_WRITTEN(number)
#define AS_WRITTEN(x)   #x

/* "crly": tells our databases from those of other programs (sqlite.org/fileformat2.html,
 * "Application ID"). */
#define APPLICATION_ID 0x63726c79

/* The layout below.  Raised when it changes; a database with a larger one is refused. */
#define SCHEMA 1

#define MARKS                                                                                      \
    "PRAGMA application_id = " AS_TEXT(APPLICATION_ID) "; PRAGMA user_version = " AS_TEXT(         \
        SCHEMA) ";"

static const char schema[] = "CREATE TABLE version ("
                             " path TEXT NOT NULL,"
                             " version INTEGER NOT NULL,"
                             " modified INTEGER NOT NULL," /* ms since 1970 */
                             " by TEXT NOT NULL,"
                             " value TEXT NOT NULL,"
                             " PRIMARY KEY (path, version));" MARKS;

/* Of each connection; only journal_mode stays in the file. */
static const char settings[] = "PRAGMA secure_delete = ON;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA fullfsync = ON;" /* macOS: through the disk's cache */
                               "PRAGMA checkpoint_fullfsync = ON;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA trusted_schema = OFF;"
                               "PRAGMA cell_size_check = ON;";

/* Between two looks whether another process is still in the way. */
#define RETRY_MS 5

struct database {
    sqlite3 *sqlite;
    const char *path;
    int64_t deadline;
};

static bool failed(const struct database *d, int rc, struct err *e)
{
    return database_failed(d->path, rc, sqlite3_system_errno(d->sqlite), e);
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

static bool run(struct database *d, const char *sql, struct err *e)
{
    int rc;
    /* To journal_mode SQLite answers at once, without the handler above. */
    do
        rc = sqlite3_exec(d->sqlite, sql, NULL, NULL, NULL);
    while ((rc & 0xff) == SQLITE_BUSY && keep_waiting(d, 0));
    return rc == SQLITE_OK || failed(d, rc, e);
}

static bool prepare(struct database *d, const char *sql, sqlite3_stmt **ret, struct err *e)
{
    int rc = sqlite3_prepare_v2(d->sqlite, sql, -1, ret, NULL);
    return rc == SQLITE_OK || failed(d, rc, e);
}

/* BOUND: what the binding of all the parameters came to. */
static int first_step(sqlite3_stmt *s, int bound)
{
    return bound == SQLITE_OK ? sqlite3_step(s) : SQLITE_NOMEM;
}

/* The one number that SQL comes to; its parameter, if any, is PATH. */
static bool number(struct database *d, const char *sql, const char *path, int64_t *ret,
                   struct err *e)
{
    sqlite3_stmt *s = NULL;
    if (!prepare(d, sql, &s, e))
        return false;
    int rc = first_step(s, path ? sqlite3_bind_text(s, 1, path, -1, SQLITE_STATIC) : SQLITE_OK);
    bool ok = rc == SQLITE_ROW || failed(d, rc, e);
    if (ok)
        *ret = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return ok;
}

/* Do S, which answers nothing, and free it. */
static bool finish(struct database *d, sqlite3_stmt *s, int bound, struct err *e)
{
    int rc = first_step(s, bound);
    bool ok = rc == SQLITE_DONE || failed(d, rc, e);
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
    bool empty;
    if (!run(d, "PRAGMA journal_mode = WAL", e) || !run(d, "BEGIN IMMEDIATE", e))
        return false;
    bool ok = identify(d, &empty, e) && (!empty || run(d, schema, e));
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

static int bind_range(sqlite3_stmt *s, const struct range *r)
{
    return sqlite3_bind_text(s, 1, r->path, -1, SQLITE_STATIC) |
           sqlite3_bind_int64(s, 2, r->after) | sqlite3_bind_int64(s, 3, r->upto) |
           sqlite3_bind_int64(s, 4, r->limit);
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

/* What has turned into other bytes on the disk SQLite does not notice. */
static bool is_whole(const struct version *v)
{
    return v->by && v->value && utf8_is_text(v->by) && utf8_is_text(v->value) &&
           strlen(v->value) == v->len;
}

/* Go through S, whose columns are those of row(), until FN, if any, returns false; free it. */
static bool read_rows(struct database *d, sqlite3_stmt *s, int bound, version_fn *fn, void *ctx,
                      struct err *e)
{
    int rc = first_step(s, bound);
    while (rc == SQLITE_ROW) {
        struct version v = row(s);
        if (is_whole(&v))
            rc = !fn || fn(ctx, &v) ? sqlite3_step(s) : SQLITE_DONE;
        else
            rc = sqlite3_errcode(d->sqlite) == SQLITE_NOMEM ? SQLITE_NOMEM : SQLITE_CORRUPT;
    }
    bool ok = rc == SQLITE_DONE || failed(d, rc, e);
    sqlite3_finalize(s);
    return ok;
}

bool database_read(struct database *d, const struct range *range, version_fn *fn, void *ctx,
                   struct err *e)
{
    sqlite3_stmt *s = NULL;
    return prepare(d,
                   "SELECT version, modified, by, value FROM version"
                   " WHERE path = ?1 AND version > ?2 AND version <= ?3"
                   " ORDER BY version DESC LIMIT ?4",
                   &s, e) &&
           read_rows(d, s, bind_range(s, range), fn, ctx, e);
}

static bool insert(struct database *d, const struct put *put, int64_t version, struct err *e)
{
    sqlite3_stmt *s = NULL;
    if (!prepare(d,
                 "INSERT INTO version (path, version, modified, by, value)"
                 " VALUES (?1, ?2, ?3, ?4, ?5)",
                 &s, e))
        return false;
    int bound = sqlite3_bind_text(s, 1, put->path, -1, SQLITE_STATIC) |
                sqlite3_bind_int64(s, 2, version) | sqlite3_bind_int64(s, 3, put->modified) |
                sqlite3_bind_text(s, 4, put->by, -1, SQLITE_STATIC) |
                sqlite3_bind_text(s, 5, put->value, (int)put->len, SQLITE_STATIC);
    return finish(d, s, bound, e);
}

static bool forget_before(struct database *d, const char *path, int64_t version, struct err *e)
{
    sqlite3_stmt *s = NULL;
    if (!prepare(d, "DELETE FROM version WHERE path = ?1 AND version < ?2", &s, e))
        return false;
    int bound =
        sqlite3_bind_text(s, 1, path, -1, SQLITE_STATIC) | sqlite3_bind_int64(s, 2, version);
    return finish(d, s, bound, e);
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

static bool pages_are_sound(struct database *d, struct err *e)
{
    sqlite3_stmt *s = NULL;
    if (!prepare(d, "PRAGMA quick_check(1)", &s, e))
        return false;
    int rc = sqlite3_step(s);
    const char *verdict = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : NULL;
    bool ok = verdict && strcmp(verdict, "ok") == 0;
    if (!ok)
        failed(d, rc == SQLITE_ROW ? SQLITE_CORRUPT : rc, e);
    sqlite3_finalize(s);
    return ok;
}

bool database_intact(struct database *d, struct err *e)
{
    sqlite3_stmt *s = NULL;
    return pages_are_sound(d, e) &&
           prepare(d, "SELECT version, modified, by, value FROM version", &s, e) &&
           read_rows(d, s, SQLITE_OK, NULL, NULL, e);
}
