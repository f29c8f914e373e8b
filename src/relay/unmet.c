/* What a sync leaves undone that was asked for: declared in engine.h, whose report it judges. */
#include "relay/engine.h"

bool sync_unmet(const struct relay *r, enum intent intent, const struct sync_report *report,
                struct err *ret)
{
    const char *why = reason_text(report->stands.reason);
    switch (report->stands.action) {
    case DO_WAIT:
        err_set(ret, ERR_BUSY, "%s", why);
        err_hint(ret, "it comes when a writer publishes; on a writer: credrelay publish");
        return true;
    case DO_HUMAN:
        err_set(ret, ERR_HOPELESS, "%s", why);
        err_hint(ret, "log in: %s", r->tool->login_command);
        return true;
    case DO_INSTALL_SHARED:
    case DO_INSTALL_RENEWABLE:
        if (intent != INTENT_PUBLISH || report->stands.reason == WHY_NOT_HOLDER ||
            report->stands.reason == WHY_HOLDER_NEEDS_IT ||
            report->stands.reason == WHY_RENEWAL_NEAR)
            return false;
        err_set(ret, ERR_INVALID, "not published: %s", why);
        err_hint(ret, "credrelay pull takes the store's login; credrelay publish --force insists");
        return true;
    default: return false;
    }
}
