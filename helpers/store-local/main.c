/* store-local: the embedded store.  Speaks the store protocol (store/protocol.h); the values live
 * in an SQLite database that only their owner can open.  Works with no network and no account, and
 * is what a machine by itself has when nothing is configured. */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/home.h"
#include "base/limits.h"
#include "database.h"
#include "private_file.h"
#include "serve.h"
#include "store_url.h"

/* How often `wait` asks; it starts quick, for a login that is being published right now. */
#define WAIT_FIRST_MS 50
#define WAIT_LAST_MS  200

/* Kept of the deadline for closing the database and writing the answer. */
#define ANSWER_MS 50

/* Kept of the answer's line for what stands around the versions of a history, and between them. */
#define HISTORY_FRAME (DATABASE_KEPT + 156)

static int64_t last_moment(const struct request *rq)
{
    return rq->deadline - ANSWER_MS;
}

/* The database of the request's URL, private, into PATH of LIMIT_PATH bytes. */
static bool find_store(const struct request *rq, char *path, struct err *e)
{
    char named[LIMIT_PATH], home[LIMIT_PATH];
    struct err ignored;
    return store_url_path(rq->store, home_folder(home, &ignored) ? home : NULL,
                          getenv("XDG_STATE_HOME"), named, e) &&
           private_file_prepare(named, path, e);
}

/* PATH must live as long as *RET. */
static bool open_store(const struct request *rq, char *path, struct database **ret, struct err *e)
{
    if (!*rq->path)
        return err_set(e, ERR_INVALID, "no path: which value is meant?");
    return find_store(rq, path, e) && database_init(e) &&
           database_open(path, last_moment(rq), ret, e);
}

static bool put_version(jv *object, const struct version *v)
{
    return jv_put_int(object, "version", v->version) &&
           jv_put_int(object, "modified", v->modified) && jv_put_text(object, "by", v->by) &&
           jv_put_bytes(object, "value", v->value, v->len);
}

/* ---- get ---- */

struct found {
    jv *answer;
    bool any, failed;
};

static bool answer_version(void *ctx, const struct version *v)
{
    struct found *f = ctx;
    f->any = true;
    f->failed = !put_version(f->answer, v);
    return false;
}

/* The newest version in the range becomes the answer; *RET_ANY: there was one. */
static bool answer_newest(struct database *d, const struct range *range, jv *answer, bool *ret_any,
                          struct err *e)
{
    struct found f = {.answer = answer};
    if (!database_read(d, range, answer_version, &f, e))
        return false;
    *ret_any = f.any;
    return !f.failed || err_no_memory(e);
}

static bool not_found(const struct request *rq, struct err *e)
{
    if (rq->version == STORE_VERSION_NONE)
        return err_set(e, ERR_NOT_FOUND, "nothing is stored at %.256s yet", rq->path);
    return err_set(e, ERR_NOT_FOUND, "%.256s has no version %lld", rq->path,
                   (long long)rq->version);
}

static bool get(const struct request *rq, jv *answer, struct err *e)
{
    char path[LIMIT_PATH];
    struct database *d = NULL;
    if (!open_store(rq, path, &d, e))
        return false;
    struct range range = {.path = rq->path, .upto = INT64_MAX, .limit = 1};
    if (rq->version > STORE_VERSION_NONE) {
        range.after = rq->version - 1;
        range.upto = rq->version;
    }
    bool any;
    bool ok = answer_newest(d, &range, answer, &any, e) && (any || not_found(rq, e));
    database_close(d);
    return ok;
}

/* ---- put ---- */

static bool put(const struct request *rq, jv *answer, struct err *e)
{
    if (rq->value_len > LIMIT_LOGIN)
        return err_set(e, ERR_TOO_LARGE, "the value has %zu bytes, this store takes %u",
                       rq->value_len, LIMIT_LOGIN);
    char path[LIMIT_PATH];
    struct database *d = NULL;
    if (!open_store(rq, path, &d, e))
        return false;
    struct put put = {
        .path = rq->path,
        .by = rq->machine,
        .value = rq->value,
        .len = rq->value_len,
        .expect = rq->expect,
        .modified = clock_wall_ms(),
    };
    int64_t version;
    bool ok = database_put(d, &put, &version, e) &&
              (jv_put_int(answer, "version", version) || err_no_memory(e));
    database_close(d);
    return ok;
}

/* ---- history ---- */

struct history {
    jv *versions;
    struct buf line; /* what the answer will take; as much of a history as fits is told */
    bool failed;
};

