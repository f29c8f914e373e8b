#include "run/json_events.h"

#include <string.h>

#include "base/ascii.h"

enum state {
    BETWEEN,      /* before an object, at the top */
    GARBAGE,      /* to the end of the line */
    KEY_OR_END,   /* after { */
    KEY,          /* after , in an object */
    COLON,        /* after a name */
    VALUE,        /* a value must follow */
    VALUE_OR_END, /* after [ */
    NEXT,         /* after a value: , or the end */
    STRING,
    ESCAPE,
    UNIT, /* the four digits of \u */
    BARE  /* a number, true, false, null */
};

void json_events_init(struct json_events *s, const char *const *wanted,
                      const struct json_sink *sink, void *ctx)
{
    memset(s, 0, offsetof(struct json_events, text));
    s->wanted = wanted;
    s->sink = sink;
    s->ctx = ctx;
    s->state = BETWEEN;
}

/* Give up on this line.  The byte that was wrong is looked at again: it may end the line. */
static const char *give_up(struct json_events *s, const char *p)
{
    s->depth = s->base = 0;
    s->state = GARBAGE;
    return p;
}

/* How deep in the object of interest: 1 among its members. */
static unsigned level(const struct json_events *s)
{
    return s->depth - s->base;
}

static bool in_object(const struct json_events *s)
{
    return s->depth > 0 && (s->is_object >> (s->depth - 1) & 1);
}

static int find(const struct json_events *s, const char *path)
{
    for (int i = 0; s->wanted[i]; i++)
        if (strcmp(s->wanted[i], path) == 0)
            return i;
    return -1;
}

static void keep(struct json_events *s, char c)
{
    if (s->len + 1 < sizeof s->text)
        s->text[s->len++] = c;
    else
        s->cut = true;
}

/* Append NAME to the first AT bytes of the path; the new length, or -1 if it is too long. */
static int extend(struct json_events *s, int at, const char *name, size_t n)
{
    if (at < 0 || (size_t)at + n >= sizeof s->path)
        return -1;
    memcpy(s->path + at, name, n);
    s->path[(size_t)at + n] = '\0';
    return at + (int)n;
}

/* A name has ended: is its value wanted? */
static void name_ended(struct json_events *s)
{
    int len = -1;
    s->which = -1;
    if (!s->keep)
        return;
    if (level(s) == 1)
        len = s->parent = s->cut ? -1 : extend(s, 0, s->text, s->len);
    else if (extend(s, s->parent, ".", 1) > 0 && !s->cut)
        len = extend(s, s->parent + 1, s->text, s->len);
    if (len > 0)
        s->which = find(s, s->path);
}

/* Is an element of the array just opened wanted? */
static void array_opened(struct json_events *s)
{
    s->which = -1;
    if (level(s) == 2 && !s->quiet && extend(s, s->parent, "[]", 2) > 0)
        s->which = find(s, s->path);
}

static const char *report(struct json_events *s, enum json_kind kind, const char *p)
{
    s->state = NEXT;
    if (s->which < 0)
        return p;
    s->text[s->len] = '\0';
    struct json_member m = {s->which, kind, s->text, s->len, s->cut};
    if (level(s) == 1 || in_object(s))
        s->which = -1;
    if (s->sink->member(s->ctx, &m))
        return p;
    if (s->base == 0)
        return give_up(s, p); /* to the end of the line, by memchr */
    s->quiet = true;
    s->which = -1;
    return p;
}

static const char *open_container(struct json_events *s, const char *p)
{
    if (s->depth == LIMIT_JSON_DEPTH)
        return give_up(s, p);
    bool object = *p == '{';
    s->is_object &= ~(UINT64_C(1) << s->depth);
    s->is_object |= (uint64_t)object << s->depth;
    s->depth++;
    s->state = object ? KEY_OR_END : VALUE_OR_END;
    if (object)
        s->which = -1;
    else
        array_opened(s);
    if (object && level(s) == 1) {
        s->quiet = false;
        s->sink->begin(s->ctx);
    }
    return p + 1;
}

static const char *close_container(struct json_events *s, const char *p)
{
    if (in_object(s) != (*p == '}'))
        return give_up(s, p);
    bool ended = level(s) == 1 && !s->quiet;
    s->depth--;
    s->which = -1;
    s->state = s->depth == 0 ? BETWEEN : NEXT;
    if (s->depth == 0)
        s->base = 0;
    if (ended)
        s->sink->end(s->ctx);
    return p + 1;
}

static const char *between(struct json_events *s, const char *p)
{
    if (*p == '[')
        s->base = 1;
    else if (*p != '{')
        return give_up(s, p);
    return open_container(s, p);
}

static const char *begin_scalar(struct json_events *s, const char *p, int state, bool name)
{
    s->name = name;
    s->keep = name ? !s->quiet && level(s) <= 2 : s->which >= 0;
    s->len = 0;
    s->cut = false;
    s->high = 0;
    s->state = state;
    return state == STRING ? p + 1 : p;
}

static const char *begin_value(struct json_events *s, const char *p)
{
    if (*p == '"')
        return begin_scalar(s, p, STRING, false);
    if (*p == '{' || *p == '[')
        return open_container(s, p);
    if (s->depth == s->base || !(ascii_is_digit(*p) || ascii_is_one_of(*p, "-tfn")))
        return give_up(s, p);
    return begin_scalar(s, p, BARE, false);
}

