#include "base/buf.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

void buf_init(struct buf *b, size_t limit)
{
    *b = (struct buf){.limit = limit};
}

void buf_free(struct buf *b)
{
    /* What was never written is left alone: wiping it would fetch its pages for nothing. */
    if (b->data)
        sodium_memzero(b->data, b->len + 1);
    free(b->data);
    buf_init(b, b->limit);
}

void buf_clear(struct buf *b)
{
    if (b->data)
        sodium_memzero(b->data, b->len + 1);
    b->len = 0;
    b->failed = b->full = false;
}

size_t buf_left(const struct buf *b)
{
    return b->limit - b->len;
}

char *buf_space(struct buf *b, size_t len)
{
    if (b->failed)
        return NULL;
    if (len > buf_left(b)) {
        b->failed = b->full = true;
        return NULL;
    }
    size_t need = b->len + len + 1;
    if (need <= b->room)
        return b->data + b->len;
    size_t room = b->room ? b->room : 256;
    while (room < need)
        room *= 2;
    /* Not realloc: it would leave the old bytes behind. */
    char *data = malloc(room);
    if (!data) {
        err_note_no_memory();
        b->failed = true;
        return NULL;
    }
    if (b->data) {
        memcpy(data, b->data, b->len);
        sodium_memzero(b->data, b->len + 1);
        free(b->data);
    }
    data[b->len] = '\0';
    b->data = data;
    b->room = room;
    return b->data + b->len;
}

void buf_added(struct buf *b, size_t len)
{
    b->len += len;
    b->data[b->len] = '\0';
}

bool buf_bytes(struct buf *b, const void *bytes, size_t len)
{
    char *at = buf_space(b, len);
    if (!at)
        return false;
    if (len)
        memcpy(at, bytes, len);
    buf_added(b, len);
    return true;
}

bool buf_text(struct buf *b, const char *text)
{
    return buf_bytes(b, text, strlen(text));
}

bool buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *at = n < 0 ? NULL : buf_space(b, (size_t)n);
    if (!at) {
        b->failed = true;
        return false;
    }
    va_start(args, fmt);
    vsnprintf(at, (size_t)n + 1, fmt, args);
    va_end(args);
    b->len += (size_t)n;
    return true;
}

void buf_make_printable(struct buf *b, size_t from)
{
    if (b->len <= from)
        return;
    utf8_make_printable(b->data + from);
    size_t len = from + strlen(b->data + from);
    sodium_memzero(b->data + len, b->len - len);
    b->len = len;
}

const char *buf_str(const struct buf *b)
{
    return b->data ? b->data : "";
}

bool buf_error(const struct buf *b, const char *what, struct err *e)
{
    if (b->full)
        return err_set(e, ERR_TOO_LARGE, "%s is larger than %zu bytes", what, b->limit);
    return err_no_memory(e);
}
