/* A JSON document posted over HTTP, and what the answer means for who wants to be rid of it. */
#ifndef CREDRELAY_HELPERS_POST_H
#define CREDRELAY_HELPERS_POST_H

#include "base/json.h"

struct post {
    const char *url;    /* http:// or https:// */
    bool url_is_public; /* else a piece of it may be what lets us post there */
    const char *bearer; /* a token that it is sent with; NULL none */
    const char *id;     /* the same when it is posted again; NULL none */
    const char *ca_file;
    int64_t deadline; /* steady clock */
    const char *fix;  /* what mends a refusal: "check resend-key-file" */
};

/* DOCUMENT is lent.  True: it was taken (2xx).  ERR_BAD_CREDENTIALS (401), ERR_DENIED (403),
 * ERR_NOT_FOUND (404, 410), ERR_THROTTLED (429) and ERR_UNREACHABLE (408, 5xx), both with
 * retry_after_ms when the server says; ERR_INVALID for what is refused for good.  Errors name the
 * host and never the URL, which may be a secret. */
bool post_json(const struct post *p, const jv *document, struct err *e) MUST_CHECK;

#endif
