/* Bytes between the world and the child.  The pump knows streams, not policy: somebody else looks
 * at the output and says when it need not be held back any more.
 *
 *   struct pump p;
 *   pump_init(&p, &child, &input, fd, look, ctx);      the child runs
 *   pump_run(&p, &e)                                   until it has ended
 *   pump_release(&p);                                  if what is held is to be shown
 *   pump_leave(&p);
 *   pump_free(&p);
 *
 * It never waits for one stream alone: a reader that does not read stops neither the input nor a
 * signal.  (Terminals and sockets may take a piece more slowly than poll(2) promised.) */
#ifndef CREDRELAY_RUN_PUMP_H
#define CREDRELAY_RUN_PUMP_H

#include "base/buf.h"
#include "run/child.h"
#include "run/input.h"

enum pump_seen {
    PUMP_HOLD, /* keep it back, and show me more */
    PUMP_SHOW, /* release what is held and all that follows; show me more */
    PUMP_DONE, /* likewise, and I need not see any more */
};

/* Sees each piece of output once, in order, until PUMP_DONE. */
typedef enum pump_seen pump_look_fn(void *ctx, const char *bytes, size_t len);

struct pump {
    struct child *child;
    struct input *input;
    int from_child; /* our end of its standard output; -1: it has ended */
    pump_look_fn *look;
    void *ctx;
    enum pump_seen seen;
    struct buf held; /* output not yet written */
    size_t written;  /* bytes of HELD that are */
    size_t piece;    /* what our standard output takes at once when it polls writable */
    bool movable;    /* what is not looked at need not come into memory */
    size_t moved;    /* so many bytes were, until the child's pipe was widened */
    bool teeable;    /* what is looked at need not be written from there */
    bool full;       /* output waits, and our standard output has no room */
    bool released;   /* something has been written to our standard output */
    bool unread;     /* ... and nobody reads it any more */
    int lost;        /* output could not be written: errno; 0: none was lost */
    int unreadable;  /* the child's output could not be read to its end: errno */
    bool closed;     /* our standard output was ended, as the child's was */
};

void pump_init(struct pump *p, struct child *child, struct input *input, int from_child,
               pump_look_fn *look, void *ctx);

/* Run until the child has ended and its output has been read. */
bool pump_run(struct pump *p, struct err *e) MUST_CHECK;

/* Write out what is held, however long that takes; of a child that was told to end only what
 * finds room. */
void pump_release(struct pump *p);

/* Somebody the child left behind may hold the other end of its output.  Whoever waits for us waits
 * for the child alone, so a process of its own goes on passing that output. */
void pump_leave(struct pump *p);

void pump_free(struct pump *p);

#endif
