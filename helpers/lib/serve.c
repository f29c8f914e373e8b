#include "serve.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/secret.h"
#include "os/process.h"

/* Deeper than any call goes. */
#define STACK_WIPED (256u << 10)

#define DEADLINE_USUAL_MS   10000
/* What no caller waits for is cut, so that the sum cannot overflow. */
#define DEADLINE_LARGEST_MS (24 * 60 * 60 * 1000)

/* Until the line ends or the input does. */
static bool read_line(int fd, struct buf *line, struct err *e)
{
    for (;;) {
        char *at = buf_space(line, 4096);
        if (!at)
            return buf_error(line, "the request", e);
        ssize_t n = read(fd, at, 4096);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(e, errno, "cannot read the request");
        if (n > 0)
            buf_added(line, (size_t)n);
        if (n == 0 || memchr(at, '\n', (size_t)n))
            return true;
    }
}

static void fail(jv *answer, const struct err *e)
{
    jv_put_bool(answer, "ok", false);
    jv_put_text(answer, "error", err_name(e->code));
    jv_put_text(answer, "message", e->text);
    if (e->hint[0])
        jv_put_text(answer, "hint", e->hint);
    if (e->retry_after_ms)
        jv_put_int(answer, "retry_after_ms", e->retry_after_ms);
}

static bool write_answer(const jv *answer)
{
    struct buf out;
    buf_init(&out, LIMIT_STORE_LINE);
    bool ok = jv_write(answer, &out) && buf_text(&out, "\n");
    for (size_t done = 0; ok && done < out.len;) {
        ssize_t n = write(STDOUT_FILENO, out.data + done, out.len - done);
        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || errno != EINTR)
            ok = false;
    }
    buf_free(&out);
    return ok;
}

/* Binding a symbol late, the loader saves the vector registers on the stack, and with them what was
 * copied last: a piece of a login.  Copies of nothing, of every size, go through the same registers;
 * then what has been saved is wiped. */
static void wipe_traces(void)
{
    static char from[512], to[512];
    void *(*volatile copy)(void *, const void *, size_t) = memcpy;
    for (size_t n = 0; n <= sizeof to; n++)
        copy(to, from, n);
    sodium_stackzero(STACK_WIPED);
}

/* What the libraries still hold, the system takes back with the process: OpenSSL's cleaning up is a
 * twentieth of a call.  Where leaks are looked for, that is done at the end of main. */
static int end(int status)
{
#ifndef CREDRELAY_SANITIZED
    _exit(status);
#endif
    return status;
}

int serve_line(serve_line_fn *fn, const void *ctx)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    os_close_to_others();
    jv_init();
    if (!secret_init())
        return 71;

    struct err e = {0};
    struct buf line;
    buf_init(&line, LIMIT_STORE_LINE);
    jv *doc = NULL, *answer = jv_object();
    bool ok = read_line(STDIN_FILENO, &line, &e) && (doc = jv_parse(buf_str(&line), line.len, &e));
    buf_free(&line);
    ok = ok && (jv_put_bool(answer, "ok", true) || err_no_memory(&e)) && fn(ctx, doc, answer, &e);
    if (!ok) {
        jv_free(answer);
        answer = jv_object();
        fail(answer, &e);
    }
    bool told = write_answer(answer);
    jv_free(answer);
    jv_free(doc);
    wipe_traces();
    return end(told ? 0 : 74);
}

int64_t serve_deadline(const jv *doc)
{
    int64_t span = jv_number(doc, "deadline_ms", DEADLINE_USUAL_MS);
    if (span < 0 || span > DEADLINE_LARGEST_MS)
        span = span < 0 ? 0 : DEADLINE_LARGEST_MS;
    return clock_steady_ms() + span;
}

/* ---- a store ---- */

static const char *text_or_empty(const jv *doc, const char *key)
{
    const char *text = jv_text(doc, key);
    return text ? text : "";
}

static bool understand(const jv *doc, struct request *ret, struct err *e)
{
    if (jv_number(doc, "credrelay", 0) != STORE_PROTOCOL)
        return err_set(e, ERR_UNSUPPORTED, "this helper speaks version %d of the store protocol",
                       STORE_PROTOCOL);
    const char *op = text_or_empty(doc, "op");
    int i = 0;
    while (i < STORE_OP_COUNT && strcmp(op, store_op_names[i]) != 0)
        i++;
    if (i == STORE_OP_COUNT)
        return err_set(e, ERR_UNSUPPORTED, "no operation called '%.32s'", op);
    *ret = (struct request){
        .op = (enum store_op)i,
        .store = text_or_empty(doc, "store"),
        .path = text_or_empty(doc, "path"),
        .role = text_or_empty(doc, "role"),
        .machine = text_or_empty(doc, "machine"),
        .options = jv_get(doc, "options"),
        .version = jv_number(doc, "version", STORE_VERSION_NONE),
        .expect = jv_number(doc, "expect", STORE_VERSION_NONE),
        .limit = jv_number(doc, "limit", 100),
        .deadline = serve_deadline(doc),
        .value = jv_text(doc, "value"),
    };
    ret->value_len = ret->value ? strlen(ret->value) : 0;
    if (ret->op == STORE_PUT && !ret->value_len)
        return err_set(e, ERR_INVALID, "put without a value");
    return true;
}

static bool answer_store(const void *ctx, const jv *doc, jv *answer, struct err *e)
{
    serve_fn *const *ops = ctx;
    struct request rq = {.op = STORE_GET};
    if (!understand(doc, &rq, e))
        return false;
    if (!ops[rq.op])
        return err_set(e, ERR_UNSUPPORTED, "this store cannot %s", store_op_names[rq.op]);
    return ops[rq.op](&rq, answer, e);
}

int serve(serve_fn *const ops[STORE_OP_COUNT])
{
    return serve_line(answer_store, ops);
}

const char *request_option(const struct request *rq, const char *key, const char *fallback)
{
    const char *text = jv_text(rq->options, key);
    return text && *text ? text : fallback;
}

int64_t request_time_left(const struct request *rq)
{
    int64_t left = rq->deadline - clock_steady_ms();
    return left > 0 ? left : 0;
}
