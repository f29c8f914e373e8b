#include "http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/wiped_alloc.h"
#include "tls_roots.h"
#include "tls_wipe.h"

struct http {
    CURL *easy;
    char *ca_file;
    const char *ca_folder; /* NULL: libcurl's default */
    bool watches_certificate;
    char detail[CURL_ERROR_SIZE];
};

struct http *http_open(const char *ca_file)
{
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiped_malloc, wiped_free, wiped_realloc,
                             wiped_strdup, wiped_calloc) != CURLE_OK)
        return NULL;
    struct http *h = wiped_calloc(1, sizeof *h);
    bool ok = h && (h->easy = curl_easy_init());
    if (ok && ca_file && *ca_file)
        ok = (h->ca_file = wiped_strdup(ca_file)) != NULL;
    else if (ok)
        h->ca_folder = tls_roots_folder();
    if (ok)
        return h;
    http_close(h);
    return NULL;
}

void http_close(struct http *h)
{
    if (!h)
        return;
    curl_easy_cleanup(h->easy);
    wiped_free(h->ca_file);
    wiped_free(h);
    curl_global_cleanup();
}

const char *http_trust(const struct http *h)
{
    return h->ca_file ? h->ca_file : h->ca_folder ? h->ca_folder : "this system's certificates";
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

static size_t on_header(char *bytes, size_t size, size_t count, void *out)
{
    struct buf *headers = out;
    /* "100 Continue" and a proxy's answer to CONNECT come before the headers that count. */
    if (size * count > 5 && memcmp(bytes, "HTTP/", 5) == 0)
        buf_clear(headers);
    return collect(headers, bytes, size * count);
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

static void set_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A name server that is silent must not hold up the end of the process. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
}

static void set_trust(const struct http *h)
{
    curl_easy_setopt(h->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(h->easy, CURLOPT_CERTINFO, (long)h->watches_certificate);
    tls_wipe(h->easy);
    if (h->ca_file) {
        curl_easy_setopt(h->easy, CURLOPT_CAINFO, h->ca_file);
        curl_easy_setopt(h->easy, CURLOPT_CAPATH, NULL);
    } else if (h->ca_folder &&
               curl_easy_setopt(h->easy, CURLOPT_CAPATH, h->ca_folder) == CURLE_OK) {
        curl_easy_setopt(h->easy, CURLOPT_CAINFO, NULL);
    }
}

static void set_times(CURL *easy, int64_t left)
{
    /* Connecting may take half of the time, so that one lost packet leaves room for a second
     * try. */
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)left);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(left / 2 + 1));
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
}

static void set_request(struct http *h, const struct http_request *rq, struct curl_slist *headers,
                        struct http_response *ret)
{
    CURL *easy = h->easy;
    curl_easy_setopt(easy, CURLOPT_URL, rq->url);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L); /* what was signed is what is sent */
    if (strcmp(rq->method, "GET") != 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body_len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, rq->body ? rq->body : "");
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, rq->method);
    }
    if (rq->no_proxy)
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "credrelay/" CREDRELAY_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &ret->body);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &ret->headers);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, h->detail);
}

/* ---- what went wrong ---- */

struct story {
    const struct http *h;
    const char *host;
    struct err *e;
};

static enum http_failure no_address(const struct story *s, const char *whose)
{
    err_set(s->e, ERR_UNREACHABLE, "cannot find the address of %s", whose);
    err_hint(s->e, "check the network, the name server and the name's spelling");
    return HTTP_NO_ADDRESS;
}

static enum http_failure no_connection(const struct story *s)
{
    long errnum = 0;
    curl_easy_getinfo(s->h->easy, CURLINFO_OS_ERRNO, &errnum);
    err_set(s->e, ERR_UNREACHABLE, "cannot connect to %s: %s", s->host,
            errnum ? strerror((int)errnum) : "no route");
    err_hint(s->e, "check the network, the proxy variables and the endpoint");
    return HTTP_NO_CONNECTION;
}

static enum http_failure timed_out(const struct story *s, bool sent)
{
    err_set(s->e, ERR_UNREACHABLE, "no %s %s", sent ? "answer from" : "connection to", s->host);
    err_hint(s->e, "check the network and the proxy variables");
    return HTTP_TIMED_OUT;
}

/* Numbers of X509_verify_cert(3), which every OpenSSL-like backend reports. */
enum { VERIFY_NOT_YET_VALID = 9, VERIFY_EXPIRED = 10 };

