/* Rows for a terminal of 80 columns, or a narrower one: a mark, a label, a text that is wrapped behind them.
 *
 *   struct screen s = {.label_at = 2, .text_at = 12};
 *   screen_add(&s, TONE_GOOD, NULL, "login", "usable, %s", ...);
 *   screen_add(&s, TONE_PLAIN, NULL, "", "...");              under the row above
 *   screen_write(&s, colour, &out);
 *
 * Pure: whether there is a terminal that wants colours is for the caller to know. */
#ifndef CREDRELAY_DOCTOR_SCREEN_H
#define CREDRELAY_DOCTOR_SCREEN_H

#include "base/buf.h"

#define SCREEN_WIDTH 80

/* What a text is wrapped at, however narrow the terminal is, which then wraps it once more. */
#define SCREEN_NARROWEST_TEXT 27

/* What MOST_RELAYS relays come to when something is wrong with all that can be looked at. */
#define SCREEN_ROWS 4096

#define LIMIT_SCREEN (1u << 20)

enum tone { TONE_PLAIN, TONE_GOOD, TONE_WARNING, TONE_BAD, TONE_DIM, TONE_TITLE, TONE_COUNT };

struct screen_row {
    enum tone tone;    /* of the mark, or of the text of a row without one */
    const char *mark;  /* lent; NULL none */
    const char *label; /* lent; NULL of a title or a hint */
    unsigned hint_at;  /* 0: it is no hint */
    char text[1200];
};

struct screen {
    unsigned label_at, text_at; /* columns, from 0 */
    const char *home;           /* "/home/me/", lent: is shown as "~/"; NULL: nothing is */
    unsigned columns;           /* of the terminal; 0 not known */
    size_t count;
    struct screen_row *rows;
};

bool screen_open(struct screen *s, unsigned label_at, unsigned text_at, struct err *e) MUST_CHECK;
void screen_close(struct screen *s);

/* What does not fit any more is left out. */
void screen_add(struct screen *s, enum tone tone, const char *mark, const char *label,
                const char *fmt, ...) PRINTF_LIKE(5, 6);

/* Under the row above, from column AT > 0 on: what mends it.  It is there to be pasted, and is not
 * wrapped. */
void screen_hint(struct screen *s, unsigned at, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* A line of its own, at the margin, with an empty one between it and what stands above. */
void screen_title(struct screen *s, const char *fmt, ...) PRINTF_LIKE(2, 3);

bool screen_write(const struct screen *s, bool colour, struct buf *out);

#endif
