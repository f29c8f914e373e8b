/* The monthly cliff (relay/deadline.h) told by the watcher: each of its days once, also across
 * restarts.  Pure. */
#ifndef CREDRELAY_WATCH_CLIFF_H
#define CREDRELAY_WATCH_CLIFF_H

#include "watch/presence.h"

/* The threshold to tell of now (7, 3, 1), 0: none.  *TOLD is what was told last and becomes what is
 * told now; a login with another deadline begins anew.  A machine that meets a login late tells the
 * nearest one only. */
int cliff_tell(struct watch_deadline_told *told, int64_t deadline, int64_t now);

/* Who must do what where, in a sentence. */
void cliff_text(const struct relay *r, const char *holder, int64_t deadline, int64_t now, char *out,
                size_t size);

#endif