static enum http_failure untrusted(const struct story *s)
{
    long why = 0;
    curl_easy_getinfo(s->h->easy, CURLINFO_SSL_VERIFYRESULT, &why);
    const char *detail = s->h->detail[0] ? s->h->detail : "no reason given";
    if (why == VERIFY_EXPIRED || why == VERIFY_NOT_YET_VALID) {
        err_set(s->e, ERR_UNREACHABLE, "the TLS certificate of %s %s", s->host,
                why == VERIFY_EXPIRED ? "has expired" : "is not valid yet");
        err_hint(s->e, "check this machine's clock: date -u");
    } else if (strstr(detail, "subject name") || strstr(detail, "host name")) {
        err_set(s->e, ERR_UNREACHABLE, "the TLS certificate of %s is for another name", s->host);
        err_hint(s->e, "check the endpoint URL, and whether a proxy answers in its place");
    } else {
        err_set(s->e, ERR_UNREACHABLE, "the TLS certificate of %s is not trusted (%s)", s->host,
                detail);
        err_hint(s->e, "if a proxy inspects TLS here, set AWS_CA_BUNDLE to its certificate's file");
    }
    return HTTP_UNTRUSTED;
}

static enum http_failure no_ca_file(const struct story *s)
{
    err_set(s->e, ERR_INVALID, "cannot read the CA bundle %s",
            s->h->ca_file ? s->h->ca_file : "of this system");
    err_hint(s->e, "AWS_CA_BUNDLE must name a file of PEM certificates");
    return HTTP_BROKEN;
}

static enum http_failure too_large(const struct story *s)
{
    err_set(s->e, ERR_FAILED, "%s answered with more than %u bytes", s->host, LIMIT_HTTP_ANSWER);
    err_hint(s->e, "check the endpoint: this is no answer of AWS's");
    return HTTP_TOO_LARGE;
}

static enum http_failure lost(const struct story *s)
{
    long proxy_status = 0;
    curl_easy_getinfo(s->h->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (proxy_status && proxy_status != 200) {
        err_set(s->e, ERR_UNREACHABLE, "the proxy refused a connection to %s (status %ld)", s->host,
                proxy_status);
        err_hint(s->e, "check the https_proxy variable and its user and password");
        return HTTP_BROKEN;
    }
    err_set(s->e, ERR_UNREACHABLE, "%s closed the connection before it had answered", s->host);
    return HTTP_LOST;
}

static enum http_failure broken(const struct story *s, CURLcode rc)
{
    /* libcurl's own sentence; it may quote the URL or a status line, never a header of ours. */
    err_set(s->e, ERR_UNREACHABLE, "no HTTP answer from %s: %s", s->host, curl_easy_strerror(rc));
    err_hint(s->e, "check the endpoint URL and the proxy variables");
    return HTTP_BROKEN;
}

static enum http_failure explain(const struct story *s, CURLcode rc, bool sent)
{
    switch (rc) {
    case CURLE_COULDNT_RESOLVE_HOST: return no_address(s, s->host);
    case CURLE_COULDNT_RESOLVE_PROXY: return no_address(s, "the proxy");
    case CURLE_COULDNT_CONNECT: return no_connection(s);
    case CURLE_OPERATION_TIMEDOUT: return timed_out(s, sent);
    case CURLE_PEER_FAILED_VERIFICATION: return untrusted(s);
    case CURLE_SSL_CACERT_BADFILE: return no_ca_file(s);
    case CURLE_WRITE_ERROR: return too_large(s);
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR: return lost(s);
    default: return broken(s, rc);
    }
}

/* ---- together ---- */

static CURLcode transfer(struct http *h, const struct http_request *rq, int64_t left,
                         struct http_response *ret)
{
    struct curl_slist *headers;
    CURLcode rc = CURLE_OUT_OF_MEMORY;
    if (header_list(rq, &headers)) {
        curl_easy_reset(h->easy);
        h->detail[0] = '\0';
        set_protocols(h->easy);
        set_trust(h);
        set_times(h->easy, left);
        set_request(h, rq, headers, ret);
        rc = curl_easy_perform(h->easy);
    }
    curl_slist_free_all(headers);
    return rc;
}

/* Of the first certificate of the chain, the server's own. */
static int64_t certificate_ends(const struct http *h)
{
    static const char label[] = "Expire date:";
    struct curl_certinfo *chain = NULL;
    if (curl_easy_getinfo(h->easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain ||
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
    curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
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
    CURLcode rc = transfer(h, rq, rq->deadline > began ? rq->deadline - began : 1, ret);
    if (rc == CURLE_OUT_OF_MEMORY)
        return err_no_memory(e);

    long sent = 0;
    curl_easy_getinfo(h->easy, CURLINFO_REQUEST_SIZE, &sent);
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
