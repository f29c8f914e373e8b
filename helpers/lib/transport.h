/* What HTTP (http.c) and mail (mail.c) have in common of libcurl: made ready with wiped memory, whom
 * TLS trusts, the time it may take, and why a server could not be spoken to. */
#ifndef CREDRELAY_HELPERS_TRANSPORT_H
#define CREDRELAY_HELPERS_TRANSPORT_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* What a person can look at or change, a sentence for each case. */
struct transport_hints {
    const char *connection; /* nobody listens there */
    const char *silence;    /* no answer in time */
    const char *other_name; /* the certificate is for another name */
    const char *untrusted;  /* the certificate's authority is not known */
    const char *ca_file;    /* the file of certificates cannot be read */
};

struct transport {
    CURL *easy;
    char *ca_file;
    const char *ca_folder; /* NULL: libcurl's default */
    const struct transport_hints *hints;
    char detail[CURL_ERROR_SIZE];
};

/* CA_FILE: a PEM file to trust instead of the system's certificates; NULL or "" for those.  Where a
 * hashed folder of them exists it is used rather than the bundle, which OpenSSL 3 takes 35 ms to
 * parse.  False: out of memory. */
bool transport_open(struct transport *t, const char *ca_file, const struct transport_hints *hints);
void transport_close(struct transport *t);

/* Has memory run out since this was last asked?  libcurl says so also of a line that it finds too
 * long. */
bool transport_ran_out(void);

/* Which certificates are trusted, for messages: a path, or words. */
const char *transport_trust(const struct transport *t);

/* Forget the last request and begin one that speaks PROTOCOLS ("http,https") and takes LEFT ms at
 * most. */
void transport_begin(struct transport *t, const char *protocols, int64_t left);

enum transport_failure {
    TRANSPORT_OTHER, /* none of these: *e is untouched */
    TRANSPORT_NO_ADDRESS,
    TRANSPORT_NO_CONNECTION,
    TRANSPORT_TIMED_OUT,
    TRANSPORT_UNTRUSTED,
    TRANSPORT_NO_CA_FILE
};

/* What RC means of a request to HOST, of which something was SENT or nothing. */
enum transport_failure transport_explain(const struct transport *t, CURLcode rc, const char *host,
                                         bool sent, struct err *e);

#endif
