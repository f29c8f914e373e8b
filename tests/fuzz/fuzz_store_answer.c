/* Whatever a store's helper answers, and however it ends: a value with its version, or an error.
 * child_run() is ours: nothing is started. */
#include "fuzz.h"

#include <stdio.h>

#include "base/child.h"
#include "store/store.h"

static struct {
    const uint8_t *data;
    size_t size;
    int status;
} answer;

/* In place of base/child.c's, which the linker then need not look for. */
bool child_run(const struct child_run *run, struct buf *out, struct buf *errors, int *ret_status,
               struct err *e)
{
    (void)run;
    buf_text(errors, "what it says to people\n");
    if (!buf_bytes(out, answer.data, answer.size))
        return buf_error(out, "the helper's answer", e);
    *ret_status = answer.status;
    return true;
}

FUZZ_INIT()

static bool version(void *ctx, int64_t number, int64_t modified, const char *by, const char *value)
{
    (void)ctx;
    (void)modified;
    must(number > 0 && by && value);
    return true;
}

static void finding(void *ctx, const struct store_finding *row)
{
    (void)ctx;
    must(row->name && row->detail && row->hint);
}

static void ask(const struct store_call *c, int op)
{
    struct err e = {.code = ERR_NONE};
    struct store_value v = {.version = 0};
    struct store_put_result put = {.version = 0};
    int64_t newest = 0;
    bool ok = op == 0   ? store_get(c, 0, &v, &e)
              : op == 1 ? store_put(c, "{}", 2, 1, &put, &e)
              : op == 2 ? store_wait(c, 1, &newest, &e)
              : op == 3 ? store_history(c, 100, version, NULL, &e)
                        : store_check(c, finding, NULL, &e);
    if (!ok)
        must_say(&e);
    else if (op == 0)
        must(v.version > 0 && v.value && memchr(v.by, 0, sizeof v.by));
    else if (op == 1)
        must(put.version > 0);
    store_value_free(&v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct store s = {.url = "local:", .scheme = "local", .path = "/x", .program = "/nonexistent"};
    const struct store_call c = {
        .store = &s, .path = "/x", .role = "writer", .machine = "m", .timeout_ms = 1000};
    if (size < 1)
        return 0;
    s.display = "the local store";
    answer.data = data + 1;
    answer.size = size - 1;
    answer.status = data[0] & 0x80 ? data[0] & 0x7f : 0;
    ask(&c, data[0] % 5);
    return 0;
}
