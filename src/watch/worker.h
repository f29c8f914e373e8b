/* The forked process that performs a duty: bounded in time, its report read without waiting.
 *
 *   struct worker w = WORKER_NONE;
 *   worker_start(&w, &order, &e);
 *   ... poll w.fd; at w.deadline, or when it is readable: ...
 *   worker_end(&w, &report);            takes the report, or says why there is none
 *
 * Each is a process group of its own, so that the helper it has started ends with it. */
#ifndef CREDRELAY_WATCH_WORKER_H
#define CREDRELAY_WATCH_WORKER_H

#include <sys/types.h>

#include "base/lock.h"
#include "watch/duty.h"

struct worker {
    pid_t pid; /* 0: there is none */
    int fd;
    int64_t deadline; /* steady, ms */
    struct duty_order order;
};

#define WORKER_NONE ((struct worker){.fd = -1})

/* LOCK is the watcher's own, which the process must not keep alive after it. */
bool worker_start(struct worker *w, const struct duty_order *o, const struct lock *l,
                  struct err *e) MUST_CHECK;

/* After its end, or at its deadline, when it is killed: a report that is not ok then says so. */
void worker_end(struct worker *w, struct duty_report *ret);

/* No report is wanted any more; fine when there is no process.  One that renews is left to itself: a
 * client that is ended between its refresh and its writing takes the login along. */
void worker_drop(struct worker *w);

#endif
