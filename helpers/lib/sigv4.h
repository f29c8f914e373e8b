/* AWS Signature Version 4 for one request, on libsodium.  Pure: no clock, no environment, no I/O;
 * every derived key is wiped.
 *
 * Formula: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * Checked against AWS's own vectors (tests/unit/test_sigv4.c) and botocore (tests/contract/test_sigv4.py).
 *
 * Own code because libcurl's signer keeps a copy of the secret key in freed memory, sends a
 * corrected date twice before 8.3 and is wrong in 7.81 (Ubuntu 22.04). */
#ifndef CREDRELAY_HELPERS_SIGV4_H
#define CREDRELAY_HELPERS_SIGV4_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/secret.h"

/* "20150830T123600Z" and its NUL. */
#define SIGV4_TIME_SIZE 17

/* Header names signed in one request: six are ours. */
#define SIGV4_HEADERS_MAX 32

struct sigv4_header {
    const char *name; /* lower case */
    const char *value;
};

struct sigv4_request {
    const char *method;                 /* "POST" */
    const char *path;                   /* as sent, percent-encoded; "/" at least */
    const char *query;                  /* as sent, its parts sorted and encoded; "" for none */
    const struct sigv4_header *headers; /* all to be signed, "host" and "x-amz-date" among them */
    size_t header_count;                /* at most SIGV4_HEADERS_MAX */
    const char *body;
    size_t body_len;
    const char *region, *service;
    const char *time; /* the value of x-amz-date, from sigv4_time */
    const char *key_id;
    const struct secret *secret;
};

/* The X-Amz-Date of a moment, in seconds since 1970. */
void sigv4_time(int64_t seconds, char out[SIGV4_TIME_SIZE]);

/* Append the value of the Authorization header to OUT.  False: OUT is full. */
bool sigv4_authorization(const struct sigv4_request *rq, struct buf *out);

#endif
