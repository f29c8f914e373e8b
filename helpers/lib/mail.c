#include "mail.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "alert_serve.h"
#include "base/clock.h"
#include "this_machine.h"
#include "transport.h"

/* What a server says in one conversation. */
#define LIMIT_SMTP_TALK (16u << 10)

struct talk {
    struct transport transport;
    char host[300];
    const char *left; /* of the mail, still to be sent */
    size_t left_len;
    struct buf said; /* the server's lines */
};

static const struct transport_hints hints = {
    .connection = "check the network, and smtp in [alert]: smtp://HOST:587 or smtps://HOST:465",
    .silence = "check the network, and smtp in [alert]: is smtp:// right, or smtps://?",
    .other_name = "name the server in smtp as its certificate does",
    .untrusted =
        "if it has a certificate of your own, name its authority's file: ca-file in [alert]",
    .ca_file = "ca-file in [alert] must name a file of PEM certificates"};

/* ---- what libcurl asks for and gives ---- */

static size_t on_read(char *out, size_t size, size_t count, void *ctx)
{
    struct talk *t = ctx;
    size_t n = size * count < t->left_len ? size * count : t->left_len;
    memcpy(out, t->left, n);
    t->left += n;
    t->left_len -= n;
    return n;
}

/* What does not fit is of no use. */
static size_t on_line(char *bytes, size_t size, size_t count, void *ctx)
{
    struct talk *t = ctx;
    if (size * count <= buf_left(&t->said))
        buf_bytes(&t->said, bytes, size * count);
    return size * count;
}

static size_t ignore(char *bytes, size_t size, size_t count, void *ctx)
{
    (void)bytes;
    (void)ctx;
    return size * count;
}

/* ---- the request ---- */

static void set_server(struct talk *t, const struct mail_server *s, int64_t left)
{
    CURL *easy = t->transport.easy;
    bool plain = is_this_machine(t->host) && !*s->user;
    curl_easy_setopt(easy, CURLOPT_URL, s->url);
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* those of the environment are for the web */
    /* The end of a session is waited for as well, and beyond the time for all of it.  So it is not
     * left to the closing of the handle, which would wait two minutes, and has half of that time. */
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)(left / 2000 + 1));
    curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)(plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    if (*s->user) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, s->user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, s->password);
    }
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
}

static struct curl_slist *recipients(const struct mail *m)
{
    struct curl_slist *list = NULL;
    for (size_t i = 0; i < m->to_count; i++) {
        struct curl_slist *longer = curl_slist_append(list, m->to[i]);
        if (!longer) {
            curl_slist_free_all(list);
            return NULL;
        }
        list = longer;
    }
    return list;
}

static void set_mail(struct talk *t, const struct mail *m, struct curl_slist *to)
{
    CURL *easy = t->transport.easy;
    t->left = m->text;
    t->left_len = m->len;
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, m->from);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, to);
    /* One that is gone must not silence the others. */
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, t);
}

/* ---- what went wrong ---- */