/* What stands between values, a byte that is no white space. */
static const char *structure(struct json_events *s, const char *p)
{
    char c = *p;
    switch (s->state) {
    case BETWEEN: return between(s, p);
    case KEY_OR_END:
    case KEY:
        if (c == '"')
            return begin_scalar(s, p, STRING, true);
        return c == '}' && s->state == KEY_OR_END ? close_container(s, p) : give_up(s, p);
    case COLON: s->state = VALUE; return c == ':' ? p + 1 : give_up(s, p);
    case VALUE_OR_END:
        if (c == ']')
            return close_container(s, p);
        return begin_value(s, p);
    case VALUE: return begin_value(s, p);
    default: break;
    }
    if (c != ',')
        return c == '}' || c == ']' ? close_container(s, p) : give_up(s, p);
    s->state = in_object(s) ? KEY : VALUE;
    return p + 1;
}

/* A code point as UTF-8. */
static void keep_point(struct json_events *s, unsigned c)
{
    if (c < 0x80) {
        keep(s, (char)c);
    } else if (c < 0x800) {
        keep(s, (char)(0xc0 | c >> 6));
        keep(s, (char)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        keep(s, (char)(0xe0 | c >> 12));
        keep(s, (char)(0x80 | (c >> 6 & 0x3f)));
        keep(s, (char)(0x80 | (c & 0x3f)));
    } else {
        keep(s, (char)(0xf0 | c >> 18));
        keep(s, (char)(0x80 | (c >> 12 & 0x3f)));
        keep(s, (char)(0x80 | (c >> 6 & 0x3f)));
        keep(s, (char)(0x80 | (c & 0x3f)));
    }
}

/* A first surrogate that no second one followed stands for U+FFFD. */
static void flush_surrogate(struct json_events *s)
{
    if (s->high && s->keep)
        keep_point(s, 0xfffd);
    s->high = 0;
}

static void unit_ended(struct json_events *s)
{
    bool second = s->unit >= 0xdc00 && s->unit < 0xe000;
    bool first = s->unit >= 0xd800 && s->unit < 0xdc00;
    unsigned point = s->unit;
    s->state = STRING;
    if (second && s->high) {
        point = 0x10000 + ((s->high - 0xd800) << 10) + (s->unit - 0xdc00);
        s->high = 0;
    }
    flush_surrogate(s);
    if (first)
        s->high = s->unit;
    else if (s->keep)
        keep_point(s, second && point == s->unit ? 0xfffd : point);
}

static const char *escape(struct json_events *s, const char *p)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (*p == 'u') {
        s->unit = 0;
        s->digits = 4;
        s->state = UNIT;
        return p + 1;
    }
    const char *at = memchr(from, *p, sizeof from - 1);
    if (!at)
        return give_up(s, p);
    flush_surrogate(s);
    if (s->keep)
        keep(s, to[at - from]);
    s->state = STRING;
    return p + 1;
}

static const char *unit(struct json_events *s, const char *p)
{
    static const char hex[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = memchr(hex, *p, sizeof hex - 1);
    if (!at)
        return give_up(s, p);
    s->unit = s->unit << 4 | ((unsigned)(at - hex) & 15);
    if (--s->digits == 0)
        unit_ended(s);
    return p + 1;
}

static const char *string_ended(struct json_events *s, const char *p)
{
    flush_surrogate(s);
    if (!s->name)
        return report(s, JSON_STRING, p + 1);
    name_ended(s);
    s->state = COLON;
    return p + 1;
}

/* As many plain bytes of a string as there are. */
static const char *string(struct json_events *s, const char *p, const char *end)
{
    const char *start = p;
    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= ' ')
        p++;
    if (p > start && s->high)
        flush_surrogate(s);
    if (s->keep)
        while (start < p && !s->cut)
            keep(s, *start++);
    if (p == end)
        return p;
    if (*p == '"')
        return string_ended(s, p);
    if (*p != '\\')
        return give_up(s, p);
    s->state = ESCAPE;
    return p + 1;
}

static bool is_bare(char c)
{
    return ascii_is_digit(c) || (c >= 'a' && c <= 'z') || ascii_is_one_of(c, "+-.E");
}

static const char *bare_ended(struct json_events *s, const char *p)
{
    if (s->which < 0) {
        s->state = NEXT;
        return p;
    }
    s->text[s->len] = '\0';
    if (strcmp(s->text, "true") == 0)
        return report(s, JSON_TRUE, p);
    if (strcmp(s->text, "false") == 0)
        return report(s, JSON_FALSE, p);
    if (strcmp(s->text, "null") == 0)
        return report(s, JSON_NULL, p);
    return ascii_is_one_of(s->text[0], "tfn") ? give_up(s, p) : report(s, JSON_NUMBER, p);
}

static const char *bare(struct json_events *s, const char *p, const char *end)
{
    for (; p < end && is_bare(*p); p++)
        if (s->keep)
            keep(s, *p);
    return p == end ? p : bare_ended(s, p);
}

static const char *garbage(struct json_events *s, const char *p, const char *end)
{
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    if (!newline)
        return end;
    s->state = BETWEEN;
    return newline + 1;
}

void json_events_feed(struct json_events *s, const char *bytes, size_t len)
{
    const char *p = bytes, *end = bytes + len;
    while (p < end) {
        switch (s->state) {
        case GARBAGE: p = garbage(s, p, end); break;
        case STRING: p = string(s, p, end); break;
        case ESCAPE: p = escape(s, p); break;
        case UNIT: p = unit(s, p); break;
        case BARE: p = bare(s, p, end); break;
        default: p = ascii_is_space(*p) ? p + 1 : structure(s, p);
        }
    }
}
