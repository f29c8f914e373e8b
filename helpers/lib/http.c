#include "http.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/wiped_alloc.h"
#include "transport.h"

struct http {
    struct transport transport;
    enum http_use use;
    bool watches_certificate;
    struct { /* of the request that is under way */
        struct buf *lines;
        size_t bytes; /* of interim answers, and behind a last chunk, too */
        bool ended, too_many;
    } headers;
};

/* Who asks, and what a person can change there. */
static const struct {
    struct transport_hints hints;
    const char *url, *no_answer;
} uses[] = {
    [HTTP_FOR_AWS] = {{.connection = "check the network, the proxy variables and the endpoint",
                       .silence = "check the network and the proxy variables",
                       .other_name =
                           "check the endpoint URL, and whether a proxy answers in its place",
                       .untrusted = "if a proxy inspects TLS here, set AWS_CA_BUNDLE to its "
                                    "certificate's file",
                       .ca_file = "AWS_CA_BUNDLE must name a file of PEM certificates"},
                      "the endpoint URL",
                      "check the endpoint: this is no answer of AWS's"},
    [HTTP_FOR_ALERTS] = {{.connection = "check the network, the proxy variables and the URL",
                          .silence = "check the network and the proxy variables",
                          .other_name = "check the URL, and whether a proxy answers in its place",
                          .untrusted = "if it has a certificate of your own, name its authority's "
                                       "file: ca-file in [alert]",
                          .ca_file = "ca-file in [alert] must name a file of PEM certificates"},
                         "the URL",
                         "check the URL: this is no answer of a webhook's"},
};

struct http *http_open(enum http_use use, const char *ca_file)
{
    struct http *h = wiped_calloc(1, sizeof *h);
    if (h && transport_open(&h->transport, ca_file, &uses[use].hints)) {
        h->use = use;
        return h;
    }
    wiped_free(h);
    return NULL;
}

void http_close(struct http *h)
{
    if (!h)
        return;
    transport_close(&h->transport);
    wiped_free(h);
}

const char *http_trust(const struct http *h)
{
    return transport_trust(&h->transport);
}

void http_watch_certificate(struct http *h)
{
    h->watches_certificate = true;
}

/* ---- one request ---- */

static size_t collect(struct buf *out, const char *bytes, size_t len)
{
    return buf_bytes(out, bytes, len) ? len : 0; /* 0 ends the transfer */
}

static size_t on_body(char *bytes, size_t size, size_t count, void *out)
{
    return collect(out, bytes, size * count);
}

static size_t on_header(char *bytes, size_t size, size_t count, void *http)
{
    struct http *h = http;
    size_t len = size * count;
    h->headers.bytes += len;
    h->headers.too_many = h->headers.bytes > LIMIT_HTTP_HEADERS;
    if (h->headers.too_many || len == 0)
        return 0;
    /* "100 Continue" and a proxy's answer to CONNECT come before the headers that count. */
    if (len > 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        buf_clear(h->headers.lines);
        h->headers.ended = false;
    }
    if (bytes[0] == '\r' || bytes[0] == '\n')
        h->headers.ended = true;
    return collect(h->headers.lines, bytes, len);
}

static bool header_list(const struct http_request *rq, struct curl_slist **ret)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:"); /* no 100-continue round trip */
    bool ok = list != NULL;
    if (ok && !rq->body) {
        struct curl_slist *longer = curl_slist_append(list, "Content-Type:"); /* of no content */
        ok = longer != NULL;
    }
    for (size_t i = 0; ok && i < rq->header_count; i++) {
        struct buf line;
        buf_init(&line, LIMIT_HTTP_HEADERS);
        ok = buf_printf(&line, "%s: %s", rq->headers[i].name, rq->headers[i].value);
        struct curl_slist *longer = ok ? curl_slist_append(list, buf_str(&line)) : NULL;
        buf_free(&line);
        ok = longer != NULL;
        if (ok)
            list = longer;
    }
    *ret = list;
    return ok;
}

