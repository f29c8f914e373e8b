#include "base/json_span.h"

#include <string.h>

#include "base/limits.h"

struct cursor {
    const char *p, *end;
    unsigned depth;
};

static bool value(struct cursor *c);

static void space(struct cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\n' || *c->p == '\r'))
        c->p++;
}

static bool take(struct cursor *c, char want)
{
    if (c->p == c->end || *c->p != want)
        return false;
    c->p++;
    return true;
}

static bool is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}

static bool is_hex(char ch)
{
    return is_digit(ch) || (ch >= 'a' && ch <= 'f') || (ch >= 'A' && ch <= 'F');
}

static bool escape(struct cursor *c)
{
    if (c->p == c->end)
        return false;
    char kind = *c->p++;
    if (kind != 'u')
        return kind && strchr("\"\\/bfnrt", kind);
    for (int i = 0; i < 4; i++, c->p++)
        if (c->p == c->end || !is_hex(*c->p))
            return false;
    return true;
}

static bool string(struct cursor *c)
{
    if (!take(c, '"'))
        return false;
    while (c->p < c->end) {
        unsigned char ch = (unsigned char)*c->p++;
        if (ch == '"')
            return true;
        if (ch < ' ' || (ch == '\\' && !escape(c)))
            return false;
    }
    return false;
}

static bool digits(struct cursor *c)
{
    const char *start = c->p;
    while (c->p < c->end && is_digit(*c->p))
        c->p++;
    return c->p > start;
}

static bool number(struct cursor *c)
{
    take(c, '-');
    if (!take(c, '0') && !digits(c))
        return false;
    if (take(c, '.') && !digits(c))
        return false;
    if (take(c, 'e') || take(c, 'E')) {
        if (!take(c, '+'))
            take(c, '-');
        return digits(c);
    }
    return true;
}

static bool literal(struct cursor *c, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(c->end - c->p) < n || memcmp(c->p, word, n) != 0)
        return false;
    c->p += n;
    return true;
}

static bool array(struct cursor *c)
{
    space(c);
    if (take(c, ']'))
        return true;
    do {
        if (!value(c))
            return false;
        space(c);
    } while (take(c, ','));
    return take(c, ']');
}

struct member {
    const char *quote, *name, *value; /* the name's opening quote, the name, the value */
    size_t name_len, value_len;
};

/* `"name" : value` */
static bool member(struct cursor *c, struct member *m)
{
    m->quote = c->p;
    m->name = c->p + 1;
    if (!string(c))
        return false;
    m->name_len = (size_t)(c->p - 1 - m->name);
    space(c);
    if (!take(c, ':'))
        return false;
    space(c);
    m->value = c->p;
    if (!value(c))
        return false;
    m->value_len = (size_t)(c->p - m->value);
    return true;
}

/* The members of an object whose brace has been taken; NULL for `ret` when nobody asks. */
static bool members(struct cursor *c, const char *start, const char *key, struct json_span *ret)
{
    const char *comma = NULL; /* the one before this member */
    struct member m;
    space(c);
    if (take(c, '}')) {
        if (ret)
            ret->empty = true;
        return true;
    }
    do {
        space(c);
        if (!member(c, &m))
            return false;
        const char *end = c->p;
        space(c);
        if (ret && m.name_len == strlen(key) && memcmp(m.name, key, m.name_len) == 0) {
            if (ret->found)
                return false;
            ret->found = true;
            ret->at = (size_t)(m.value - start);
            ret->len = m.value_len;
            bool last = c->p == c->end || *c->p != ',';
            ret->cut_at = (size_t)((last && comma ? comma : m.quote) - start);
            ret->cut_end = (size_t)((last ? end : c->p + 1) - start);
        }
        comma = c->p;
    } while (take(c, ','));
    return take(c, '}');
}

static bool value(struct cursor *c)
{
    if (++c->depth > LIMIT_JSON_DEPTH)
        return false;
    space(c);
    bool ok;
    switch (c->p < c->end ? *c->p : '\0') {
    case '{':
        c->p++;
        ok = members(c, NULL, NULL, NULL);
        break;
    case '[':
        c->p++;
        ok = array(c);
        break;
    case '"': ok = string(c); break;
    case 't': ok = literal(c, "true"); break;
    case 'f': ok = literal(c, "false"); break;
    case 'n': ok = literal(c, "null"); break;
    default: ok = number(c);
    }
    c->depth--;
    return ok;
}

bool json_span_find(const char *text, size_t len, const char *key, struct json_span *ret,
                    struct err *e)
{
    struct cursor c = {.p = text, .end = text + len};
    struct json_span span = {0};
    space(&c);
    if (!take(&c, '{'))
        return err_set(e, ERR_INVALID, "not a JSON object");
    span.insert_at = (size_t)(c.p - text);
    bool ok = members(&c, text, key, &span);
    if (ok)
        space(&c);
    if (!ok || c.p != c.end)
        return err_set(e, ERR_INVALID, "not JSON (at byte %zu of %zu)", (size_t)(c.p - text), len);
    *ret = span;
    return true;
}

bool json_span_replace(const char *text, size_t len, const char *key, const char *value_text,
                       size_t value_len, struct buf *out, struct err *e)
{
    struct json_span span = {.found = false};
    if (!json_span_find(text, len, key, &span, e))
        return false;
    size_t head = span.found ? span.at : span.insert_at;
    size_t tail = span.found ? span.at + span.len : span.insert_at;
    buf_bytes(out, text, head);
    if (!span.found)
        buf_printf(out, "\"%s\":", key);
    buf_bytes(out, value_text, value_len);
    if (!span.found && !span.empty)
        buf_text(out, ",");
    buf_bytes(out, text + tail, len - tail);
    return out->failed ? buf_error(out, "the file", e) : true;
}

bool json_span_remove(const char *text, size_t len, const char *key, struct buf *out, struct err *e)
{
    struct json_span span = {.found = false};
    if (!json_span_find(text, len, key, &span, e))
        return false;
    buf_bytes(out, text, span.found ? span.cut_at : len);
    if (span.found)
        buf_bytes(out, text + span.cut_end, len - span.cut_end);
    return out->failed ? buf_error(out, "the login", e) : true;
}
