#include "base/ini_edit.h"

#include <string.h>

#include "base/ascii.h"
#include "base/ini_lines.h"

/* Where the section stands.  Lines are known by their numbers, from 1; 0: none. */
struct survey {
    unsigned header;
    unsigned last;                  /* of its header, settings and their continuations */
    unsigned keys[INI_CHANGES_MAX]; /* that are to be changed */
    struct ini_span indent;         /* white space that an added key needs in front */
    struct ini_span ending;         /* of a line */
    bool has_keys;
};

static bool is_text(struct ini_span span, const char *text)
{
    size_t len = strlen(text);
    return (size_t)(span.end - span.at) == len && memcmp(span.at, text, len) == 0;
}

static bool is_key(struct ini_span span, const char *key)
{
    size_t len = strlen(key);
    return (size_t)(span.end - span.at) == len && ascii_same(span.at, key, len);
}

static void put(struct buf *out, const char *at, const char *end)
{
    if (end > at)
        buf_bytes(out, at, (size_t)(end - at));
}

static struct ini_span margin_of(const struct ini_line *line)
{
    return (struct ini_span){line->whole.at, line->whole.at + line->indent};
}

static struct ini_span ending_of(const struct ini_line *line)
{
    return (struct ini_span){line->content_end, line->whole.end};
}

/* ---- what can be written ---- */

static bool one_line(const char *text, const char *but)
{
    size_t len = strlen(text);
    return text[strcspn(text, "\r\n")] == '\0' && !strpbrk(text, but) &&
           (len == 0 || (!strchr(" \t\f\v", text[0]) && !strchr(" \t\f\v", text[len - 1])));
}

static bool can_be_written(const struct ini_edit *edit, struct err *e)
{
    if (!*edit->section || !one_line(edit->section, "[]"))
        return err_set(e, ERR_INVALID, "'%.64s' cannot be the name of a section", edit->section);
    for (size_t i = 0; i < edit->count; i++) {
        const struct ini_change *c = &edit->changes[i];
        if (!*c->key || !one_line(c->key, "=:[#;"))
            return err_set(e, ERR_INVALID, "'%.64s' cannot be the name of a setting", c->key);
        if (c->value && !one_line(c->value, ""))
            return err_set(e, ERR_INVALID,
                           "the value of %s is not one line, or has white space "
                           "around it",
                           c->key);
    }
    return true;
}

/* ---- looking ---- */

static bool twice(const char *name, unsigned line, const char *what, unsigned before, struct err *e)
{
    err_set(e, ERR_INVALID, "%s:%u: %s stands in line %u already", name, line, what, before);
    return err_hint(e, "remove one of the two");
}

static bool see_section(const struct ini_edit *edit, const struct ini_line *line, bool *inside,
                        struct survey *s, struct err *e)
{
    *inside = is_text(line->name, edit->section);
    if (!*inside)
        return true;
    if (s->header)
        return twice(edit->name, line->number, "the same section", s->header, e);
    s->header = s->last = line->number;
    s->indent = margin_of(line);
    if (line->content_end < line->whole.end)
        s->ending = ending_of(line);
    return true;
}

static bool see_key(const struct ini_edit *edit, const struct ini_line *line, struct survey *s,
                    struct err *e)
{
    s->last = line->number;
    s->indent = margin_of(line);
    s->has_keys = true;
    for (size_t i = 0; i < edit->count; i++) {
        if (!is_key(line->name, edit->changes[i].key))
            continue;
        if (s->keys[i])
            return twice(edit->name, line->number, edit->changes[i].key, s->keys[i], e);
        s->keys[i] = line->number;
    }
    return true;
}