static void set_request(struct http *h, const struct http_request *rq, struct curl_slist *headers,
                        struct http_response *ret)
{
    CURL *easy = h->transport.easy;
    curl_easy_setopt(easy, CURLOPT_CERTINFO, (long)h->watches_certificate);
    curl_easy_setopt(easy, CURLOPT_URL, rq->url);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L); /* what was signed is what is sent */
    if (strcmp(rq->method, "GET") != 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body_len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, rq->body ? rq->body : "");
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, rq->method);
    }
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, (long)rq->once);
    if (rq->no_proxy)
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "credrelay/" CREDRELAY_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &ret->body);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, h);
}

/* ---- what went wrong ---- */

struct story {
    const struct http *h;
    const char *host;
    struct err *e;
};

static enum http_failure too_large(const struct story *s, bool headers)
{
    err_set(s->e, ERR_FAILED, "%s answered with more than %u bytes%s", s->host,
            headers ? LIMIT_HTTP_HEADERS : LIMIT_HTTP_ANSWER, headers ? " of headers" : "");
    err_hint(s->e, "%s", uses[s->h->use].no_answer);
    return HTTP_TOO_LARGE;
}

static enum http_failure lost(const struct story *s)
{
    long proxy_status = 0;
    curl_easy_getinfo(s->h->transport.easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (proxy_status && proxy_status != 200) {
        err_set(s->e, ERR_UNREACHABLE, "the proxy refused a connection to %s (status %ld)", s->host,
                proxy_status);
        err_hint(s->e, "check the https_proxy variable and its user and password");
        return HTTP_BROKEN;
    }
    err_set(s->e, ERR_UNREACHABLE, "%s closed the connection before it had answered", s->host);
    return HTTP_LOST;
}

/* Nothing was sent, and the other side may be well again at once. */
static enum http_failure no_tls(const struct story *s)
{
    const char *detail =
        s->h->transport.detail; /* "OpenSSL/3.0: error:0A00010B:SSL routines::WHY" */
    const char *why = strstr(detail, "SSL routines:") ? strrchr(detail, ':') + 1 : detail;
    if (!*why || strstr(why, "SSL_ERROR_SYSCALL"))
        why = "it was closed in the handshake";
    err_set(s->e, ERR_UNREACHABLE, "no TLS connection to %s: %s", s->host, why);
    err_hint(s->e, "check %s and the proxy variables; it must be TLS 1.2 or later",
             uses[s->h->use].url);
    return HTTP_NO_CONNECTION;
}

static enum http_failure broken(const struct story *s, CURLcode rc)
{
    /* libcurl's own sentence; it may quote the URL or a status line, never a header of ours. */
    err_set(s->e, ERR_UNREACHABLE, "no HTTP answer from %s: %s", s->host, curl_easy_strerror(rc));
    err_hint(s->e, "check %s and the proxy variables", uses[s->h->use].url);
    return HTTP_BROKEN;
}

static enum http_failure explain(const struct story *s, CURLcode rc, bool sent)
{
    switch (transport_explain(&s->h->transport, rc, s->host, sent, s->e)) {
    case TRANSPORT_NO_ADDRESS: return HTTP_NO_ADDRESS;
    case TRANSPORT_NO_CONNECTION: return HTTP_NO_CONNECTION;
    case TRANSPORT_TIMED_OUT: return HTTP_TIMED_OUT;
    case TRANSPORT_UNTRUSTED: return HTTP_UNTRUSTED;
    case TRANSPORT_NO_CA_FILE: return HTTP_BROKEN;
    case TRANSPORT_OTHER: break;
    }
    switch (rc) {
    case CURLE_WRITE_ERROR: return too_large(s, s->h->headers.too_many);
    case CURLE_OUT_OF_MEMORY: /* which it was not: a line longer than libcurl takes */
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
#endif
        return too_large(s, true);
    case CURLE_SSL_CONNECT_ERROR: return no_tls(s);
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR: return lost(s);
    default: return broken(s, rc);
    }
}

/* ---- together ---- */

/* False: out of memory. */
static bool transfer(struct http *h, const struct http_request *rq, int64_t left,
                     struct http_response *ret, CURLcode *ret_rc)
{
    struct curl_slist *headers;
    bool ok = header_list(rq, &headers);
    if (ok) {
        transport_begin(&h->transport, "http,https", left);
        h->headers.lines = &ret->headers;
        h->headers.bytes = 0;
        h->headers.ended = h->headers.too_many = false;
        set_request(h, rq, headers, ret);
        *ret_rc = curl_easy_perform(h->transport.easy);
        ok = *ret_rc != CURLE_OUT_OF_MEMORY || !transport_ran_out();
    }
    curl_slist_free_all(headers);
    /* libcurl takes headers that break off for an answer without a body. */
    if (ok && *ret_rc == CURLE_OK && !h->headers.ended)
        *ret_rc = CURLE_GOT_NOTHING;
    return ok;
}

/* Of the first certificate of the chain, the server's own. */
static int64_t certificate_ends(const struct http *h)
{
    static const char label[] = "Expire date:";
    struct curl_certinfo *chain = NULL;
    if (curl_easy_getinfo(h->transport.easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain ||
        chain->num_of_certs < 1)
        return 0;
    for (const struct curl_slist *line = chain->certinfo[0]; line; line = line->next)
        if (strncmp(line->data, label, sizeof label - 1) == 0) {
            time_t ends = curl_getdate(line->data + sizeof label - 1, NULL);
            return ends > 0 ? ends : 0;
        }
    return 0;
}

static void note_answer(const struct http *h, struct http_response *ret)
{
    long status = 0;
    char date[64];
    curl_easy_getinfo(h->transport.easy, CURLINFO_RESPONSE_CODE, &status);
    ret->status = (int)status;
    ret->failure = HTTP_ANSWERED;
    time_t seconds =
        http_response_header(ret, "date", date, sizeof date) ? curl_getdate(date, NULL) : -1;
    ret->date = seconds > 0 ? seconds : 0;
    ret->certificate_ends = certificate_ends(h);
}

bool http_perform(struct http *h, const struct http_request *rq, struct http_response *ret,
                  struct err *e)
{
    int64_t began = clock_steady_ms();
    *ret = (struct http_response){.failure = HTTP_BROKEN};
    buf_init(&ret->body, LIMIT_HTTP_ANSWER);
    buf_init(&ret->headers, LIMIT_HTTP_HEADERS);
    CURLcode rc;
    if (!transfer(h, rq, rq->deadline > began ? rq->deadline - began : 1, ret, &rc))
        return err_no_memory(e);
    /* What was written down failed for want of memory, unless it did not fit. */
    if (rc == CURLE_WRITE_ERROR && !ret->body.full && !ret->headers.full && !h->headers.too_many)
        return err_no_memory(e);

    long sent = 0;
    curl_easy_getinfo(h->transport.easy, CURLINFO_REQUEST_SIZE, &sent);
    ret->sent = sent > 0;
    if (rc == CURLE_OK) {
        note_answer(h, ret);
        return true;
    }
    char host[300];
    http_authority(rq->url, host, sizeof host);
    const struct story s = {.h = h, .host = host, .e = e};
    ret->failure = explain(&s, rc, ret->sent);
    return false;
}

void http_response_free(struct http_response *rs)
{
    buf_free(&rs->body);
    buf_free(&rs->headers);
}

bool http_response_header(const struct http_response *rs, const char *name, char *out, size_t size)
{
    size_t name_len = strlen(name);
    for (const char *line = buf_str(&rs->headers); *line;) {
        size_t len = strcspn(line, "\r\n");
        if (len > name_len && line[name_len] == ':' && strncasecmp(line, name, name_len) == 0) {
            const char *value = line + name_len + 1;
            const char *end = line + len;
            while (value < end && isspace((unsigned char)*value))
                value++;
            snprintf(out, size, "%.*s", (int)(end - value), value);
            return true;
        }
        line += len;
        line += strspn(line, "\r\n");
    }
    return false;
}

int64_t http_retry_after_ms(const struct http_response *rs)
{
    char text[32];
    int64_t seconds;
    bool given = http_response_header(rs, "retry-after", text, sizeof text) &&
                 parse_int64(text, 0, 7 * 86400, &seconds);
    return given ? seconds * 1000 : -1;
}

void http_authority(const char *url, char *out, size_t size)
{
    const char *host = strstr(url, "://");
    const char *own_port = strncmp(url, "https:", 6) == 0 ? ":443" : ":80";
    host = host ? host + 3 : url + strlen(url);
    size_t len = strcspn(host, "/?#"), port_len = strlen(own_port);
    if (len > port_len && strncmp(host + len - port_len, own_port, port_len) == 0)
        len -= port_len;
    snprintf(out, size, "%.*s", (int)len, host);
}
