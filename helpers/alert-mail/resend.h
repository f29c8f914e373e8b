/* An alert as Resend's HTTP API wants it (resend.com/docs/api-reference/emails/send-email). */
#ifndef CREDRELAY_ALERT_MAIL_RESEND_H
#define CREDRELAY_ALERT_MAIL_RESEND_H

#include "addresses.h"
#include "alert_serve.h"

/* {"from","to","subject","text"}.  The caller's; NULL: out of memory. */
jv *resend_document(const struct alert_request *rq, const char *from, const struct addresses *to,
                    struct err *e) MUST_CHECK;

#endif
