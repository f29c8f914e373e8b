/* What is known of a relay's incident between processes: STATE/NAME.incident.json (0600), replaced
 * whole.  It holds no secret: what is in it is sent to people.
 *
 *   struct books b;
 *   if (!books_open(&relay, wait_ms, &b, &e)) ...      takes STATE/NAME.incident.lock and reads
 *   ... b.incident, b.outbox ...
 *   books_close(&b, &e)                                writes what changed, lets the lock go
 *
 * The lock is never held while a channel is waited for.
 *
 * STATE/NAME.trouble is there while something stands, and is all that a good run looks at.  It is a
 * hint: made before the books say so, and removed after they say otherwise, both under the lock, so
 * that it is never missing when it should be there. */
#ifndef CREDRELAY_ALERT_BOOKS_H
#define CREDRELAY_ALERT_BOOKS_H

#include "alert/outbox.h"
#include "base/lock.h"

struct books {
    const struct relay *relay;
    struct incident incident;
    struct outbox outbox;
    int64_t sent_at;   /* when a channel last took a message; 0: never */
    int64_t failed_at; /* when one last refused; 0: never, or one has been taken since */
    char failure[1024];
    struct lock lock;
    struct buf saved; /* the text as it was read */
};

/* The relay is lent; its state folder is made.  ERR_BUSY: others held the lock for WAIT_MS. */
bool books_open(const struct relay *r, int64_t wait_ms, struct books *ret,
                struct err *e) MUST_CHECK;

/* Without the lock, for looking only; to be given to books_close, which then writes nothing. */
bool books_peek(const struct relay *r, struct books *ret, struct err *e) MUST_CHECK;

/* False: what changed could not be written.  The lock is let go all the same. */
bool books_close(struct books *b, struct err *e);

/* Without the lock: might something stand?  One system call. */
bool books_maybe_trouble(const struct relay *r);

/* Call FN with the name of each relay that has books in FOLDER. */
void books_each(const char *folder, void (*fn)(void *ctx, const char *relay), void *ctx);

#endif
