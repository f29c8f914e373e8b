/* Passphrases that are made up here, shown once and typed on another machine: 20 characters of
 * Crockford's base 32 (https://www.crockford.com/base32.html) in groups of five,
 * "k7m2x-9qhtc-w3v8n-r5d4p": 100 bits, so that nobody finds it by trying, whatever the key
 * derivation costs.  The alphabet has no two characters that look alike, and those that it leaves
 * out are read as what they look like. */
#ifndef CREDRELAY_PROVISION_PASSPHRASE_H
#define CREDRELAY_PROVISION_PASSPHRASE_H

#include "base/secret.h"

enum { PASSPHRASE_BITS = 100, PASSPHRASE_CHARS = 20 };

/* The caller's.  NULL: out of memory, or of randomness. */
struct secret *passphrase_make(void);

/* What somebody typed, as passphrase_make had it: letters in any case, any dashes and blanks, o for
 * 0 and i or l for 1.  NULL: out of memory.  What is no such passphrase stays one that fits
 * nothing. */
struct secret *passphrase_typed(const char *text, size_t len);

#endif
