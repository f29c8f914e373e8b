#include "base/ini.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/ini_lines.h"
#include "base/limits.h"

struct reader {
    const char *name;
    ini_fn *fn;
    void *ctx;
    struct buf section, key, value;
    bool have_key;
    unsigned key_line;
};

static bool too_long(const struct reader *r, unsigned line, struct err *e)
{
    if (!r->section.full && !r->key.full && !r->value.full)
        return err_no_memory(e);
    return err_set(e, ERR_TOO_LARGE, "%s:%u: line too long", r->name, line);
}

/* Hand over the key read so far, now that its value is known to be whole. */
static bool flush(struct reader *r, struct err *e)
{
    if (!r->have_key)
        return true;
    r->have_key = false;
    /* Blank lines inside a value only count if more of the value follows. */
    while (r->value.len && r->value.data[r->value.len - 1] == '\n')
        r->value.data[--r->value.len] = '\0';
    if (r->key.failed || r->value.failed)
        return too_long(r, r->key_line, e);
    return r->fn(r->ctx, buf_str(&r->section), buf_str(&r->key), buf_str(&r->value), r->key_line,
                 e);
}

static void take(struct buf *out, struct ini_span span)
{
    buf_bytes(out, span.at, (size_t)(span.end - span.at));
}

static bool section(struct reader *r, const struct ini_line *line, struct err *e)
{
    if (r->section.failed)
        return too_long(r, line->number, e);
    return r->fn(r->ctx, buf_str(&r->section), NULL, NULL, line->number, e);
}

static void take_key(struct reader *r, const struct ini_line *line)
{
    buf_clear(&r->key);
    take(&r->key, line->name);
    for (size_t i = 0; i < r->key.len; i++)
        r->key.data[i] = (char)tolower((unsigned char)r->key.data[i]);
    buf_clear(&r->value);
    take(&r->value, line->value);
    r->have_key = true;
    r->key_line = line->number;
}

static bool one_line(struct reader *r, const struct ini_line *line, struct err *e)
{
    switch (line->kind) {
    case INI_COMMENT: return true;
    case INI_BLANK:
        if (r->have_key)
            buf_text(&r->value, "\n");
        return true;
    case INI_MORE:
        buf_text(&r->value, "\n");
        take(&r->value, line->value);
        return true;
    case INI_SECTION:
        if (!flush(r, e))
            return false;
        buf_clear(&r->section);
        take(&r->section, line->name);
        return section(r, line, e);
    case INI_KEY:
        if (!flush(r, e))
            return false;
        take_key(r, line);
        return true;
    case INI_BAD: break;
    }
    return flush(r, e) && err_set(e, ERR_INVALID, "%s:%u: %s", r->name, line->number, line->why);
}

bool ini_parse(const char *text, size_t len, const char *name, ini_fn *fn, void *ctx, struct err *e)
{
    struct reader r = {.name = name, .fn = fn, .ctx = ctx};
    struct ini_lines lines;
    struct ini_line line;
    bool ok = true;
    buf_init(&r.section, LIMIT_CONFIG);
    buf_init(&r.key, LIMIT_CONFIG);
    buf_init(&r.value, LIMIT_CONFIG);
    ini_lines_begin(&lines, text, len);
    while (ok && ini_lines_next(&lines, &line))
        ok = one_line(&r, &line, e);
    ok = ok && flush(&r, e);
    buf_free(&r.section);
    buf_free(&r.key);
    buf_free(&r.value);
    return ok;
}
