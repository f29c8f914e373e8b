#include "alert_serve.h"

#include <signal.h>
#include <string.h>

#include "alert/protocol.h"
#include "serve.h"

static bool answer(const void *ctx, const jv *doc, jv *ret, struct err *e)
{
    alert_serve_fn *const *fn = ctx;
    const char *op = jv_text(doc, "op");
    (void)ret;
    if (jv_number(doc, "credrelay", 0) != ALERT_PROTOCOL)
        return err_set(e, ERR_UNSUPPORTED, "this helper speaks version %d of the alert protocol",
                       ALERT_PROTOCOL);
    const struct alert_request rq = {.check = op && strcmp(op, "check") == 0,
                                     .options = jv_get(doc, "options"),
                                     .message = jv_get(doc, "message"),
                                     .deadline = serve_deadline(doc)};
    if (!op || (!rq.check && strcmp(op, "send") != 0))
        return err_set(e, ERR_UNSUPPORTED, "no operation called '%.32s'", op ? op : "");
    if (!rq.check && !alert_text(&rq, "subject")[0])
        return err_set(e, ERR_INVALID, "a message without a subject");
    return (*fn)(&rq, e);
}

int alert_serve(alert_serve_fn *fn)
{
    /* Who ends our group may let us finish: our time is bounded. */
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    return serve_line(answer, &fn);
}

static const char *text_of(const jv *object, const char *key)
{
    const char *text = jv_text(object, key);
    return text ? text : "";
}

const char *alert_text(const struct alert_request *rq, const char *key)
{
    return text_of(rq->message, key);
}

const char *alert_option(const struct alert_request *rq, const char *key)
{
    return text_of(rq->options, key);
}
