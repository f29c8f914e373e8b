#include "base/ini.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"

struct reader {
    const char *name;
    ini_fn *fn;
    void *ctx;
    struct buf section, key, value;
    bool in_section, have_key;
    unsigned line, key_line;
    size_t indent; /* of the last section or key: what stands deeper continues its value */
};

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static void trim(const char **start, const char **end)
{
    while (*start < *end && blank(**start))
        ++*start;
    while (*end > *start && blank((*end)[-1]))
        --*end;
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
    if (r->section.failed || r->key.failed || r->value.failed)
        return err_set(e, ERR_TOO_LARGE, "%s:%u: line too long", r->name, r->key_line);
    return r->fn(r->ctx, buf_str(&r->section), buf_str(&r->key), buf_str(&r->value), r->key_line,
                 e);
}

static bool section_line(struct reader *r, const char *start, const char *end, struct err *e)
{
    /* As RawConfigParser's \[(?P<header>.+)\]: up to the last bracket; what follows is ignored. */
    const char *close = end;
    while (close > start && close[-1] != ']')
        close--;
    if (close <= start + 2)
        return err_set(e, ERR_INVALID, "%s:%u: section without a closing bracket", r->name,
                       r->line);
    buf_clear(&r->section);
    buf_bytes(&r->section, start + 1, (size_t)(close - 1 - (start + 1)));
    if (r->section.failed)
        return err_set(e, ERR_TOO_LARGE, "%s:%u: line too long", r->name, r->line);
    r->in_section = true;
    return r->fn(r->ctx, buf_str(&r->section), NULL, NULL, r->line, e);
}

static bool key_line(struct reader *r, const char *start, const char *end, struct err *e)
{
    const char *sep = start;
    while (sep < end && *sep != '=' && *sep != ':')
        sep++;
    if (!r->in_section)
        return err_set(e, ERR_INVALID, "%s:%u: a setting before the first [section]", r->name,
                       r->line);
    const char *key_end = sep;
    trim(&start, &key_end);
    if (sep == end || start == key_end)
        return err_set(e, ERR_INVALID, "%s:%u: neither [section] nor `key = value`", r->name,
                       r->line);
    const char *value = sep + 1;
    trim(&value, &end);
    buf_clear(&r->key);
    buf_bytes(&r->key, start, (size_t)(key_end - start));
    for (size_t i = 0; i < r->key.len; i++)
        r->key.data[i] = (char)tolower((unsigned char)r->key.data[i]);
    buf_clear(&r->value);
    buf_bytes(&r->value, value, (size_t)(end - value));
    r->have_key = true;
    r->key_line = r->line;
    return true;
}

static bool one_line(struct reader *r, const char *start, const char *end, struct err *e)
{
    const char *margin = start;
    trim(&start, &end);
    size_t indent = (size_t)(start - margin);
    if (start == end) {
        if (r->have_key)
            buf_text(&r->value, "\n");
        return true;
    }
    if (*start == '#' || *start == ';')
        return true;
    if (r->have_key && indent > r->indent) {
        buf_text(&r->value, "\n");
        buf_bytes(&r->value, start, (size_t)(end - start));
        return true;
    }
    if (!flush(r, e))
        return false;
    r->indent = indent;
    return *start == '[' ? section_line(r, start, end, e) : key_line(r, start, end, e);
}

bool ini_parse(const char *text, size_t len, const char *name, ini_fn *fn, void *ctx, struct err *e)
{
    struct reader r = {.name = name, .fn = fn, .ctx = ctx};
    bool ok = true;
    buf_init(&r.section, LIMIT_CONFIG);
    buf_init(&r.key, LIMIT_CONFIG);
    buf_init(&r.value, LIMIT_CONFIG);
    const char *p = text, *end = text + len;
    if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
        p += 3; /* a byte order mark, as Windows editors leave it */
    while (ok && p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        const char *stop = newline ? newline : end;
        r.line++;
        ok = one_line(&r, p, stop, e);
        p = newline ? newline + 1 : end;
    }
    ok = ok && flush(&r, e);
    buf_free(&r.section);
    buf_free(&r.key);
    buf_free(&r.value);
    return ok;
}
