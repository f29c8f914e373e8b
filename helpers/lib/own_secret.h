/* A secret that the configuration names and does not hold: a file that only its owner can read, or a
 * command that prints it. */
#ifndef CREDRELAY_HELPERS_OWN_SECRET_H
#define CREDRELAY_HELPERS_OWN_SECRET_H

#include "base/json.h"

/* A password, a key, a URL. */
#define LIMIT_OWN_SECRET (4u << 10)

/* What OPTIONS call KEY-file or KEY-command, the first line of it, into OUT; "~/" is the home.
 * ERR_NOT_FOUND: they name neither, or the file is not there; ERR_DENIED: others can read it, or it
 * is not ours; ERR_INVALID: the line is empty; ERR_FAILED: the command failed.  By DEADLINE (steady
 * clock) it has ended. */
bool own_secret_read(const jv *options, const char *key, int64_t deadline, struct buf *out,
                     struct err *e) MUST_CHECK;

/* Do OPTIONS name one? */
bool own_secret_named(const jv *options, const char *key);

#endif
