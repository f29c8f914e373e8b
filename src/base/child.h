/* Run a helper program with bounded input, output and time.
 *
 * The child gets INPUT on standard input; its standard output is collected in OUT (up to OUT's
 * limit), the beginning of its standard error in ERRORS.  At the deadline it is killed.  Output may
 * hold a login: both buffers wipe. */
#ifndef CREDRELAY_BASE_CHILD_H
#define CREDRELAY_BASE_CHILD_H

#include "base/buf.h"

struct child_run {
    const char *program;     /* absolute path */
    const char *const *argv; /* ends with NULL */
    const void *input;
    size_t input_len;
    int64_t deadline; /* on the steady clock, ms */
};

/* True: the child ended by itself; *ret_status is what waitpid(2) said.  ERR_UNREACHABLE: it had to
 * be killed at the deadline. */
bool child_run(const struct child_run *run, struct buf *out, struct buf *errors, int *ret_status,
               struct err *e) MUST_CHECK;

#endif
