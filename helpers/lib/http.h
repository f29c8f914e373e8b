/* HTTP through libcurl, whose one door this is.
 *
 *   struct http *h = http_open(HTTP_FOR_AWS, ca_file);
 *   struct http_request rq = {.method = "POST", .url = ..., .deadline = ...};
 *   struct http_response rs;
 *   bool ok = http_perform(h, &rq, &rs, &e);      true: an answer came, of whatever status
 *   ...
 *   http_response_free(&rs);                      always, also after false
 *   http_close(h);
 *
 * A connection is kept warm between requests of one `struct http`.  Redirects are never followed
 * (requests carry credentials), answers end at LIMIT_HTTP_ANSWER, no content encoding is undone, and
 * only http and https are spoken.  Proxies come from the environment as libcurl reads it
 * (https_proxy, no_proxy, ...).  All memory of libcurl's is wiped when it is freed. */
#ifndef CREDRELAY_HELPERS_HTTP_H
#define CREDRELAY_HELPERS_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* An answer's body: 50 versions of 8 KiB, JSON-escaped, and room to spare. */
#define LIMIT_HTTP_ANSWER (1u << 20)

/* All header lines of an answer. */
#define LIMIT_HTTP_HEADERS (64u << 10)

struct http;

struct http_header {
    const char *name, *value;
};

struct http_request {
    const char *method;                /* "GET", "POST", "PUT" */
    const char *url;                   /* http:// or https:// */
    const struct http_header *headers; /* sent in this order */
    size_t header_count;
    const char *body; /* lent; "" or NULL for none */
    size_t body_len;
    int64_t deadline; /* on the steady clock */
    bool no_proxy;    /* for addresses that are only reached directly */
    /* On a connection of its own: when one that was kept warm ends without an answer, libcurl sends
     * the request once more by itself. */
    bool once;
};

/* Why there was no answer: what a retry can hope for, and whether the request may have been
 * carried out all the same (`sent`). */
enum http_failure {
    HTTP_ANSWERED,
    HTTP_NO_ADDRESS,    /* the name does not resolve */
    HTTP_NO_CONNECTION, /* refused, no route */
    HTTP_TIMED_OUT,
    HTTP_UNTRUSTED, /* TLS: the certificate was not accepted */
    HTTP_LOST,      /* the connection broke */
    HTTP_TOO_LARGE,
    HTTP_BROKEN, /* not HTTP, or a request that cannot be made */
    HTTP_FAILURE_COUNT
};

struct http_response {
    int status;      /* 0 without an answer */
    int64_t date;    /* the Date header in seconds since 1970; 0 without one */
    struct buf body; /* may be secret */
    struct buf headers;
    enum http_failure failure;
    bool sent;                /* at least part of the request left this machine */
    int64_t certificate_ends; /* the server's, in seconds since 1970; 0: not asked for, or none */
};

/* Who asks: hints name what a person can change there. */
enum http_use { HTTP_FOR_AWS, HTTP_FOR_ALERTS };

/* CA_FILE: a PEM file to trust instead of the system's certificates; NULL or "" for those.  NULL: out
 * of memory. */
struct http *http_open(enum http_use use, const char *ca_file);
void http_close(struct http *h);

/* Which certificates are trusted, for messages: a path, or words. */
const char *http_trust(const struct http *h);

/* From the next connection on answers say when the server's certificate ends. */
void http_watch_certificate(struct http *h);

bool http_perform(struct http *h, const struct http_request *rq, struct http_response *ret,
                  struct err *e) MUST_CHECK;
void http_response_free(struct http_response *rs);

/* The value of header NAME (any case) into OUT, cut to SIZE.  False: the answer has none. */
bool http_response_header(const struct http_response *rs, const char *name, char *out, size_t size);

/* What Retry-After asks for, in milliseconds, at most a week (RFC 9110, 10.2.3; a date is not read).
 * -1: nothing. */
int64_t http_retry_after_ms(const struct http_response *rs);

/* "HOST" or "HOST:PORT" of a URL, for messages and the Host header (a scheme's own port is left
 * out); "" when URL is not one. */
void http_authority(const char *url, char *out, size_t size);

#endif
