#include "tool/wording.h"

#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"

/* "Failed to authenticate. Login expired: this login ... · Please run /login" has four. */
#define CLAUSES_MAX 4

struct reading {
    const struct failure_table *table;
    const char *start; /* of the whole text, for the bound of a line */
    const char *end;   /* white space at the end is not text, once it has ended */
    bool ended;
};

static enum wording clause(const struct reading *r, const char *p, int depth,
                           enum failure_class *ret);

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && ascii_is_space(*p))
        p++;
    return p;
}

/* A sign before the words, as in "✗ Not logged in", is of U+2000 to U+2FFF, perhaps with a
 * U+FE0F behind it; no letters are there. */
static const char *skip_sign(const char *p, const char *end)
{
    while (p < end &&
           (ascii_is_space(*p) || ascii_is_one_of(*p, "\xe2\xef") || (*p & '\xc0') == '\x80'))
        p++;
    return p;
}

/* What running out of text means. */
static enum wording out_of_text(const struct reading *r)
{
    return r->ended ? WORDING_NO : WORDING_OPEN;
}

static enum wording better(enum wording a, enum wording b)
{
    return a > b ? a : b;
}

/* N bytes of WORDS at *p, which then moves past them. */
static enum wording literal(const struct reading *r, const char **p, const char *words, size_t n)
{
    size_t have = (size_t)(r->end - *p);
    if (!ascii_same(*p, words, have < n ? have : n))
        return WORDING_NO;
    if (have < n)
        return out_of_text(r);
    *p += n;
    return WORDING_YES;
}

/* A dot or dash that stands between clauses. */
static enum wording bullet(const struct reading *r, const char **p, bool *ret_dot)
{
    static const struct {
        const char *bytes;
        bool dot;
    } bullets[] = {
        {"\xc2\xb7", true},      /* · U+00B7, what the client prints */
        {"\xe2\x88\x99", true},  /* ∙ U+2219 */
        {"\xe2\x80\xa2", true},  /* • U+2022 */
        {"\xe2\x80\x93", false}, /* – */
        {"\xe2\x80\x94", false}, /* — */
        {"-", false},
        {"|", false},
    };
    enum wording best = WORDING_NO;
    for (size_t i = 0; i < sizeof bullets / sizeof *bullets; i++) {
        enum wording w = literal(r, p, bullets[i].bytes, strlen(bullets[i].bytes));
        if (w == WORDING_YES) {
            *ret_dot = bullets[i].dot;
            return w;
        }
        best = better(best, w);
    }
    return best;
}

/* What stands between two clauses: ". ", ": ", " · ", " - ", a line break, ... */
static enum wording separator(const struct reading *r, const char **p, bool *ret_dot)
{
    const char *q = *p;
    *ret_dot = false;
    if (q < r->end && ascii_is_one_of(*q, ".:;,!"))
        q++;
    const char *after_stop = q;
    q = skip_space(q, r->end);
    if (q == r->end)
        return out_of_text(r);
    bool stopped = after_stop > *p && q > after_stop;
    stopped |= memchr(after_stop, '\n', (size_t)(q - after_stop)) != NULL;
    enum wording w = bullet(r, &q, ret_dot);
    if (w == WORDING_OPEN || (w == WORDING_NO && !stopped))
        return w;
    q = skip_space(q, r->end);
    if (q == r->end)
        return out_of_text(r);
    *p = q;
    return WORDING_YES;
}

/* The rest is one line, not absurdly long for a failure. */
static enum wording line(const struct reading *r, const char *p)
{
    const char *last = r->end;
    while (last > p && ascii_is_space(last[-1]))
        last--;
    if (last - r->start > LIMIT_FAILURE_LINE || memchr(p, '\n', (size_t)(last - p)))
        return WORDING_NO;
    return r->ended ? WORDING_YES : WORDING_OPEN;
}

static bool line_has_ended(const struct reading *r, const char *p)
{
    return r->ended || memchr(p, '\n', (size_t)(r->end - p));
}

/* The line at P, which has ended, asks for a login. */
static bool asks(const struct reading *r, const char *p)
{
    const char *newline = memchr(p, '\n', (size_t)(r->end - p)), *last = newline ? newline : r->end;
    while (last > p && ascii_is_space(last[-1]))
        last--;
    return failure_asks_for_login(r->table, p, (size_t)(last - p), true);
}

/* Past the JSON object that begins at P; NULL if it does not end. */
static const char *after_object(const char *p, const char *end)
{
    bool quoted = false;
    size_t depth = 0;
    for (; p < end; p++) {
        if (quoted && *p == '\\' && p + 1 < end)
            p++;
        else if (*p == '"')
            quoted = !quoted;
        else if (!quoted && (*p == '{' || *p == '['))
            depth++;
        else if (!quoted && (*p == '}' || *p == ']') && --depth == 0)
            return p + 1;
    }
    return NULL;
}

static const char *after_page(const char *p, const char *end)
{
    while (end > p && end[-1] != '>')
        end--;
    return end > p ? end : NULL;
}

/* What a line says about a login that is taken for lapsed. */
static enum failure_class by_line(const struct reading *r, const char *p, enum failure_class mine)
{
    if (mine != FAILURE_LAPSED)
        return mine;
    return failure_by_status(r->table, 0, p, (size_t)(r->end - p));
}

