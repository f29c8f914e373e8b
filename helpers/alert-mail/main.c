/* An alert as an e-mail: by SMTP, or through Resend's HTTP API. */
#include <string.h>

#include "base/limits.h"
#include "mime.h"
#include "own_secret.h"
#include "post.h"
#include "resend.h"

/* Servers take mail most willingly from who logs in, or from who gets it. */
static const char *sender(const struct alert_request *rq, const struct addresses *to)
{
    const char *given = alert_option(rq, "mail-from"), *user = alert_option(rq, "smtp-user");
    return *given ? given : strchr(user, '@') ? user : to->at[0];
}

/* ---- SMTP ---- */

static bool write_mail(const struct alert_request *rq, const char *from, struct buf *out,
                       struct err *e)
{
    const struct mime m = {.from = from,
                           .to = alert_option(rq, "mail"),
                           .subject = alert_text(rq, "subject"),
                           .text = alert_text(rq, "text"),
                           .id = alert_text(rq, "id"),
                           .at = jv_number(rq->message, "at", 0)};
    return mime_write(&m, out) || buf_error(out, "the mail", e);
}

static bool by_smtp(const struct alert_request *rq, const struct addresses *to, struct err *e)
{
    const char *user = alert_option(rq, "smtp-user");
    struct buf password, text;
    struct mail m = {.from = sender(rq, to), .to_count = to->count};
    buf_init(&password, LIMIT_OWN_SECRET);
    buf_init(&text, LIMIT_ALERT_BODY);
    memcpy(m.to, to->at, sizeof m.to);
    bool ok =
        (!*user || own_secret_read(rq->options, "smtp-password", rq->deadline, &password, e)) &&
        (rq->check || write_mail(rq, m.from, &text, e));
    m.text = buf_str(&text);
    m.len = text.len;
    const struct mail_server server = {.url = alert_option(rq, "smtp"),
                                       .user = user,
                                       .password = buf_str(&password),
                                       .ca_file = alert_option(rq, "ca-file"),
                                       .deadline = rq->deadline};
    ok = ok && mail_send(&server, rq->check ? NULL : &m, e);
    buf_free(&password);
    buf_free(&text);
    return ok;
}

/* ---- Resend ---- */

static bool by_resend(const struct alert_request *rq, const struct addresses *to, struct err *e)
{
    struct buf key;
    buf_init(&key, LIMIT_OWN_SECRET);
    bool ok = own_secret_read(rq->options, "resend-key", rq->deadline, &key, e);
    jv *document = ok && !rq->check ? resend_document(rq, sender(rq, to), to, e) : NULL;
    const struct post p = {.url = alert_option(rq, "resend-url"),
                           .url_is_public = true,
                           .bearer = buf_str(&key),
                           .id = alert_text(rq, "id"),
                           .ca_file = alert_option(rq, "ca-file"),
                           .deadline = rq->deadline,
                           .fix = "check the key and mail-from: resend.com/api-keys, /domains"};
    ok = ok && (rq->check || (document && post_json(&p, document, e)));
    jv_free(document);
    buf_free(&key);
    return ok;
}

static bool run(const struct alert_request *rq, struct err *e)
{
    struct addresses to = {.count = 0};
    if (!addresses_split(alert_option(rq, "mail"), &to, e))
        return false;
    return *alert_option(rq, "smtp") ? by_smtp(rq, &to, e) : by_resend(rq, &to, e);
}

int main(void)
{
    return alert_serve(run);
}
