/* Run a profile's credential_process: a shell command that prints keys. */
#ifndef CREDRELAY_HELPERS_AWS_PROGRAM_H
#define CREDRELAY_HELPERS_AWS_PROGRAM_H

#include "base/buf.h"

/* Keys and a session token are 2 KiB. */
#define LIMIT_PROGRAM_OUTPUT (64u << 10)

/* COMMAND's standard output into OUT.  It is given to sh -c, reads nothing, and what it says on
 * standard error is dropped: it may hold keys.  At DEADLINE (steady clock) it and what it started
 * are killed.  WHAT names it in errors, which are ERR_BAD_CREDENTIALS. */
bool aws_program_run(const char *command, int64_t deadline, const char *what, struct buf *out,
                     struct err *e) MUST_CHECK;

#endif