/* An error's body.  JSON and pages may have many lines, but nothing may come after them. */
static enum wording body(const struct reading *r, const char *p)
{
    if (p == r->end || (*p != '{' && *p != '<'))
        return line(r, p);
    if (!r->ended)
        return WORDING_OPEN;
    const char *after = *p == '{' ? after_object(p, r->end) : after_page(p, r->end);
    if (!after)
        return line(r, p);
    return memchr(after, '\n', (size_t)(r->end - after)) ? WORDING_NO : WORDING_YES;
}

/* "Unauthorized: {": the words of a status, where a body of many lines comes after them. */
static const char *skip_reason(const struct reading *r, const char *p)
{
    const char *q = p;
    while (q < r->end && (ascii_lower(*q) >= 'a' ? ascii_lower(*q) <= 'z' : *q == ' '))
        q++;
    return r->end - q > 2 && memcmp(q, ": {", 3) == 0 ? q + 2 : p;
}

/* "401 {...}", "401: text", "401". */
static enum wording status(const struct reading *r, const char *p, enum failure_class *ret)
{
    int number = 0;
    for (int i = 0; i < 3; i++, p++) {
        if (p == r->end)
            return out_of_text(r);
        if (!ascii_is_digit(*p))
            return WORDING_NO;
        number = number * 10 + (*p - '0');
    }
    if (p == r->end && !r->ended)
        return WORDING_OPEN;
    if (p < r->end && !ascii_is_space(*p) && !ascii_is_one_of(*p, ":.,;)-"))
        return WORDING_NO;
    while (p < r->end && (*p == ' ' || *p == ':'))
        p++;
    enum wording w = body(r, skip_reason(r, p));
    if (w == WORDING_YES)
        *ret = failure_by_status(r->table, number, p, (size_t)(r->end - p));
    return w;
}

/* The end, or the next clause.  After a middle dot, which prose does not use, any line will do:
 * advice is what changes most from version to version. */
static enum wording next_clause(const struct reading *r, const char *p, int depth,
                                enum failure_class mine, enum failure_class *ret)
{
    bool dot;
    const char *stop = p < r->end && (*p == '.' || *p == '!') ? p + 1 : p;
    *ret = mine;
    if (stop == r->end)
        return r->ended ? WORDING_YES : WORDING_OPEN;
    enum wording w = separator(r, &p, &dot);
    if (w != WORDING_YES)
        return w;
    enum failure_class theirs = FAILURE_LAPSED;
    w = clause(r, p, depth + 1, &theirs);
    if (w != WORDING_YES && dot) {
        w = better(w, line(r, p));
        theirs = by_line(r, p, mine);
    }
    if (mine == FAILURE_LAPSED)
        *ret = theirs;
    return w;
}

static enum wording another(const struct reading *r, const char *p, int depth,
                            enum failure_class *ret)
{
    bool dot;
    enum wording w = separator(r, &p, &dot);
    if (w != WORDING_YES)
        return w;
    *ret = FAILURE_LAPSED;
    return clause(r, p, depth + 1, ret);
}

static enum wording then(const struct reading *r, const struct failure_form *f, const char *p,
                         int depth, enum failure_class *ret)
{
    switch (f->then) {
    case THEN_CLAUSE: return next_clause(r, p, depth, f->meaning, ret);
    case THEN_STATUS: return status(r, p, ret);
    case THEN_FORM: return another(r, p, depth, ret);
    case THEN_ASKS:
        if (line_has_ended(r, p) && !asks(r, p))
            return WORDING_NO;
        break;
    case THEN_LINE: break;
    }
    *ret = by_line(r, p, f->meaning);
    return line(r, p);
}

/* The words of form F from WORDS on, at P, and then what may follow them. */
static enum wording form(const struct reading *r, const struct failure_form *f, const char *words,
                         const char *p, int depth, enum failure_class *ret)
{
    enum wording w = WORDING_YES;
    bool dot;
    while (*words && *words != '[' && w == WORDING_YES) {
        size_t n = strcspn(words, "~[");
        w = n ? literal(r, &p, words, n) : separator(r, &p, &dot);
        words += n ? n : 1;
    }
    if (w != WORDING_YES)
        return w;
    if (!*words)
        return then(r, f, p, depth, ret);
    const char *after = strchr(words, ']') + 1;
    enum wording best = WORDING_NO;
    while (*words != ']' && best != WORDING_YES) {
        const char *alternative = words + 1, *q = p;
        size_t n = strcspn(alternative, "|]");
        w = literal(r, &q, alternative, n);
        best = better(best, w == WORDING_YES ? form(r, f, after, q, depth, ret) : w);
        words = alternative + n;
    }
    return best;
}

static enum wording clause(const struct reading *r, const char *p, int depth,
                           enum failure_class *ret)
{
    enum wording best = WORDING_NO;
    if (depth == CLAUSES_MAX)
        return WORDING_NO;
    uint32_t first = p < r->end ? failure_letter(*p) : UINT32_MAX;
    for (const struct failure_form *f = r->table->forms; f->words && best != WORDING_YES; f++)
        if (f->first & first)
            best = better(best, form(r, f, f->words, p, depth, ret));
    return best;
}

enum wording wording_read(const struct failure_table *t, const char *text, size_t len, bool ended,
                          enum failure_class *ret)
{
    struct reading r = {.table = t, .end = text + len, .ended = ended};
    enum failure_class says = FAILURE_LAPSED;
    while (ended && r.end > text && ascii_is_space(r.end[-1]))
        r.end--;
    r.start = skip_sign(text, r.end);
    enum wording w = clause(&r, r.start, 0, &says);
    if (w == WORDING_YES)
        *ret = says;
    return w;
}
