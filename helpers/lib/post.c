#include "post.h"

#include <stdio.h>
#include <string.h>

#include "alert_serve.h"
#include "base/limits.h"
#include "http.h"

enum { QUOTED_SIZE = 160 };

/* A shorter piece of a URL's path is a word of the service's, but for the last. */
enum { SHORTEST_SECRET = 8 };

/* TEXT has a piece of the URL that may be what lets us post there. */
static bool repeats_url(const char *text, const char *url)
{
    const char *host = strstr(url, "://") + 3, *piece = host + strcspn(host, "/?");
    for (size_t len; *piece; piece += len + (piece[len] != '\0')) {
        len = strcspn(piece, "/?&=");
        bool counts = len >= SHORTEST_SECRET || (len && !piece[len]);
        if (counts && memmem(text, strlen(text), piece, len))
            return true;
    }
    return false;
}

/* What servers say in a refusal: {"message"} or {"error"} of a JSON body, or a short line of text
 * (Slack's "invalid_payload").  A page is not quoted, nor what repeats our secrets. */
static void quote(const struct post *p, const struct http_response *rs, char out[QUOTED_SIZE])
{
    struct err ignored;
    const char *body = buf_str(&rs->body);
    jv *doc = jv_parse(body, rs->body.len, &ignored);
    const char *text = jv_text(doc, "message") ? jv_text(doc, "message") : jv_text(doc, "error");
    if (!doc && body[0] != '<' && strlen(body) < QUOTED_SIZE)
        text = body;
    out[0] = '\0';
    if (text && *text && !(p->bearer && strstr(text, p->bearer)) &&
        (p->url_is_public || !repeats_url(text, p->url)))
        snprintf(out, QUOTED_SIZE, ": %.*s", (int)strcspn(text, "\r\n"), text);
    jv_free(doc);
}

static bool refused(const struct post *p, const struct http_response *rs, const char *host,
                    struct err *e)
{
    static const struct {
        int status;
        enum err_code code;
        const char *what;
    } meanings[] = {
        {401, ERR_BAD_CREDENTIALS, "does not know us"},
        {403, ERR_DENIED, "does not let us"},
        {404, ERR_NOT_FOUND, "has nobody there who takes messages"},
        {410, ERR_NOT_FOUND, "takes no messages there any more"},
        {408, ERR_UNREACHABLE, "had no time"},
        {413, ERR_TOO_LARGE, "finds the message too large"},
        {429, ERR_THROTTLED, "wants us to wait"},
    };
    char said[QUOTED_SIZE];
    enum err_code code = rs->status >= 500 ? ERR_UNREACHABLE : ERR_INVALID;
    const char *what = rs->status >= 500 ? "is out of order" : "refused the message";
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].status == rs->status) {
            code = meanings[i].code;
            what = meanings[i].what;
        }
    quote(p, rs, said);
    err_set(e, code, "%s %s (status %d)%s", host, what, rs->status, said);
    int64_t asked = http_retry_after_ms(rs); /* a date is left to our own pause */
    e->retry_after_ms = asked > 0 ? asked : 0;
    if (code == ERR_THROTTLED || code == ERR_UNREACHABLE)
        return err_hint(e, SENT_AGAIN);
    return err_hint(e, "%s", p->fix);
}

/* The headers of P into RET; BEARER keeps the text of one. */
static size_t make_headers(const struct post *p, struct buf *bearer, struct http_header ret[3])
{
    size_t count = 0;
    ret[count++] = (struct http_header){"Content-Type", "application/json"};
    if (p->id)
        ret[count++] = (struct http_header){"Idempotency-Key", p->id};
    if (p->bearer && buf_printf(bearer, "Bearer %s", p->bearer))
        ret[count++] = (struct http_header){"Authorization", buf_str(bearer)};
    return count;
}

static bool exchange(const struct post *p, struct http *http, const struct buf *body, struct err *e)
{
    char host[300];
    struct buf bearer;
    struct http_header headers[3];
    struct http_response rs;
    buf_init(&bearer, LIMIT_HTTP_HEADERS);
    const struct http_request rq = {.method = "POST",
                                    .url = p->url,
                                    .headers = headers,
                                    .header_count = make_headers(p, &bearer, headers),
                                    .body = buf_str(body),
                                    .body_len = body->len,
                                    .deadline = p->deadline};
    bool ok = http_perform(http, &rq, &rs, e);
    http_authority(p->url, host, sizeof host);
    if (ok && (rs.status < 200 || rs.status > 299))
        ok = refused(p, &rs, host, e);
    http_response_free(&rs);
    buf_free(&bearer);
    return ok;
}

bool post_json(const struct post *p, const jv *document, struct err *e)
{
    struct buf body;
    buf_init(&body, LIMIT_ALERT_BODY);
    bool ok = jv_write(document, &body) || buf_error(&body, "the message", e);
    struct http *http = ok ? http_open(HTTP_FOR_ALERTS, p->ca_file) : NULL;
    if (ok)
        ok = http ? exchange(p, http, &body, e) : err_no_memory(e);
    http_close(http);
    buf_free(&body);
    return ok;
}
