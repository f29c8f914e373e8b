/* Messages that a channel has not taken yet.  Pure but for letter_name; kept in the books (alert/books.h).
 *
 * A channel gets its messages in their order: while the first is refused, those behind it wait.
 * Taking a message out for sending counts as a try and puts off the next one, so that a sender that
 * is killed loses nothing and two senders do not send the same. */
#ifndef CREDRELAY_ALERT_OUTBOX_H
#define CREDRELAY_ALERT_OUTBOX_H

#include "alert/incident.h"

enum channel { CHANNEL_MAIL, CHANNEL_WEBHOOK, CHANNEL_COMMAND, CHANNEL_COUNT };

/* An incident has three at most in a day, and they are kept for a week. */
enum { OUTBOX_LETTERS = 16 };

/* Longer than the call of a channel takes (alert/channel.h). */
enum { OUTBOX_LEASE_MS = 60 * 1000 };

enum {
    OUTBOX_FIRST_PAUSE_MS = 2 * 1000, /* then four times as long each time */
    OUTBOX_LONGEST_PAUSE_MS = 4 * 60 * 60 * 1000,
    OUTBOX_KEPT_MS = 7 * 24 * 60 * 60 * 1000
};

/* 16 hexadecimal digits: the message's own in Message-ID and the like, so that a second delivery can
 * be told for what it is. */
enum { LETTER_ID_SIZE = 17 };

struct delivery {
    bool pending;
    int tries;
    int64_t next_at; /* not before, ms since 1970 */
};

struct letter {
    char id[LETTER_ID_SIZE];
    struct telling telling;
    struct delivery to[CHANNEL_COUNT];
};

struct outbox {
    struct letter letters[OUTBOX_LETTERS]; /* oldest first */
    size_t count;
};

/* A new one, by chance. */
void letter_name(char ret[LETTER_ID_SIZE]);

/* CHANNELS: a bit for each enum channel.  Without room, the oldest is dropped. */
void outbox_put(struct outbox *o, const char *id, const struct telling *t, unsigned channels);

/* Take the next that is due; false: nothing is.  *RET_LETTER lends, until the outbox is changed. */
bool outbox_take(struct outbox *o, int64_t now, const struct letter **ret_letter,
                 enum channel *ret_channel);

/* The channel took it, or is no more; or it did not: again after RETRY_AFTER_MS, or our own pause if
 * that is longer.  A letter that is not there any more is fine. */
void outbox_delivered(struct outbox *o, const char *id, enum channel c);
void outbox_refused(struct outbox *o, const char *id, enum channel c, int64_t now,
                    int64_t retry_after_ms);

/* Drop what nobody took for OUTBOX_KEPT_MS. */
void outbox_expire(struct outbox *o, int64_t now);

/* When the next is due, ms since 1970; INT64_MAX: nothing is pending. */
int64_t outbox_due_at(const struct outbox *o, int64_t now);

size_t outbox_pending(const struct outbox *o);

/* "mail", "webhook", "command" */
const char *channel_name(enum channel c);

#endif
