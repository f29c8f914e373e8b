/* An alert to a webhook: a JSON document posted to a URL. */
#include <string.h>

#include "base/limits.h"
#include "body.h"
#include "http.h"
#include "own_secret.h"
#include "post.h"
#include "this_machine.h"

static bool read_webhook(const struct alert_request *rq, struct buf *out, struct err *e)
{
    const char *given = alert_option(rq, "webhook");
    if (!*given)
        return own_secret_read(rq->options, "webhook", rq->deadline, out, e);
    return buf_text(out, given) || buf_error(out, "the URL", e);
}

static bool is_web(const char *url, struct err *e)
{
    if (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0)
        return true;
    err_set(e, ERR_INVALID, "the webhook is no URL of http or https");
    return err_hint(e, "its file must hold the URL alone, as in https://hooks.example.org/x");
}

/* "" when there is none. */
static bool read_token(const struct alert_request *rq, const char *url, struct buf *out,
                       struct err *e)
{
    char host[300];
    if (!own_secret_named(rq->options, "webhook-token"))
        return true;
    http_authority(url, host, sizeof host);
    if (strncmp(url, "https:", 6) != 0 && !is_this_machine(host)) {
        err_set(e, ERR_DENIED,
                "a token is not sent over http, where everybody on the way reads it");
        return err_hint(e, "give the webhook as https://...");
    }
    return own_secret_read(rq->options, "webhook-token", rq->deadline, out, e);
}

static bool post(const struct alert_request *rq, const char *webhook, const char *url,
                 const char *token, struct err *e)
{
    const struct post p = {.url = url,
                           .bearer = *token ? token : NULL,
                           .ca_file = alert_option(rq, "ca-file"),
                           .deadline = rq->deadline,
                           .fix = "check webhook and webhook-format in [alert], and try: "
                                  "credrelay alert test"};
    jv *body = webhook_body(rq, webhook, e);
    bool ok = body && post_json(&p, body, e);
    jv_free(body);
    return ok;
}

static bool run(const struct alert_request *rq, struct err *e)
{
    struct buf webhook, url, token;
    buf_init(&webhook, LIMIT_OWN_SECRET);
    buf_init(&url, LIMIT_OWN_SECRET);
    buf_init(&token, LIMIT_OWN_SECRET);
    bool ok = read_webhook(rq, &webhook, e) && is_web(buf_str(&webhook), e) &&
              webhook_url(rq, buf_str(&webhook), &url, e) &&
              read_token(rq, buf_str(&url), &token, e);
    ok = ok && (rq->check || post(rq, buf_str(&webhook), buf_str(&url), buf_str(&token), e));
    buf_free(&webhook);
    buf_free(&url);
    buf_free(&token);
    return ok;
}

int main(void)
{
    return alert_serve(run);
}
