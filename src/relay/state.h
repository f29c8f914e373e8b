/* What a relay remembers between runs, in STATE/NAME.json (0600): the memory of decide.h and when a
 * sync was last tried.  It holds fingerprints and versions, never a token.
 *
 * The relay's lock (STATE/NAME.lock) is held from before the state is loaded until after it is
 * saved. */
#ifndef CREDRELAY_RELAY_STATE_H
#define CREDRELAY_RELAY_STATE_H

#include "relay/decide.h"

struct state {
    struct memory memory;
    /* The last sync that a run asked for and that brought nothing: the next ones do not ask the
     * store again at once.  ms since 1970; 0: none. */
    int64_t fruitless_at;
    /* The end of the last wait for a writer that brought nothing: whoever failed before it need not
     * wait again.  ms since 1970; 0: none. */
    int64_t waited_at;
};

/* A file that is missing, damaged or about another STORE is an empty state: what it would have
 * said is told by the store again.  False: out of memory, or it cannot be read. */
bool state_load(const char *path, const char *store, int64_t now, struct state *ret,
                struct err *e) MUST_CHECK;

/* Without the lock, before every run: only what tells a login that was refused.  A state that
 * cannot be read says nothing. */
void state_peek(const char *path, int64_t now, struct memory *ret);

/* The text that the file holds, appended to OUT; and putting it there.  Equal texts need no
 * writing. */
bool state_text(const char *store, const struct state *s, struct buf *out,
                struct err *e) MUST_CHECK;
bool state_save(const char *path, const struct buf *text, struct err *e) MUST_CHECK;

#endif
