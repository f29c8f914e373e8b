#include "alert/renewal.h"

bool alert_renewal(const struct relay *r, const struct renew_report *report, int64_t now,
                   struct err *e)
{
    switch (report->outcome) {
    case RENEWAL_FAILED:
    case RENEWAL_NOTHING:
    case RENEWAL_REFUSED: return alert_trouble(r, TROUBLE_RENEW, &report->why, now, e);
    case RENEWAL_CLAIMED:     /* another machine is at it: it says so itself when it fails */
    case RENEWAL_UNPUBLISHED: /* it was renewed; the store's trouble is the watcher's */
        return true;
    default: return alert_fine(r, TROUBLE_RENEW, now, e);
    }
}
