/* A process that belongs to nobody: it outlives us, and nobody who waits for us, for our output or
 * for our terminal waits for it. */
#ifndef CREDRELAY_BASE_DETACH_H
#define CREDRELAY_BASE_DETACH_H

#include "base/err.h"

/* Start PROGRAM (absolute) with ARGV (ends with NULL) in a session of its own, its working folder /,
 * its standard streams /dev/null, no other descriptor, no signal blocked or ignored.  Returns when it
 * has been forked; whether it could be executed is not told. */
bool detach(const char *program, const char *const *argv, struct err *e) MUST_CHECK;

#endif
