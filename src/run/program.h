/* Finding the program behind the wrapper.  The wrapper may itself be installed under the program's
 * name, first on PATH: every candidate that is this very program is passed over. */
#ifndef CREDRELAY_RUN_PROGRAM_H
#define CREDRELAY_RUN_PROGRAM_H

#include "base/err.h"

/* The path of NAME (LIMIT_PATH bytes), as a shell would find it.  NAME with a slash is itself.
 * Errors: ERR_NOT_FOUND (a shell says 127), ERR_DENIED (126). */
bool program_find(const char *name, char *out, struct err *e) MUST_CHECK;

/* Leave word for copies of this program further down PATH that this one has been passed. */
void program_mark_passed(void);

#endif
