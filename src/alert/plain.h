/* Text of others made fit for a message: what failed is told in the words of programs and servers,
 * and it goes into headers, JSON and terminals. */
#ifndef CREDRELAY_ALERT_PLAIN_H
#define CREDRELAY_ALERT_PLAIN_H

#include <stddef.h>

/* IN into OUT, cut to SIZE between characters: valid UTF-8 on one line.  '?' takes the place of what
 * is not UTF-8, of control characters and of those that break or turn a line.  Of what looks like a
 * token of a login only the beginning is left. */
void plain_text(const char *in, char *out, size_t size);

#endif
