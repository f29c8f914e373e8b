/* A message through a channel: one call of the channel's helper (alert/protocol.h). */
#ifndef CREDRELAY_ALERT_CHANNEL_H
#define CREDRELAY_ALERT_CHANNEL_H

#include "alert/settings.h"

/* The longest time a call may take: mail servers let a stranger wait.  Below OUTBOX_LEASE_MS. */
enum { CHANNEL_CALL_MS = 20 * 1000 };

/* What is told of R, with the last events of its log.  Errors are the helper's own, with the
 * channel's name in front. */
bool channel_send(enum channel c, const struct alert_settings *s, const struct relay *r,
                  const struct letter *l, struct err *e) MUST_CHECK;

/* A message that says it is a test, at once and past the books; it goes into the log. */
bool channel_test(enum channel c, const struct alert_settings *s, const struct relay *r,
                  struct err *e) MUST_CHECK;

/* Everything but sending, as far as the channel can: the secrets are where the settings say, the mail
 * server lets us in. */
bool channel_check(enum channel c, const struct alert_settings *s, struct err *e) MUST_CHECK;

#endif
