/* Versioned values in an SQLite database, whose one door this is.
 *
 *   database_init(&e);                                      once, before any other call
 *   struct database *d;
 *   if (!database_open(path, deadline, &d, &e)) ...         makes an empty one ready
 *   database_put(d, &put, &version, &e);
 *   database_close(d);                                      NULL is fine
 *
 * Nothing here erases anything but versions older than the newest KEPT of the same path: a
 * damaged, newer or foreign database is refused as it stands.  SQLite's memory is wiped as it is
 * freed, and it makes no temporary files.
 *
 * Errors, each with what to do: ERR_BUSY (locked by others until the deadline), ERR_IO (disk full
 * or failing), ERR_DENIED (read-only), ERR_INVALID (damaged or not ours), ERR_UNSUPPORTED (made by
 * a newer credrelay). */
#ifndef CREDRELAY_STORE_LOCAL_DATABASE_H
#define CREDRELAY_STORE_LOCAL_DATABASE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* As many as AWS Parameter Store keeps of a parameter, so that moving there changes nothing. */
#define DATABASE_KEPT 100

struct database;

bool database_init(struct err *e) MUST_CHECK;

/* PATH is what private_file_prepare made of it, and lent until database_close.  Every call waits
 * for locks until DEADLINE on the steady clock. */
bool database_open(const char *path, int64_t deadline, struct database **ret,
                   struct err *e) MUST_CHECK;
void database_close(struct database *d);

struct put {
    const char *path, *by;
    const char *value; /* LEN bytes, secret */
    size_t len;
    int64_t expect;   /* the version that must be the newest; 0: there must be none */
    int64_t modified; /* ms since 1970 */
};

/* Compare and swap in one transaction, on disk when it returns true.  ERR_CONFLICT names the
 * version that is there instead. */
bool database_put(struct database *d, const struct put *put, int64_t *ret_version,
                  struct err *e) MUST_CHECK;

/* One version, lent for the time of the call. */
struct version {
    int64_t version, modified;
    const char *by, *value; /* NUL-terminated; VALUE is secret */
    size_t len;             /* of value */
};

struct range {
    const char *path;
    int64_t after, upto; /* after < version <= upto */
    int64_t limit;
};

typedef bool version_fn(void *ctx, const struct version *v);

/* Call FN for the versions in the range, newest first, until it returns false (which is no
 * error).  What is not the text that was put is ERR_INVALID. */
bool database_read(struct database *d, const struct range *range, version_fn *fn, void *ctx,
                   struct err *e) MUST_CHECK;

/* A number that changes whenever another process has committed: cheap enough to poll. */
bool database_stamp(struct database *d, int64_t *ret, struct err *e) MUST_CHECK;

/* Could something be put?  Takes the write lock and lets go of it. */
bool database_writable(struct database *d, struct err *e) MUST_CHECK;

/* SQLite's own check of every page, and ours of every version. */
bool database_intact(struct database *d, struct err *e) MUST_CHECK;

#endif
