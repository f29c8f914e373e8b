/* An alert as an e-mail: by SMTP, or through Resend's HTTP API
 * (resend.com/docs/api-reference/emails/send-email). */
#include <stdio.h>
#include <string.h>

#include "alert_serve.h"
#include "base/limits.h"
#include "mail.h"
#include "mime.h"
#include "own_secret.h"
#include "post.h"

/* The addresses of `mail`, one by one. */
struct addresses {
    char text[1024];
    const char *at[MOST_RECIPIENTS];
    size_t count;
};

static bool split(const char *list, struct addresses *ret, struct err *e)
{
    ret->count = 0;
    if (strlen(list) >= sizeof ret->text) {
        err_set(e, ERR_TOO_LARGE, "mail is longer than %zu bytes", sizeof ret->text - 1);
        return err_hint(e, "let it be one address, of a list");
    }
    snprintf(ret->text, sizeof ret->text, "%s", list);
    for (char *p = ret->text; *(p += strspn(p, ", \t\r\n"));) {
        if (ret->count == MOST_RECIPIENTS) {
            err_set(e, ERR_TOO_LARGE, "mail has more than %d addresses", MOST_RECIPIENTS);
            return err_hint(e, "let it be one address, of a list");
        }
        ret->at[ret->count++] = p;
        p += strcspn(p, ", \t\r\n");
        if (*p)
            *p++ = '\0';
    }
    if (ret->count)
        return true;
    err_set(e, ERR_INVALID, "mail has no address");
    return err_hint(e, "write into [alert]: mail = you@example.com");
}

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

static jv *resend_document(const struct alert_request *rq, const struct addresses *to,
                           struct err *e)
{
    jv *v = jv_object(), *list = jv_array();
    bool ok = jv_put_text(v, "from", sender(rq, to));
    for (size_t i = 0; i < to->count; i++)
        ok = jv_push(list, jv_new_text(to->at[i])) && ok;
    ok = jv_put(v, "to", list) && ok && jv_put_text(v, "subject", alert_text(rq, "subject")) &&
         jv_put_text(v, "text", alert_text(rq, "text"));
    return jv_whole(v, ok, e);
}

static bool by_resend(const struct alert_request *rq, const struct addresses *to, struct err *e)
{
    struct buf key;
    buf_init(&key, LIMIT_OWN_SECRET);
    bool ok = own_secret_read(rq->options, "resend-key", rq->deadline, &key, e);
    jv *document = ok && !rq->check ? resend_document(rq, to, e) : NULL;
    const struct post p = {.url = alert_option(rq, "resend-url"),
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
    if (!split(alert_option(rq, "mail"), &to, e))
        return false;
    return *alert_option(rq, "smtp") ? by_smtp(rq, &to, e) : by_resend(rq, &to, e);
}

int main(void)
{
    return alert_serve(run);
}
