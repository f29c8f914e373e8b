/* Collecting the facts about a relay.  Nothing is changed: no lock is taken, and what is read is
 * whole at every moment. */
#ifndef CREDRELAY_DOCTOR_GATHER_H
#define CREDRELAY_DOCTOR_GATHER_H

#include "doctor/facts.h"

/* ONLINE: the store is asked, once, for the value that every machine reads (of the other one, which
 * names the holder, a reader may not even know); and the service manager.  Otherwise files are read
 * and nobody is asked.  What cannot be found out is a fact as well; false: no memory, or the state
 * folder cannot be read.  *RET lends from R. */
bool facts_gather(const struct relay *r, bool online, struct facts *ret, struct err *e) MUST_CHECK;

#endif
