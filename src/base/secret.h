/* Bytes that must not be seen: a login.  A secret lives in memory of its own from libsodium
 * (guard pages, locked where the system allows, wiped when freed) and is a type of its own, so
 * that the log, the JSON writer and printf have no way to take it.
 *
 * Ownership: what secret_copy returns is the caller's, to be given to secret_free (NULL is
 * fine).  Secrets are made in one place (here) and shown by one call, secret_reveal: grep for
 * it to see everybody who looks. */
#ifndef CREDRELAY_BASE_SECRET_H
#define CREDRELAY_BASE_SECRET_H

#include <stddef.h>

#include "base/err.h"

struct secret;

/* Makes the library ready; secret_copy does it by itself, so that a run which meets no secret does
 * not pay for it.  A program that can say so at once calls it first.  False: no randomness. */
bool secret_init(void);

/* A copy of LEN bytes.  NULL: out of memory, or of randomness. */
struct secret *secret_copy(const void *bytes, size_t len);
void secret_free(struct secret *s);

/* The bytes, followed by a NUL that *ret_len (may be NULL) does not count; valid until
 * secret_free. */
const char *secret_reveal(const struct secret *s, size_t *ret_len);

#endif
