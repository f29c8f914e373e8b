/* The person at the terminal: asked past standard input and output, which may be pipes.
 *
 *   struct terminal t;
 *   if (!terminal_open(&t)) ...                         nobody is there
 *   terminal_say(&t, "passphrase: ");
 *   if (!terminal_read(&t, TERMINAL_HIDDEN, &line, &e)) ...
 *   terminal_close(&t);
 */
#ifndef CREDRELAY_BASE_TERMINAL_H
#define CREDRELAY_BASE_TERMINAL_H

#include "base/buf.h"

struct terminal {
    int in, out; /* /dev/tty twice over, or standard input and standard error */
};

/* False: there is no terminal. */
bool terminal_open(struct terminal *ret);
void terminal_close(struct terminal *t);

void terminal_say(const struct terminal *t, const char *text);

enum terminal_echo {
    TERMINAL_SHOWN,
    /* Not shown, and of any length: a terminal takes 4,095 characters in a line otherwise, that of
     * macOS 1,023. */
    TERMINAL_HIDDEN
};

/* One line, without its end, appended to LINE.  A signal that ends or stops the process meanwhile
 * does so with the terminal as it was.  ERR_USAGE: the end of input; ERR_TOO_LARGE, ERR_IO. */
bool terminal_read(const struct terminal *t, enum terminal_echo echo, struct buf *line,
                   struct err *e) MUST_CHECK;

/* How wide the terminal is that FD is; 0: it is none, or does not say. */
unsigned terminal_columns(int fd);

/* FD is a terminal that takes colours, and nobody has asked for none (NO_COLOR,
 * https://no-color.org). */
bool terminal_has_colour(int fd);

#endif