static bool survey(const char *text, size_t len, const struct ini_edit *edit, struct survey *ret,
                   struct err *e)
{
    static const char newline[] = "\n";
    struct ini_lines lines;
    struct ini_line line;
    bool inside = false, ok = true;
    *ret = (struct survey){.ending = {newline, newline + 1}};
    ini_lines_begin(&lines, text, len);
    while (ok && ini_lines_next(&lines, &line)) {
        if (line.number == 1 && line.content_end < line.whole.end)
            ret->ending = ending_of(&line);
        /* Behind a section without settings the next header may stand deeper: it would continue a
         * key that is added with less. */
        if (inside && !ret->has_keys && line.kind == INI_SECTION &&
            line.indent > (size_t)(ret->indent.end - ret->indent.at))
            ret->indent = margin_of(&line);
        if (line.kind == INI_BAD)
            ok = err_set(e, ERR_INVALID, "%s:%u: %s", edit->name, line.number, line.why);
        else if (line.kind == INI_SECTION)
            ok = see_section(edit, &line, &inside, ret, e);
        else if (inside && line.kind == INI_KEY)
            ok = see_key(edit, &line, ret, e);
        else if (inside && line.kind == INI_MORE)
            ret->last = line.number;
    }
    return ok;
}

/* ---- writing ---- */

static bool ends_line(const struct buf *out)
{
    return out->len == 0 || ascii_is_one_of(out->data[out->len - 1], "\r\n");
}

static void end_line(const struct survey *s, struct buf *out)
{
    if (!ends_line(out))
        put(out, s->ending.at, s->ending.end);
}

/* The changes whose keys are not there. */
static void add_keys(const struct ini_edit *edit, const struct survey *s, struct buf *out)
{
    for (size_t i = 0; i < edit->count; i++) {
        if (s->keys[i] || !edit->changes[i].value)
            continue;
        end_line(s, out);
        put(out, s->indent.at, s->indent.end);
        buf_text(out, edit->changes[i].key);
        buf_text(out, " = ");
        buf_text(out, edit->changes[i].value); /* may be secret: not for printf */
        put(out, s->ending.at, s->ending.end);
    }
}

static void change_value(const struct ini_line *line, const char *value, struct buf *out)
{
    const char *at = line->value.at, *end = line->value.end;
    bool none_yet = at == end && *value;
    if (none_yet && end < line->content_end)
        at = ++end; /* the space behind the sign goes before the value */
    put(out, line->whole.at, at);
    if (none_yet && at == line->value.at && at[-2] == ' ')
        buf_text(out, " "); /* as before the sign, so behind it */
    buf_text(out, value);
    put(out, end, line->whole.end);
}

static const struct ini_change *change_of(const struct ini_edit *edit, const struct survey *s,
                                          unsigned number)
{
    for (size_t i = 0; i < edit->count; i++)
        if (s->keys[i] == number)
            return &edit->changes[i];
    return NULL;
}

static bool sets_any(const struct ini_edit *edit)
{
    for (size_t i = 0; i < edit->count; i++)
        if (edit->changes[i].value)
            return true;
    return false;
}

/* With an empty line, or at the beginning. */
static bool ends_blank(const struct buf *out)
{
    size_t len = out->len;
    if (len && out->data[len - 1] == '\n')
        len--;
    if (len && out->data[len - 1] == '\r')
        len--;
    return len == 0 || ascii_is_one_of(out->data[len - 1], "\r\n");
}

static void add_section(const struct ini_edit *edit, const struct survey *s, struct buf *out)
{
    end_line(s, out);
    if (!ends_blank(out))
        put(out, s->ending.at, s->ending.end);
    buf_printf(out, "[%s]", edit->section);
    add_keys(edit, s, out);
}

bool ini_edit(const char *text, size_t len, const struct ini_edit *edit, struct buf *out,
              struct err *e)
{
    struct survey s;
    struct ini_lines lines;
    struct ini_line line;
    bool changed = false; /* the key above */
    if (!can_be_written(edit, e) || !survey(text, len, edit, &s, e))
        return false;
    ini_lines_begin(&lines, text, len);
    put(out, text, lines.at);
    while (ini_lines_next(&lines, &line)) {
        const struct ini_change *change = change_of(edit, &s, line.number);
        if (line.kind == INI_KEY || line.kind == INI_SECTION)
            changed = change != NULL;
        if (change && change->value)
            change_value(&line, change->value, out);
        else if (!change && !(changed && line.kind == INI_MORE))
            put(out, line.whole.at, line.whole.end);
        if (line.number == s.last)
            add_keys(edit, &s, out);
    }
    if (!s.header && sets_any(edit))
        add_section(edit, &s, out);
    return !out->failed || buf_error(out, edit->name, e);
}
