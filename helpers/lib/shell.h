/* A shell command of the user's, with bounded input, output and time. */
#ifndef CREDRELAY_HELPERS_SHELL_H
#define CREDRELAY_HELPERS_SHELL_H

#include "base/buf.h"

struct shell_command {
    const char *command; /* given to sh -c */
    const char *what;    /* names it in errors: "the credential_process of profile x" */
    const char *input;   /* its standard input; NULL: /dev/null */
    size_t input_len;
    int64_t deadline; /* steady clock: then, and when we end, it and what it started are killed */
};

/* Its standard output into OUT (NULL: dropped), up to OUT's limit.  What it says on standard error is
 * dropped: it may hold secrets.  False: it did not end with status 0; ERR_FAILED. */
bool shell_run(const struct shell_command *s, struct buf *out, struct err *e) MUST_CHECK;

#endif