static bool add_version(void *ctx, const struct version *v)
{
    struct history *h = ctx;
    jv *one = jv_object();
    if (!put_version(one, v)) {
        jv_free(one);
        h->failed = true;
        return false;
    }
    if (!jv_write(one, &h->line)) {
        jv_free(one);
        return false;
    }
    h->failed = !jv_push(h->versions, one);
    return !h->failed;
}

static int64_t bounded_limit(const struct request *rq)
{
    return rq->limit < 1 || rq->limit > DATABASE_KEPT ? DATABASE_KEPT : rq->limit;
}

static bool history(const struct request *rq, jv *answer, struct err *e)
{
    char path[LIMIT_PATH];
    struct database *d = NULL;
    if (!open_store(rq, path, &d, e))
        return false;
    struct history h = {.versions = jv_array()};
    buf_init(&h.line, LIMIT_STORE_LINE - HISTORY_FRAME);
    struct range range = {.path = rq->path, .upto = INT64_MAX, .limit = bounded_limit(rq)};
    bool ok = database_read(d, &range, add_version, &h, e);
    database_close(d);
    buf_free(&h.line);
    bool told = jv_put(answer, "versions", h.versions) && !h.failed;
    return ok && (told || err_no_memory(e));
}

/* ---- wait ---- */

/* Until another process commits, or the deadline. */
static bool wait_for_change(const struct request *rq, struct database *d, int64_t stamp,
                            struct err *e)
{
    int64_t now = stamp, pause = WAIT_FIRST_MS;
    while (now == stamp) {
        int64_t left = last_moment(rq) - clock_steady_ms();
        if (left <= 0)
            return true;
        clock_sleep_ms(pause < left ? pause : left);
        pause = pause * 2 < WAIT_LAST_MS ? pause * 2 : WAIT_LAST_MS;
        if (!database_stamp(d, &now, e))
            return false;
    }
    return true;
}

static bool wait_for_newer(const struct request *rq, struct database *d, jv *answer, struct err *e)
{
    struct range newer = {.path = rq->path, .after = rq->version, .upto = INT64_MAX, .limit = 1};
    for (;;) {
        /* The stamp first: what is committed after it is noticed, before it is read. */
        int64_t stamp;
        bool any;
        if (!database_stamp(d, &stamp, e) || !answer_newest(d, &newer, answer, &any, e))
            return false;
        if (any || clock_steady_ms() >= last_moment(rq))
            return true;
        if (!wait_for_change(rq, d, stamp, e))
            return false;
    }
}

static bool wait_newer(const struct request *rq, jv *answer, struct err *e)
{
    char path[LIMIT_PATH];
    struct database *d = NULL;
    if (!open_store(rq, path, &d, e))
        return false;
    bool ok = wait_for_newer(rq, d, answer, e);
    database_close(d);
    return ok;
}

/* ---- check ---- */

/* One row: what was asked, and the answer. */
static bool add_check(jv *checks, const char *name, const char *fine, bool ok,
                      const struct err *why)
{
    jv *row = jv_object();
    bool made = jv_put_text(row, "name", name) && jv_put_bool(row, "ok", ok) &&
                jv_put_text(row, "detail", ok ? fine : why->text) &&
                jv_put_text(row, "hint", ok ? "" : why->hint);
    if (!made) {
        jv_free(row);
        return false;
    }
    return jv_push(checks, row);
}

static bool check_store(const struct request *rq, jv *checks)
{
    char path[LIMIT_PATH];
    struct err e;
    struct database *d = NULL;
    bool ok = find_store(rq, path, &e);
    bool told = add_check(checks, "private", path, ok, &e);
    if (!ok)
        return told;
    ok = database_init(&e) && database_open(path, last_moment(rq), &d, &e);
    told =
        told && add_check(checks, "opens", "the database is ours and its layout is known", ok, &e);
    if (!ok)
        return told;
    ok = database_writable(d, &e);
    told = told && add_check(checks, "writable", "values can be put", ok, &e);
    ok = database_intact(d, &e);
    told = told && add_check(checks, "intact", "every page was looked at", ok, &e);
    database_close(d);
    return told;
}

static bool check(const struct request *rq, jv *answer, struct err *e)
{
    jv *checks = jv_array();
    bool told = check_store(rq, checks);
    return (jv_put(answer, "checks", checks) && told) || err_no_memory(e);
}

int main(void)
{
    static serve_fn *const ops[STORE_OP_COUNT] = {
        [STORE_GET] = get,         [STORE_PUT] = put,     [STORE_HISTORY] = history,
        [STORE_WAIT] = wait_newer, [STORE_CHECK] = check,
    };
    umask(077);
    return serve(ops);
}
