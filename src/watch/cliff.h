/* The monthly cliff: a refresh does not extend the month of a login, so a person must log in again
 * before its deadline.  It is told when 7, 3 and 1 days are left, once each, also across restarts.
 * Pure. */
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
