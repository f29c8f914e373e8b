/* Bytes between the world and the child.  The pump knows streams, not policy: somebody else looks
 * at the output and says when it need not be held back any more. */
#ifndef CREDRELAY_RUN_PUMP_H
#define CREDRELAY_RUN_PUMP_H

#include "run/child.h"
#include "run/input.h"

/* Sees each piece of output once, in order.  True: what is held may be released, and all that
 * follows. */
typedef bool pump_look_fn(void *ctx, const char *bytes, size_t len);

struct pump {
    struct child *child;
    struct input *input;
    int from_child; /* our end of its standard output */
    pump_look_fn *look;
    void *ctx;
    struct buf held;  /* output not released; the caller frees it */
    bool full;        /* output waits, and our standard output has no room */
    bool released;    /* something has been written to our standard output */
    bool reader_gone; /* ... and nobody reads it any more */
};

void pump_init(struct pump *p, struct child *child, struct input *input, int from_child,
               pump_look_fn *look, void *ctx);

/* Run until the child has ended and its output has been read. */
bool pump_run(struct pump *p, struct err *e) MUST_CHECK;

/* Write out what is held. */
void pump_release(struct pump *p);
void pump_free(struct pump *p);

#endif
