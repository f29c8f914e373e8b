/* Going on in the background: what a container's start script or an init without units wants.
 *
 *   pid_t pid = background_begin(&b, &status)     in the caller: the process that goes on, or its end
 *   if (pid == 0) ... background_ready(&b) ...    in that process, when it has begun
 *
 * The caller waits until the process has begun or has failed, so that its exit status is the truth. */
#ifndef CREDRELAY_WATCH_BACKGROUND_H
#define CREDRELAY_WATCH_BACKGROUND_H

#include <sys/types.h>

#include "base/err.h"

struct background {
    int ready; /* the end that is written */
};

/* 0: this is the process that goes on.  Above: its number, and it has begun.  -1: it could not be
 * made (*e), or has ended already, with *RET_STATUS (else -1), having said why itself. */
pid_t background_begin(struct background *b, int *ret_status, struct err *e);

/* Lets the caller go, and gives back the terminal: from here on nothing is read or shown. */
void background_ready(struct background *b);

#endif
