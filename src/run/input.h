/* Standard input for a run that may be repeated.
 *
 * A file is given to the child as it is and rewound for the retry.  A pipe or socket is passed on
 * through a pipe of ours, and what has gone through is kept, up to LIMIT_SPOOL bytes of memory,
 * until nobody can want it again.  Anything else (a terminal, /dev/null) is the child's own; there
 * is nothing to replay. */
#ifndef CREDRELAY_RUN_INPUT_H
#define CREDRELAY_RUN_INPUT_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

enum input_kind {
    INPUT_OWN,  /* the child reads ours directly */
    INPUT_FILE, /* likewise, and it can be rewound */
    INPUT_PIPE, /* goes through us */
};

struct input {
    enum input_kind kind;
    off_t start; /* of a file: where we were when we got it */

    /* Of a pipe: what has been read and is still owed to the child of this run, or may be to the
     * next one's. */
    char *spool;
    size_t room, len;
    size_t sent;   /* bytes of it that the child of this run has got */
    int to_child;  /* our end of the child's pipe; -1: none or closed */
    bool keeping;  /* the spool has everything from the beginning: it can be replayed */
    bool too_long; /* it could have been, but for LIMIT_SPOOL */
    bool ended;    /* the end of standard input has been read */
};

/* Look at standard input. */
void input_open(struct input *in);
void input_free(struct input *in);

/* Before a run: what the child's standard input is to be, -1 for ours.  For a pipe the caller
 * closes the returned end after the start. */
bool input_begin(struct input *in, int *ret_child_fd, struct err *e) MUST_CHECK;

/* NULL: the next run can be given the same input; otherwise why not. */
const char *input_why_no_replay(const struct input *in);

/* Nobody will ask for a replay: let what was kept go. */
void input_forget(struct input *in);

/* ---- for the pump: what to poll for, what to do then ---- */

bool input_wants_read(const struct input *in);  /* more from standard input */
bool input_wants_write(const struct input *in); /* more to the child */
void input_read(struct input *in);
void input_write(struct input *in);

/* The child has closed its end; whoever writes to us is to find that out as it would have. */
void input_hang_up(struct input *in);

#endif
