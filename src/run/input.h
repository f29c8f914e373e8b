/* Standard input for a run that may be repeated.
 *
 * A file is given to the child as it is and rewound for the retry.  A pipe or socket is passed on
 * through a pipe of ours, and what has gone through is kept until nobody can want it again.  A
 * terminal or /dev/null is the child's own; there is nothing to replay. */
#ifndef CREDRELAY_RUN_INPUT_H
#define CREDRELAY_RUN_INPUT_H

#include <sys/types.h>

#include "base/buf.h"

enum input_kind {
    INPUT_OWN,  /* the child reads ours directly */
    INPUT_FILE, /* likewise, and it can be rewound */
    INPUT_PIPE, /* goes through us */
};

struct input {
    enum input_kind kind;
    off_t start;      /* of a file: where we were when we got it */
    struct buf spool; /* of a pipe: what has been read */
    bool keeping;     /* the spool still holds all of it: it can be replayed */
    bool ended;       /* of a pipe: its end has been read */
    size_t sent;      /* bytes of the spool that the child of this run has got */
    int to_child;     /* our end of the child's pipe; -1: none or closed */
};

/* Look at standard input. */
void input_open(struct input *in);
void input_free(struct input *in);

/* Before a run: what the child's standard input is to be, -1 for ours.  For a pipe the caller
 * closes the returned end after the start. */
bool input_begin(struct input *in, int *ret_child_fd, struct err *e) MUST_CHECK;

/* Can the next run be given the same input?  False for a terminal once it was read, and for a pipe
 * that was longer than LIMIT_SPOOL. */
bool input_can_replay(const struct input *in);

/* Nobody will ask for a replay: what was kept is wiped. */
void input_forget(struct input *in);

/* ---- for the pump: what to poll for, what to do then ---- */

bool input_wants_read(const struct input *in);  /* more from standard input */
bool input_wants_write(const struct input *in); /* more to the child */
void input_read(struct input *in);
void input_write(struct input *in);

#endif
