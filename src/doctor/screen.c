#include "doctor/screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/utf8.h"

/* ECMA-48, "Select graphic rendition". */
static const char *const tones[] = {
    [TONE_PLAIN] = "",       [TONE_GOOD] = "\033[32m", [TONE_WARNING] = "\033[33m",
    [TONE_BAD] = "\033[31m", [TONE_DIM] = "\033[2m",   [TONE_TITLE] = "\033[1m",
};
_Static_assert(sizeof tones / sizeof tones[0] == TONE_COUNT, "one for each tone");

bool screen_open(struct screen *s, unsigned label_at, unsigned text_at, struct err *e)
{
    *s = (struct screen){.label_at = label_at, .text_at = text_at};
    s->rows = calloc(SCREEN_ROWS, sizeof *s->rows);
    return s->rows || err_no_memory(e);
}

void screen_close(struct screen *s)
{
    free(s->rows);
    s->rows = NULL;
}

/* "/home/me/.claude" -> "~/.claude", wherever a path begins; "'/home/me/a b'" -> "~/'a b'", since
 * between quotes a shell leaves a tilde alone. */
static void shorten(char *text, const char *home)
{
    size_t n = home ? strlen(home) : 0;
    if (n < 3)
        return;
    for (char *at = text; (at = strstr(at, home)); at += 2) {
        char before = ' ';
        if (at > text)
            before = at[-1];
        if (!ascii_is_one_of(before, " '\"(=:"))
            continue;
        at[0] = '~';
        at[1] = '/';
        memmove(at + 2, at + n, strlen(at + n) + 1);
        if (before == '\'') {
            at[-1] = '~';
            at[0] = '/';
            at[1] = '\'';
        }
    }
}

static struct screen_row *next_row(struct screen *s, const char *fmt, va_list arguments)
    PRINTF_LIKE(2, 0);

static struct screen_row *next_row(struct screen *s, const char *fmt, va_list arguments)
{
    if (s->count == SCREEN_ROWS)
        return NULL;
    struct screen_row *row = &s->rows[s->count++];
    vsnprintf(row->text, sizeof row->text, fmt, arguments);
    utf8_make_printable(row->text); /* a store's words may be in it */
    shorten(row->text, s->home);
    return row;
}

void screen_add(struct screen *s, enum tone tone, const char *mark, const char *label,
                const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    struct screen_row *row = next_row(s, fmt, arguments);
    va_end(arguments);
    if (!row)
        return;
    row->tone = tone;
    row->mark = mark;
    row->label = label;
}

void screen_hint(struct screen *s, unsigned at, const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    struct screen_row *row = next_row(s, fmt, arguments);
    va_end(arguments);
    if (row)
        row->hint_at = at;
}

void screen_title(struct screen *s, const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    struct screen_row *row = next_row(s, fmt, arguments);
    va_end(arguments);
    if (row)
        row->tone = TONE_TITLE;
}

/* ---- writing ---- */

struct pen {
    struct buf *out;
    bool colour;
    unsigned width;
    unsigned column; /* of the next character, from 0 */
};

/* The bytes of UTF-8 that begin a character. */
static unsigned columns(const char *text, size_t len)
{
    unsigned n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

static void put(struct pen *p, enum tone tone, const char *text, size_t len)
{
    bool coloured = p->colour && tones[tone][0] && len > 0;
    if (coloured)
        buf_text(p->out, tones[tone]);
    buf_bytes(p->out, text, len);
    if (coloured)
        buf_text(p->out, "\033[0m");
    p->column += columns(text, len);
}

static void move_to(struct pen *p, unsigned column)
{
    for (; p->column < column; p->column++)
        buf_text(p->out, " ");
}

static void end_line(struct pen *p)
{
    buf_text(p->out, "\n");
    p->column = 0;
}

/* How much of TEXT goes on a line of ROOM columns: up to its last blank; a word that is longer
 * (a path, an address) is not cut. */
static size_t line_length(const char *text, unsigned room)
{
    size_t best = 0;
    for (size_t end = 0;; end += text[end] == ' ') {
        end += strcspn(text + end, " ");
        if (columns(text, end) > room)
            return best ? best : end;
        best = end;
        if (!text[end])
            return end;
    }
}

static void put_wrapped(struct pen *p, enum tone tone, const char *text, unsigned at)
{
    for (;;) {
        move_to(p, at);
        size_t len = line_length(text, p->width - at);
        put(p, tone, text, len);
        end_line(p);
        text += len;
        if (!*text)
            return;
        text++;
    }
}

static void put_row(struct pen *p, const struct screen *s, const struct screen_row *row)
{
    unsigned at = s->text_at;
    if (row->mark) {
        move_to(p, 2);
        put(p, row->tone, row->mark, strlen(row->mark));
    }
    move_to(p, s->label_at);
    put(p, TONE_PLAIN, row->label, strlen(row->label));
    /* A label that is too long has the line for itself. */
    if (p->column >= at)
        end_line(p);
    put_wrapped(p, row->mark ? TONE_PLAIN : row->tone, row->text, at);
}

static unsigned width_of(const struct screen *s)
{
    unsigned narrowest = s->text_at + SCREEN_NARROWEST_TEXT;
    if (!s->columns || s->columns > SCREEN_WIDTH)
        return SCREEN_WIDTH;
    return s->columns > narrowest ? s->columns : narrowest;
}

bool screen_write(const struct screen *s, bool colour, struct buf *out)
{
    struct pen p = {.out = out, .colour = colour, .width = width_of(s)};
    for (size_t i = 0; i < s->count; i++) {
        const struct screen_row *row = &s->rows[i];
        if (row->label) {
            put_row(&p, s, row);
            continue;
        }
        if (row->hint_at) {
            move_to(&p, row->hint_at);
            put(&p, row->tone, row->text, strlen(row->text));
            end_line(&p);
            continue;
        }
        if (i > 0)
            end_line(&p);
        put_wrapped(&p, row->tone, row->text, 0);
    }
    return !out->failed;
}
