/* A relay whose store is in memory: the calls of store/store.h, linked in place of those that start a
 * helper (ld's --wrap, so Linux only), and what others do between two of them.
 *
 *   struct relay r = memory_relay();             a writer called "mac", its file in the home
 *   store_shared(login_named('a', 60, false));   somebody has put it
 *   store_before(STORE_PUT, 1, others);          called just before the first put from here on
 *   store_fails(STORE_GET, 2, ERR_DENIED);       the second get from here on
 *
 * Programs of `in_memory` in meson.build have it. */
#ifndef CREDRELAY_TESTS_MEMORY_STORE_H
#define CREDRELAY_TESTS_MEMORY_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "relay/relay.h"
#include "store/protocol.h"

/* Empties the store and removes the login and the state; to be given to relay_free. */
struct relay memory_relay(void);

/* Its file. */
void file_has(const struct relay *r, const char *login);

/* The text of the login NAME, which expires in MINUTES; in one of a few static buffers that take
 * turns.  Its month ends in some 20 days, that of 'A' when that of 'a' does: it was renewed into it. */
const char *login_named(char name, int minutes, bool renewable);

/* A version of a value more. */
void store_shared(const char *login);
void store_renewable(const char *holder, bool renewing, const char *login);

/* The newest of it, "(absent)" without one. */
const char *store_has(bool renewable);

/* Like Parameter Store: whatever is put goes on top, and is told of a race. */
void store_takes_all(void);

/* To the last call, ms. */
int64_t store_time_given(void);

void store_before(enum store_op op, int nth, void (*others)(void));
void store_fails(enum store_op op, int nth, enum err_code code);

#endif
