/* The resident process: one for all relays of the configuration.
 *
 * It sleeps until a login file changes, a process of its own is done, a signal comes, the machine
 * wakes up or something is due (watch/schedule.h), and wakes for nothing else but one look at each
 * file every 30 s: network file systems and mounts change what nobody tells. */
#ifndef CREDRELAY_WATCH_LOOP_H
#define CREDRELAY_WATCH_LOOP_H

#include "watch/told.h"

struct watch_request {
    enum voice voice;
    bool once; /* one sync of each relay, then the end */
    /* Called when everything is watched, before the first sync; NULL: nobody waits for it. */
    void (*ready)(void *ctx);
    void *ctx;
};

/* Until a signal ends it.  False: it could not begin; ERR_BUSY: another one runs.  *RET_CAME with
 * `once`: what stands in the way of the first relay that is not well, told already; else ERR_NONE. */
bool watch_run(const struct watch_request *rq, enum err_code *ret_came, struct err *e);

#endif
