/* The helper's side of the store protocol (store/protocol.h): read the request, answer it.
 *
 *   int main(void) { return serve(ops); }
 *
 * serve() closes the process to others, reads the one request, calls the operation's function and
 * writes the answer it filled in, or the error.  A function gets the request and an empty answer
 * object; true means the answer is complete. */
#ifndef CREDRELAY_HELPERS_SERVE_H
#define CREDRELAY_HELPERS_SERVE_H

#include "base/json.h"
#include "store/protocol.h"

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

/* OPS is indexed by enum store_op; NULL: unsupported.  Returns the exit status for main. */
int serve(serve_fn *const ops[STORE_OP_COUNT]);

/* The text option KEY of the request, or FALLBACK. */
const char *request_option(const struct request *rq, const char *key, const char *fallback);

/* Milliseconds left until the deadline, at least 0. */
int64_t request_time_left(const struct request *rq);

#endif