/* The server's last refusal: a line that begins with 4 or 5 (RFC 5321, 4.2.1); NULL: none. */
static const char *last_refusal(const struct talk *t)
{
    const char *found = NULL;
    for (const char *line = buf_str(&t->said); *line;) {
        if (*line == '4' || *line == '5')
            found = line;
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return found;
}

static bool has_base64(const char *said, const char *bytes, size_t len)
{
    struct buf text;
    size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
    buf_init(&text, size);
    char *to = buf_space(&text, size);
    bool has = !to || strstr(said, sodium_bin2base64(to, size, (const unsigned char *)bytes, len,
                                                     sodium_base64_VARIANT_ORIGINAL));
    if (to)
        buf_added(&text, size);
    buf_free(&text);
    return has;
}

/* SAID repeats the password, as it is or as it was sent: LOGIN has it by itself, PLAIN after the user
 * (RFC 4616). */
static bool repeats(const char *said, const struct mail_server *s)
{
    struct buf plain;
    buf_init(&plain, LIMIT_SMTP_TALK);
    buf_bytes(&plain, "", 1);
    buf_text(&plain, s->user);
    buf_bytes(&plain, "", 1);
    buf_text(&plain, s->password);
    bool does = *s->password && (strstr(said, s->password) || plain.failed ||
                                 has_base64(said, s->password, strlen(s->password)) ||
                                 has_base64(said, plain.data, plain.len));
    buf_free(&plain);
    return does;
}

/* ": 550 no such user", as ASCII; "" when it said nothing, or repeated the password. */
static void last_words(const struct talk *t, const struct mail_server *s, char *out, size_t size)
{
    const char *line = last_refusal(t);
    *out = '\0';
    /* Before it is cut or put into ASCII: a part of the password would be no better. */
    if (!line || repeats(line, s))
        return;
    snprintf(out, size, ": %.*s", (int)strcspn(line, "\r\n"), line);
    for (char *p = out; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
}

static bool no_tls(const struct talk *t, struct err *e)
{
    err_set(e, ERR_UNREACHABLE, "%s does not speak TLS there", t->host);
    return err_hint(e, "smtps:// is TLS from the start (port 465), smtp:// is STARTTLS (port 587)");
}

static bool no_starttls(const struct talk *t, struct err *e)
{
    err_set(e, ERR_UNSUPPORTED, "%s does not offer STARTTLS", t->host);
    return err_hint(e, "if it has TLS from the start: smtp = smtps://HOST:465");
}

static bool not_let_in(const struct talk *t, const struct mail_server *s, const char *said,
                       struct err *e)
{
    err_set(e, ERR_BAD_CREDENTIALS, "%s does not let %s in%s", t->host, s->user, said);
    return err_hint(e, "check smtp-user, and what smtp-password-file or -command gives");
}

static bool put_off(const struct talk *t, const char *said, struct err *e)
{
    err_set(e, ERR_BUSY, "%s puts us off%s", t->host, said);
    return err_hint(e, SENT_AGAIN);
}

static bool not_taken(const struct talk *t, const char *said, struct err *e)
{
    err_set(e, ERR_DENIED, "%s does not take the mail%s", t->host, said);
    return err_hint(e, "check mail, mail-from and smtp-user in [alert]");
}

static bool lost(const struct talk *t, struct err *e)
{
    err_set(e, ERR_UNREACHABLE, "%s closed the connection before it had taken the mail", t->host);
    return err_hint(e, SENT_AGAIN);
}

static bool explain(const struct talk *t, const struct mail_server *s, CURLcode rc, struct err *e)
{
    char said[256];
    long code = 0;
    double connected = 0;
    curl_easy_getinfo(t->transport.easy, CURLINFO_RESPONSE_CODE, &code);
    curl_easy_getinfo(t->transport.easy, CURLINFO_CONNECT_TIME, &connected);
    last_words(t, s, said, sizeof said);
    if (transport_explain(&t->transport, rc, t->host, connected > 0, e) != TRANSPORT_OTHER)
        return false;
    if (rc == CURLE_OUT_OF_MEMORY)
        return err_no_memory(e);
    if (rc == CURLE_SSL_CONNECT_ERROR)
        return no_tls(t, e);
    if (rc == CURLE_USE_SSL_FAILED)
        return no_starttls(t, e);
    if (code >= 400 && code < 500)
        return put_off(t, said, e);
    if (rc == CURLE_LOGIN_DENIED)
        return not_let_in(t, s, said, e);
    return code >= 500 ? not_taken(t, said, e) : lost(t, e);
}

/* ---- together ---- */

static void name_host(const char *url, char *out, size_t size)
{
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    snprintf(out, size, "%.*s", (int)strcspn(host, "/"), host);
}

static bool converse(struct talk *t, const struct mail_server *s, const struct mail *m,
                     struct err *e)
{
    int64_t left = s->deadline - clock_steady_ms();
    struct curl_slist *to = m ? recipients(m) : NULL;
    if (m && !to)
        return err_no_memory(e);
    transport_begin(&t->transport, "smtp,smtps", left > 0 ? left : 1);
    set_server(t, s, left);
    if (m)
        set_mail(t, m, to);
    else
        curl_easy_setopt(t->transport.easy, CURLOPT_CUSTOMREQUEST, "NOOP");
    CURLcode rc = curl_easy_perform(t->transport.easy);
    curl_slist_free_all(to);
    return rc == CURLE_OK || explain(t, s, rc, e);
}

bool mail_send(const struct mail_server *s, const struct mail *m, struct err *e)
{
    struct talk t = {.left = NULL};
    if (!transport_open(&t.transport, s->ca_file, &hints))
        return err_no_memory(e);
    buf_init(&t.said, LIMIT_SMTP_TALK);
    name_host(s->url, t.host, sizeof t.host);
    bool ok = converse(&t, s, m, e);
    transport_close(&t.transport);
    buf_free(&t.said);
    return ok;
}
