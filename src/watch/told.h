/* The one place where the watcher's outcomes go: to people (a line each on standard output), to the
 * log, and to the alerts. */
#ifndef CREDRELAY_WATCH_TOLD_H
#define CREDRELAY_WATCH_TOLD_H

#include "relay/events.h"
#include "watch/duty.h"
#include "watch/presence.h"
#include "watch/repeats.h"

enum voice {
    VOICE_TEXT,  /* a line for each thing done */
    VOICE_JSON,  /* each event of the log, as it goes there */
    VOICE_QUIET, /* only what fails */
};

struct teller {
    enum voice voice;
    struct repeats *said; /* on standard error, where the same trouble is not said each time */
};

/* Once, at the start; SAID stays the caller's. */
void teller_begin(struct teller *t, enum voice voice, struct repeats *said);

/* The relay is watched from now on (WATCH_START, WATCH_RELOAD), or no more. */
void tell_watch(const struct teller *t, const struct relay *r, enum watch_did did);

/* Changes cannot be watched. */
void tell_blind(const struct teller *t, const struct relay *r, const struct err *why);

/* WHAT could not be done, and is gone on without. */
void tell_ignored(const struct teller *t, const char *what, const struct err *why);

/* What a sync has done, which its process has logged; one that did nothing, and was for no change,
 * is not told. */
void tell_done(const struct teller *t, const struct relay *r, const struct duty_report *report);

/* What came of a renewal, which its process has logged: done, or what stands in the way, for people
 * only when it is NEWS. */
void tell_renewal(const struct teller *t, const struct relay *r, const struct duty_report *report,
                  bool news);

/* Another login counts than the one that could not be renewed here. */
void tell_renewed(const struct teller *t, const struct relay *r);

/* After every sync, whatever came of it.  WHY: what stands in the way, and NEWS: it did not, or
 * was another thing, before; code ERR_NONE: nothing, and SINCE when something did until now (0:
 * nothing did). */
void tell_state(const struct teller *t, const struct relay *r, const struct err *why, bool news,
                int64_t since);

/* The month of the login in the file, or in the store, is nearly over: once for each threshold. */
void tell_deadline(const struct teller *t, const struct relay *r, const char *holder,
                   int64_t deadline, struct watch_deadline_told *told);

#endif
