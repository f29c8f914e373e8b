/* A store, seen from the program: a URL and a helper process for each call (store/protocol.h).
 *
 *   struct store s;
 *   if (!store_open("ssm://us-west-2/claude/oauth/credentials", "claude", &s, &e)) ...
 *   struct store_value v;
 *   if (!store_get(&s, &request, &v, &e)) ...     ERR_NOT_FOUND: nothing there yet
 *   store_value_free(&v);
 *
 * Errors carry the helper's own code, sentence and hint, with the store's name in front. */
#ifndef CREDRELAY_STORE_STORE_H
#define CREDRELAY_STORE_STORE_H

#include "base/json.h"
#include "base/limits.h"
#include "base/secret.h"
#include "store/protocol.h"

struct store {
    char url[1024];
    char scheme[32];
    char path[512];           /* the value's name in the store */
    char program[LIMIT_PATH]; /* the helper */
    const char *display;      /* as people say it: "Parameter Store" */
};

/* Who asks, and how long it may take. */
struct store_call {
    const struct store *store;
    const char *path; /* store->path, or another value's */
    const char *role; /* "reader", "writer" */
    const char *machine;
    const jv *options; /* strings; NULL: none */
    int64_t timeout_ms;
    struct buf *errors; /* what the helper says to people is put here; NULL: dropped */
};

struct store_value {
    int64_t version;
    int64_t modified; /* ms since 1970; 0: not known */
    char by[128];
    struct secret *value;
};

/* Parse the URL and find its helper.  RELAY names the value in stores whose URL does not. */
bool store_open(const char *url, const char *relay, struct store *ret, struct err *e) MUST_CHECK;

/* The newest value, or VERSION when it is not 0. */
bool store_get(const struct store_call *c, int64_t version, struct store_value *ret,
               struct err *e) MUST_CHECK;
void store_value_free(struct store_value *v);

struct store_put_result {
    int64_t version;
    bool raced; /* somebody put another value between `expect` and ours: read and decide again */
};

/* Put VALUE on top of version EXPECT (0: nothing there yet).  ERR_CONFLICT: it is not the newest
 * any more. */
bool store_put(const struct store_call *c, const void *value, size_t len, int64_t expect,
               struct store_put_result *ret, struct err *e) MUST_CHECK;

/* Wait for a version newer than VERSION, until the time of the call is over.  *RET_VERSION: the
 * newest; 0: none came.  ERR_UNSUPPORTED: this store has to be asked again and again. */
bool store_wait(const struct store_call *c, int64_t version, int64_t *ret_version,
                struct err *e) MUST_CHECK;

/* Call FN for up to LIMIT versions, newest first, until it returns false. */
typedef bool store_version_fn(void *ctx, int64_t version, int64_t modified, const char *by,
                              const char *value);
bool store_history(const struct store_call *c, int64_t limit, store_version_fn *fn, void *ctx,
                   struct err *e);

/* What the helper finds out about itself and this machine's way to the store, a row at a time. */
struct store_finding {
    const char *name; /* "identity" */
    bool ok;          /* false: something that is needed does not work */
    bool warning;     /* it works, and should be seen to */
    const char *detail, *hint;
};
typedef void store_check_fn(void *ctx, const struct store_finding *row);
bool store_check(const struct store_call *c, store_check_fn *fn, void *ctx,
                 struct err *e) MUST_CHECK;

#endif
