#include "cmd/output.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/inherit.h"
#include "base/refusal.h"
#include "cmd/cmd.h"

/* What failed on the way, while more was said, has left no errno. */
enum { NOT_KNOWN = -1 };

static int cannot_write(const char *command, int errnum)
{
    const struct options in_words = {.json = false}; /* there is nowhere to print an object */
    struct err e;
    if (errnum == NOT_KNOWN)
        err_set(&e, ERR_IO, "cannot write all of it");
    else
        err_errno(&e, errnum, "cannot write");
    (void)refused_output(&e, errnum == NOT_KNOWN ? 0 : errnum);
    return tell_failure(command, &in_words, &e);
}

int output_end_of_pipe(const char *command)
{
    if (inherit_dies_of_pipe()) {
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    return cannot_write(command, EPIPE);
}

/* Why something did not go out, an errno or NOT_KNOWN; 0: all of it did. */
static int what_ails(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    if (fflush(stdout) != 0)
        return errno;
    if (!ferror(stdout))
        return 0;
    return poll(&out, 1, 0) > 0 && (out.revents & POLLERR) ? EPIPE : NOT_KNOWN;
}

int output_end(const char *command, int status)
{
    int errnum = what_ails();
    if (!errnum)
        return status;
    clearerr(stdout); /* it is told once */
    int lost = errnum == EPIPE ? output_end_of_pipe(command) : cannot_write(command, errnum);
    return status ? status : lost;
}
