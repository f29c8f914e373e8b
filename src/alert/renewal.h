/* What an attempt to renew says about the trouble of renewing (alert.h, TROUBLE_RENEW): a login that
 * could not be renewed here is trouble, until it was, here or by another machine. */
#ifndef CREDRELAY_ALERT_RENEWAL_H
#define CREDRELAY_ALERT_RENEWAL_H

#include "alert/alert.h"
#include "relay/renew.h"

/* False as alert_trouble. */
bool alert_renewal(const struct relay *r, const struct renew_report *report, int64_t now,
                   struct err *e);

#endif
