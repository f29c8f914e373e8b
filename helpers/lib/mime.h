/* An e-mail as text (RFC 5322, RFC 2045 to 2047): plain text in UTF-8.  Pure.
 *
 * Nothing in a field can end it: control characters become '?', and what is not ASCII is encoded. */
#ifndef CREDRELAY_HELPERS_MIME_H
#define CREDRELAY_HELPERS_MIME_H

#include "base/buf.h"

struct mime {
    const char *from;    /* an address: NAME@HOST, ASCII */
    const char *to;      /* addresses, with commas between them */
    const char *subject; /* UTF-8 */
    const char *text;    /* UTF-8, lines ended by \n */
    const char *id;      /* of the message: what stands before the @ of its Message-ID */
    int64_t at;          /* when it was written, ms since 1970 */
};

/* Lines ended by CR LF, none longer than 76 characters but for addresses that are. */
bool mime_write(const struct mime *m, struct buf *out);

#endif
