/* The signals that a resident process heeds, as bytes on a pipe: no logic in handlers.
 *
 *   int fd = signals_open(&e);                    to be polled
 *   if (signals_read(fd) & SIGNAL_END) ...
 *
 * A forked child has the same handlers and the same pipe until signals_forget: block signals around
 * the fork (signals_hold, signals_let). */
#ifndef CREDRELAY_WATCH_SIGNALS_H
#define CREDRELAY_WATCH_SIGNALS_H

#include <signal.h>

#include "base/err.h"

enum {
    SIGNAL_END = 1,    /* TERM, INT, QUIT */
    SIGNAL_RELOAD = 2, /* HUP */
};

/* -1: *e says why. */
int signals_open(struct err *e);
unsigned signals_read(int fd);

void signals_hold(sigset_t *ret_before);
void signals_let(const sigset_t *before);
void signals_forget(void); /* in the child: the defaults, nothing blocked */

#endif
