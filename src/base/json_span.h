/* Where the members of a JSON object stand in its text.  Changing one member by replacing its
 * span leaves every other byte of the file as its owner wrote it: order, spacing, 20-digit
 * numbers, escapes.  (jansson cannot: it would print 0.1 as 0.10000000000000001 and refuses
 * integers beyond 2^63.)  The whole text is checked against RFC 8259's grammar on the way; what
 * strings mean is not looked at. */
#ifndef CREDRELAY_BASE_JSON_SPAN_H
#define CREDRELAY_BASE_JSON_SPAN_H

#include "base/buf.h"
#include "base/err.h"

struct json_span {
    bool found;
    size_t at, len;         /* the value's first byte and length, when found */
    size_t cut_at, cut_end; /* what to take out so that the member is gone, with its comma */
    size_t insert_at;       /* just after the object's opening brace */
    bool empty;             /* the object has no members */
};

/* Find member KEY (plain ASCII, compared byte by byte) of the object that TEXT is.
 * False: TEXT is not one JSON object, or has KEY twice. */
bool json_span_find(const char *text, size_t len, const char *key, struct json_span *ret,
                    struct err *e) MUST_CHECK;

/* Append TEXT to OUT with the value of member KEY replaced by VALUE, or the member put first if
 * it was not there.  Everything else is copied byte by byte. */
bool json_span_replace(const char *text, size_t len, const char *key, const char *value,
                       size_t value_len, struct buf *out, struct err *e) MUST_CHECK;

/* Append TEXT to OUT without member KEY; the same text when it is not there. */
bool json_span_remove(const char *text, size_t len, const char *key, struct buf *out,
                      struct err *e) MUST_CHECK;

#endif
