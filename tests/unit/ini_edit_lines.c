/* For tests/contract/test_ini_edit.py: each case, a line of JSON {text, section, changes: {key: value
 * or null}}, edited; the answer is a line of JSON {text} or {error}. */
#include <stdio.h>
#include <string.h>

#include "base/ini_edit.h"
#include "base/json.h"

#define LIMIT_LINE (256u << 10)

struct changes {
    struct ini_change list[INI_CHANGES_MAX];
    size_t count;
};

static bool take_change(void *ctx, const char *key, const jv *value)
{
    struct changes *c = ctx;
    c->list[c->count++] = (struct ini_change){key, jv_string(value)};
    return c->count < INI_CHANGES_MAX;
}

static void edit(const jv *v, jv *answer)
{
    const char *text = jv_text(v, "text"), *section = jv_text(v, "section");
    struct changes c = {.count = 0};
    struct buf out;
    struct err e;
    jv_each(jv_get(v, "changes"), take_change, &c);
    const struct ini_edit rq = {"f", section, c.list, c.count};
    buf_init(&out, LIMIT_LINE);
    bool ok = ini_edit(text, strlen(text), &rq, &out, &e);
    jv_put_text(answer, ok ? "text" : "error", ok ? buf_str(&out) : e.text);
    buf_free(&out);
}

int main(void)
{
    static char line[LIMIT_LINE];
    bool ok = true;
    jv_init();
    while (ok && fgets(line, sizeof line, stdin)) {
        struct err e;
        struct buf text;
        jv *v = jv_parse(line, strlen(line), &e), *answer = jv_object();
        edit(v, answer);
        buf_init(&text, 4 * LIMIT_LINE);
        ok = jv_write(answer, &text) && puts(buf_str(&text)) >= 0;
        buf_free(&text);
        jv_free(answer);
        jv_free(v);
    }
    return ok ? 0 : 1;
}
