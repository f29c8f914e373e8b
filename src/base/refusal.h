/* What a file system refuses, and what a person does about it.
 *
 *   if (rename(from, to) != 0)
 *       return refused(e, errno, "cannot replace", to);
 *
 *   -> "cannot replace /home/x/.claude/.credentials.json: Read-only file system"
 *      "it is mounted read-only: df '/home/x/.claude/.credentials.json'" */
#ifndef CREDRELAY_BASE_REFUSAL_H
#define CREDRELAY_BASE_REFUSAL_H

#include "base/err.h"

/* err_errno() of "WHAT PATH", with the command that mends it as the hint.  Returns false. */
bool refused(struct err *e, int errnum, const char *what, const char *path);

/* Only the hint, where PATH is not what the text is about; none is left as it was.  Returns false. */
bool refused_because(struct err *e, int errnum, const char *path);

/* Likewise for our standard output, wherever that goes; ERRNUM 0: why is not known.  Returns false. */
bool refused_output(struct err *e, int errnum);

#endif
