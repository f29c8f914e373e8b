/* A byte buffer that gets its largest size at birth and wipes every byte it gives back: what
 * passes through it may be a login on its way to a `struct secret`.
 *
 *   struct buf b;
 *   buf_init(&b, LIMIT_STORE_LINE);
 *   if (!buf_text(&b, "{") || ...) ...      an append that fails leaves the buffer failed:
 *   if (b.failed) ...                       later appends do nothing, so one test at the end will do
 *   buf_free(&b);
 *
 * `data` is always followed by a NUL that `len` does not count; it is NULL before the first
 * append. */
#ifndef CREDRELAY_BASE_BUF_H
#define CREDRELAY_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf {
    char *data;
    size_t len, room, limit;
    bool failed; /* an append did not fit, or memory was short */
    bool full;   /* it did not fit */
};

void buf_init(struct buf *b, size_t limit);
void buf_free(struct buf *b);  /* wipes; the buffer may be used again, empty */
void buf_clear(struct buf *b); /* wipes the content, keeps the memory */

bool buf_bytes(struct buf *b, const void *bytes, size_t len);
bool buf_text(struct buf *b, const char *text);
bool buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Make what was appended since it had FROM bytes fit for a terminal: utf8_make_printable. */
void buf_make_printable(struct buf *b, size_t from);

/* Make room for LEN more bytes and return where they go; call buf_added with all that was put
 * there: only that is wiped.  NULL if the limit forbids it. */
char *buf_space(struct buf *b, size_t len);
void buf_added(struct buf *b, size_t len);

/* How many bytes still fit. */
size_t buf_left(const struct buf *b);

/* The content as a string: "" when nothing was appended. */
const char *buf_str(const struct buf *b);

/* Turn `failed` into an error: too_large with the limit, or no_memory. */
bool buf_error(const struct buf *b, const char *what, struct err *e);

#endif
