/* The ways to some files, watched: whatever happens on one of them that can change what its path
 * leads to, or what is in the file, is told as a bit.
 *
 *   struct sentry s;
 *   sentry_open(&s);
 *   sentry_arm(&s, paths, count);
 *   ... poll sentry_fd(&s) ...
 *   uint32_t touched = sentry_read(&s);      bit I: look at paths[I]
 *   if (touched) touched |= sentry_arm(&s, paths, count), and only then look
 *
 * A system that cannot watch (too many watches, no right to) makes a blind sentry: then the files
 * have to be looked at from time to time. */
#ifndef CREDRELAY_WATCH_SENTRY_H
#define CREDRELAY_WATCH_SENTRY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { SENTRY_PATHS = 32 }; /* a bit each */

struct sentry {
    int events;           /* -1: none could be had */
    struct guard *guards; /* what is watched for whom */
    size_t count, room;
    bool blind;    /* something is not watched */
    int why_blind; /* errno */
};

void sentry_open(struct sentry *ret);
void sentry_close(struct sentry *s);
int sentry_fd(const struct sentry *s); /* -1: it has none */

/* Watch the ways to PATHS (absolute, SENTRY_PATHS at most) as they are now, and nothing else.  Returns
 * the bits of those that led elsewhere before: what happened there since the last sentry_read is told
 * to nobody any more. */
uint32_t sentry_arm(struct sentry *s, const char *const *paths, size_t count);

/* What has happened since the last call. */
uint32_t sentry_read(struct sentry *s);

/* In words, for a blind one: what could not be done, and what allows it. */
void sentry_explain(const struct sentry *s, struct err *e);

#endif
