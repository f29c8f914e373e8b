/* For tests/contract/test_sigv4.py: sign each request given as a line of JSON, print its
 * Authorization.  The body comes as hex digits, since JSON has no bytes. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "sigv4.h"

#define LIMIT_LINE (4u << 20)

static size_t read_headers(const jv *list, struct sigv4_header out[SIGV4_HEADERS_MAX])
{
    size_t count = jv_size(list);
    for (size_t i = 0; i < count && i < SIGV4_HEADERS_MAX; i++)
        out[i] = (struct sigv4_header){jv_string(jv_at(jv_at(list, i), 0)),
                                       jv_string(jv_at(jv_at(list, i), 1))};
    return count;
}

static bool sign_line(const char *line, size_t len, char *body, struct buf *out)
{
    struct err e;
    jv *v = jv_parse(line, len, &e);
    const char *hex = jv_text(v, "body"), *text = jv_text(v, "secret");
    struct sigv4_header headers[SIGV4_HEADERS_MAX];
    if (!hex || !text)
        return false;
    struct secret *secret = secret_copy(text, strlen(text));
    struct sigv4_request rq = {
        .method = jv_text(v, "method"),
        .path = jv_text(v, "path"),
        .query = jv_text(v, "query"),
        .headers = headers,
        .header_count = read_headers(jv_get(v, "headers"), headers),
        .body = body,
        .region = jv_text(v, "region"),
        .service = jv_text(v, "service"),
        .time = jv_text(v, "time"),
        .key_id = jv_text(v, "key_id"),
        .secret = secret,
    };
    sodium_hex2bin((unsigned char *)body, LIMIT_LINE, hex, strlen(hex), NULL, &rq.body_len, NULL);
    bool ok = sigv4_authorization(&rq, out);
    secret_free(secret);
    jv_free(v);
    return ok;
}

int main(void)
{
    static char line[LIMIT_LINE], body[LIMIT_LINE];
    jv_init();
    bool ok = secret_init();
    while (ok && fgets(line, sizeof line, stdin)) {
        struct buf out;
        buf_init(&out, 8192);
        ok = sign_line(line, strlen(line), body, &out) && puts(buf_str(&out)) >= 0;
        buf_free(&out);
    }
    return ok ? 0 : 1;
}
