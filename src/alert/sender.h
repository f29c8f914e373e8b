/* Sending what is due, of every relay of this machine, one process at a time.
 *
 * A message is taken out of the books under their lock, sent without it, and what became of it is
 * written down under it again: nobody who only keeps the books waits for a channel. */
#ifndef CREDRELAY_ALERT_SENDER_H
#define CREDRELAY_ALERT_SENDER_H

#include "alert/settings.h"

/* Called for each message that was given to a channel; FAILURE is NULL when it took it. */
typedef void sender_told_fn(void *ctx, const struct relay *r, enum channel c,
                            const struct letter *l, const struct err *failure);

struct sender {
    sender_told_fn *told; /* NULL: nobody wants to know */
    void *ctx;
};

struct sender_result {
    size_t delivered, refused;
    size_t pending; /* messages left, counted for each channel */
    int64_t due_at; /* when the next of those is due, ms since 1970; INT64_MAX: none is pending */
};

/* All that is due now.  ERR_BUSY: another process is sending, and will find what we would have. */
bool sender_run(const struct sender *s, struct sender_result *ret, struct err *e) MUST_CHECK;

/* The same, and stays for what is to be sent again, for PATIENCE_MS at most. */
bool sender_stay(const struct sender *s, int64_t patience_ms, struct sender_result *ret,
                 struct err *e) MUST_CHECK;

/* Start `credrelay alert send --wait` as a process that belongs to nobody, with no descriptor,
 * terminal or folder of ours.  Returns at once. */
bool sender_start(struct err *e);

#endif
