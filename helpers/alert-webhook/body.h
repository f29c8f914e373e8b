/* What a webhook is posted, in the form it wants.  Pure. */
#ifndef CREDRELAY_ALERT_WEBHOOK_BODY_H
#define CREDRELAY_ALERT_WEBHOOK_BODY_H

#include "alert_serve.h"

/* Where it is posted, when the user says WEBHOOK: there, but ntfy takes JSON at its root and the
 * topic in it.  ERR_INVALID: it names no topic. */
bool webhook_url(const struct alert_request *rq, const char *webhook, struct buf *ret_url,
                 struct err *e) MUST_CHECK;

/* By `webhook-format`:
 *
 *   json    the message as it is in alert/protocol.h, and "credrelay": 1
 *   slack   {"text"}: docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 *   ntfy    {"topic","title","message","priority"}: docs.ntfy.sh/publish/#publish-as-json
 *
 * For a URL that webhook_url takes.  The caller's; NULL: out of memory, or too large. */
jv *webhook_body(const struct alert_request *rq, const char *webhook, struct err *e) MUST_CHECK;

#endif
