/* What the wrapper says on standard error, each line behind RUN_PREFIX. */
#ifndef CREDRELAY_RUN_SAY_H
#define CREDRELAY_RUN_SAY_H

#include "relay/relay.h"

/* HINT: a line of its own; NULL or "" none. */
void say(const char *text, const char *hint);
void say_hint(const char *hint);

/* That the login had lapsed, and from where a fresh one came. */
void say_recovered(const struct relay *r);

/* Why the command is not run.  Returns the exit status: a shell's 126 or 127, or ours. */
int say_cannot_start(const struct err *e);

#endif
