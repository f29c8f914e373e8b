#include "body.h"

#include <string.h>

#include "base/limits.h"

static jv *plain_body(const struct alert_request *rq, struct err *e)
{
    jv *v = jv_copy(rq->message);
    return jv_whole(v, jv_put_int(v, "credrelay", 1), e);
}

/* In Slack's markup these three have a meaning, and nothing else does outside of lines of its own
 * (https://docs.slack.dev/messaging/formatting-message-text#escaping). */
static bool escape(const char *text, struct buf *out)
{
    for (; *text && !out->failed; text++) {
        if (*text == '&')
            buf_text(out, "&amp;");
        else if (*text == '<')
            buf_text(out, "&lt;");
        else if (*text == '>')
            buf_text(out, "&gt;");
        else
            buf_bytes(out, text, 1);
    }
    return !out->failed;
}

static bool slack_text(const struct alert_request *rq, struct buf *out)
{
    return buf_text(out, "*") && escape(alert_text(rq, "subject"), out) &&
           buf_text(out, "*\n```\n") && escape(alert_text(rq, "text"), out) && buf_text(out, "```");
}

static jv *slack_body(const struct alert_request *rq, struct err *e)
{
    struct buf text;
    buf_init(&text, LIMIT_ALERT_BODY);
    bool ok = slack_text(rq, &text) || buf_error(&text, "the message", e);
    jv *v = ok ? jv_object() : NULL;
    if (ok)
        v = jv_whole(v, jv_put_text(v, "text", buf_str(&text)), e);
    buf_free(&text);
    return v;
}

/* How much of a noise it makes: 5 is "max", 3 the default. */
static int priority_of(const char *kind)
{
    static const struct {
        const char *kind;
        int priority;
    } loud[] = {{"opened", 5}, {"still", 4}, {"deadline", 4}};
    for (size_t i = 0; i < sizeof loud / sizeof loud[0]; i++)
        if (strcmp(kind, loud[i].kind) == 0)
            return loud[i].priority;
    return 3;
}

/* The topic of WEBHOOK, the last part of its path; NULL: it has none. */
static const char *topic_of(const char *webhook)
{
    const char *host = strstr(webhook, "://");
    const char *path = host ? strchr(host + 3, '/') : NULL;
    const char *topic = path ? strrchr(path, '/') + 1 : NULL;
    return topic && *topic && !topic[strcspn(topic, "?#")] ? topic : NULL;
}

static jv *ntfy_body(const struct alert_request *rq, const char *topic, struct err *e)
{
    jv *v = jv_object();
    return jv_whole(v,
                    jv_put_text(v, "topic", topic) &&
                        jv_put_text(v, "title", alert_text(rq, "subject")) &&
                        jv_put_text(v, "message", alert_text(rq, "text")) &&
                        jv_put_int(v, "priority", priority_of(alert_text(rq, "kind"))),
                    e);
}

static bool take_url(const char *webhook, size_t len, struct buf *ret_url, struct err *e)
{
    return buf_bytes(ret_url, webhook, len) || buf_error(ret_url, "the URL", e);
}

bool webhook_url(const struct alert_request *rq, const char *webhook, struct buf *ret_url,
                 struct err *e)
{
    if (strcmp(alert_option(rq, "webhook-format"), "ntfy") != 0)
        return take_url(webhook, strlen(webhook), ret_url, e);
    const char *topic = topic_of(webhook);
    if (topic)
        return take_url(webhook, (size_t)(topic - webhook), ret_url, e);
    err_set(e, ERR_INVALID, "the webhook's URL names no topic of ntfy's");
    return err_hint(e, "it is like https://ntfy.sh/TOPIC");
}

jv *webhook_body(const struct alert_request *rq, const char *webhook, struct err *e)
{
    const char *format = alert_option(rq, "webhook-format");
    if (strcmp(format, "slack") == 0)
        return slack_body(rq, e);
    if (strcmp(format, "ntfy") == 0)
        return ntfy_body(rq, topic_of(webhook), e);
    return plain_body(rq, e);
}
