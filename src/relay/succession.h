/* Whose turn it is to renew a login, and when.  Pure: no I/O, no clock, no state.
 *
 * Every machine that keeps the login alive stands in a line that begins with its holder.  The
 * holder's turn comes when the client is willing to renew; each next machine's turn comes only if
 * the store still has no fresher login then.  All judge by the login's own expiry, so nobody need
 * agree on anything beforehand:
 *
 *   before expiry   8:15   a refresh token that the store has as well is laid down (relay/renew.h)
 *                   5:00   clients become willing
 *                   4:30   the holder's turn
 *                   2:00   the first machine in line takes over, then one every 30 s
 *
 * A turn only says when somebody may try.  That two never spend one refresh token is the claim's doing
 * (relay/claim.h).  What clocks must give is that a holder has laid its refresh token down, by its
 * own, before another may claim it: they may differ by six minutes, each by three. */
#ifndef CREDRELAY_RELAY_SUCCESSION_H
#define CREDRELAY_RELAY_SUCCESSION_H

#include <stdbool.h>
#include <stdint.h>

/* Before the expiry, ms.  WILLING is the client's (docs/claude.md: with 6 minutes left it does not
 * refresh, with 4 it does). */
enum {
    LEAD_LAY_DOWN_MS = 495000,
    LEAD_WILLING_MS = 300000,
    LEAD_HOLDER_MS = 270000,
    LEAD_TAKE_OVER_MS = 120000,
    TAKE_OVER_STEP_MS = 30000
};

/* Without a list of writers, machines spread over this many places in line by their names.  Two
 * that meet in one place both try, and the claim lets one of them. */
enum { SUCCESSION_SLOTS = 4 };

enum { PLACE_HOLDER = 0, PLACE_NONE = -1 };

/* MACHINE's place in line, counted from HOLDER: 0 is the holder itself, 1 takes over first.
 * WRITERS, "a, b, c", is the order of the configuration: a ring, so that the one after the holder
 * comes first.  A machine it does not name never takes over (PLACE_NONE), but renews what it holds.
 * "": every writer is in line, at a place by its name. */
int succession_place(const char *writers, const char *machine, const char *holder);

/* Does WRITERS name MACHINE and nobody else?  Then there is nobody to agree with. */
bool succession_alone(const char *writers, const char *machine);

/* When the turn of PLACE begins, for a login that expires at EXPIRES_AT (ms since 1970).
 * INT64_MAX: never. */
int64_t succession_turn(int place, int64_t expires_at);

/* A number of this machine's own, the same at every run: where it stands among many. */
uint32_t succession_jitter(const char *machine);

#endif
