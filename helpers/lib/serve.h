/* The helper's side of a protocol of one line each way: read the request, answer it.
 *
 *   int main(void) { return serve(ops); }                   a store (store/protocol.h)
 *   int main(void) { return serve_line(send, NULL); }       another helper
 *
 * Both close the process to others, read the one request, call the function and write the answer it
 * filled in, or the error.  A function gets the request and an empty answer object; true means the
 * answer is complete. */
#ifndef CREDRELAY_HELPERS_SERVE_H
#define CREDRELAY_HELPERS_SERVE_H

#include "base/json.h"
#include "store/protocol.h"

/* REQUEST is any JSON value; CTX is what serve_line was given. */
typedef bool serve_line_fn(const void *ctx, const jv *request, jv *answer, struct err *e);

/* Ends the process with the exit status, or returns it for main. */
int serve_line(serve_line_fn *fn, const void *ctx);

/* When a request with "deadline_ms" must be answered, on the steady clock, counted from now. */
int64_t serve_deadline(const jv *request);

/* ---- a store ---- */

struct request {
    enum store_op op;
    const char *store, *path, *role, *machine; /* never NULL; lent by the request document */
    const jv *options;                         /* an object */
    int64_t version;                           /* 0: newest */
    int64_t expect;
    int64_t limit;
    int64_t deadline;  /* on the steady clock (clock_steady_ms), already counted from now */
    const char *value; /* NULL unless op is put; secret: do not copy it where it is not wiped */
    size_t value_len;
};

typedef bool serve_fn(const struct request *rq, jv *answer, struct err *e);

/* OPS is indexed by enum store_op; NULL: unsupported.  Ends as serve_line does. */
int serve(serve_fn *const ops[STORE_OP_COUNT]);

/* The text option KEY of the request, or FALLBACK. */
const char *request_option(const struct request *rq, const char *key, const char *fallback);

/* Milliseconds left until the deadline, at least 0. */
int64_t request_time_left(const struct request *rq);

#endif
