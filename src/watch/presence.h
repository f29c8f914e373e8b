/* Is this user's watcher running, and how is it doing?
 *
 *   struct watch_presence p;
 *   if (!watch_presence(relay.state_dir, &p, &e)) ...
 *   if (!p.running) ...                      p still says how the last one was doing
 *   const struct watch_relay *w = watch_relay_of(&p, relay.name);      NULL: it does not know it
 *
 * Whether it runs is told by the lock it holds for as long as it lives (STATE/watch.lock), which no
 * crash leaves behind.  How it is doing stands in STATE/watch.json (0600): one JSON object, replaced
 * whole, and only when something has changed.  It holds no token.
 *
 * All times are ms since 1970; 0: never, or not known. */
#ifndef CREDRELAY_WATCH_PRESENCE_H
#define CREDRELAY_WATCH_PRESENCE_H

#include "base/lock.h"
#include "relay/relay.h"

/* A login whose deadline comes near is told once for each threshold; this is what was told last. */
struct watch_deadline_told {
    int64_t deadline; /* of that login; a refresh does not move it */
    int days;         /* the nearest threshold told: 7, 3 or 1; 0: none */
};

struct watch_relay {
    char name[RELAY_NAME_SIZE];
    enum role role;
    int64_t synced_at;                  /* the last sync that the store answered */
    char did[24], why[24];              /* and what it did: action_name, reason_name */
    int64_t failing_since;              /* the first failure since then; 0: all is well */
    char error[24];                     /* err_name; "": all is well */
    char text[768], hint[384];          /* what failed and what mends it, as people are told */
    int64_t due;                        /* the next thing to do */
    int64_t version;                    /* of the shared value; 0: none */
    char holder[HOLDER_SIZE];           /* "": not known here */
    char fingerprint[FINGERPRINT_SIZE]; /* of the login in the file; "": none that is usable */
    int64_t expires_at, deadline;       /* of that login */
    bool renewable;                     /* it has its refresh token */
    bool unpublished;                   /* it is not in the store yet */
    struct watch_deadline_told told;
};

struct watch_presence {
    bool running;
    int64_t pid, since;
    char version[32]; /* of the program */
    struct watch_relay relays[MOST_RELAYS];
    size_t relay_count;
};

/* A folder without those files, or a damaged one, is a watcher that never ran.  False: the folder
 * cannot be read, or no memory. */
bool watch_presence(const char *state_dir, struct watch_presence *ret, struct err *e) MUST_CHECK;

const struct watch_relay *watch_relay_of(const struct watch_presence *p, const char *relay);

/* ---- for the watcher itself ---- */

/* Become the only one.  The folder must exist.  ERR_BUSY: another one runs, and E says which. */
bool presence_take(const char *state_dir, struct lock *ret, struct err *e) MUST_CHECK;

/* Put P into the file, unless that is what it holds already. */
bool presence_save(const char *state_dir, const struct watch_presence *p, struct err *e) MUST_CHECK;

#endif
