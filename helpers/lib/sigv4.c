#include "sigv4.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define HASH_SIZE crypto_hash_sha256_BYTES
#define HEX_SIZE  (HASH_SIZE * 2 + 1)
#define ALGORITHM "AWS4-HMAC-SHA256"

typedef crypto_hash_sha256_state hash;
typedef struct sigv4_header header;

void sigv4_time(int64_t seconds, char out[SIGV4_TIME_SIZE])
{
    time_t t = (time_t)seconds;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || strftime(out, SIGV4_TIME_SIZE, "%Y%m%dT%H%M%SZ", &tm) == 0)
        memcpy(out, "19700101T000000Z", SIGV4_TIME_SIZE);
}

/* ---- the canonical request: hashed as it is put together, so that no copy of it exists ---- */

static void add(hash *h, const void *bytes, size_t len)
{
    crypto_hash_sha256_update(h, bytes, len);
}

static void add_text(hash *h, const char *text)
{
    add(h, text, strlen(text));
}

static bool unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~/", c));
}

/* Every service but S3 signs the path encoded once more than it is sent. */
static void add_path(hash *h, const char *path)
{
    for (const char *p = path; *p; p++) {
        char encoded[4];
        snprintf(encoded, sizeof encoded, "%%%02X", (unsigned)(unsigned char)*p);
        if (unreserved(*p))
            add(h, p, 1);
        else
            add(h, encoded, 3);
    }
}

/* The value without white space around it, and runs of blanks inside it as one. */
static void add_value(hash *h, const char *value)
{
    while (*value == ' ' || *value == '\t')
        value++;
    for (const char *p = value; *p;) {
        size_t word = strcspn(p, " \t"), blanks = strspn(p + word, " \t");
        add(h, p, word);
        p += word + blanks;
        if (blanks && *p)
            add(h, " ", 1);
    }
}

/* A handful: by insertion. */
static void sort_headers(const struct sigv4_request *rq, const header *sorted[])
{
    assert(rq->header_count <= SIGV4_HEADERS_MAX);
    for (size_t i = 0; i < rq->header_count; i++) {
        size_t at = i;
        for (; at > 0 && strcmp(sorted[at - 1]->name, rq->headers[i].name) > 0; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = &rq->headers[i];
    }
}

static bool signed_headers(const header *const sorted[], size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        buf_text(out, i ? ";" : "");
        buf_text(out, sorted[i]->name);
    }
    return !out->failed;
}

static void hex_of(const unsigned char digest[HASH_SIZE], char out[HEX_SIZE])
{
    sodium_bin2hex(out, HEX_SIZE, digest, HASH_SIZE);
}

static void hash_request(const struct sigv4_request *rq, const header *const sorted[],
                         const char *names, char out[HEX_SIZE])
{
    unsigned char digest[HASH_SIZE];
    hash h;
    crypto_hash_sha256_init(&h);
    add_text(&h, rq->method);
    add_text(&h, "\n");
    add_path(&h, rq->path);
    add_text(&h, "\n");
    add_text(&h, rq->query);
    add_text(&h, "\n");
    for (size_t i = 0; i < rq->header_count; i++) {
        add_text(&h, sorted[i]->name);
        add_text(&h, ":");
        add_value(&h, sorted[i]->value);
        add_text(&h, "\n");
    }
    add_text(&h, "\n");
    add_text(&h, names);
    add_text(&h, "\n");
    crypto_hash_sha256(digest, (const unsigned char *)rq->body, rq->body_len);
    hex_of(digest, out);
    add_text(&h, out);
    crypto_hash_sha256_final(&h, digest);
    hex_of(digest, out);
    sodium_memzero(&h, sizeof h); /* its last block may hold the end of a session token */
}

/* ---- the key, derived for one day, region and service ---- */

static void mac(unsigned char out[HASH_SIZE], const void *key, size_t key_len, const char *text,
                size_t len)
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, key_len);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, len);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
}

static bool derive_key(const struct sigv4_request *rq, unsigned char key[HASH_SIZE])
{
    size_t len;
    const char *secret = secret_reveal(rq->secret, &len);
    struct buf seed;
    buf_init(&seed, len + 4);
    bool ok = buf_text(&seed, "AWS4") && buf_bytes(&seed, secret, len);
    if (ok) {
        mac(key, seed.data, seed.len, rq->time, 8);
        mac(key, key, HASH_SIZE, rq->region, strlen(rq->region));
        mac(key, key, HASH_SIZE, rq->service, strlen(rq->service));
        mac(key, key, HASH_SIZE, "aws4_request", 12);
    }
    buf_free(&seed);
    return ok;
}

bool sigv4_authorization(const struct sigv4_request *rq, struct buf *out)
{
    const header *sorted[SIGV4_HEADERS_MAX];
    unsigned char key[HASH_SIZE], digest[HASH_SIZE];
    char hex[HEX_SIZE];
    struct buf names, text;
    buf_init(&names, 2048);
    buf_init(&text, 1024);

    sort_headers(rq, sorted);
    bool ok = signed_headers(sorted, rq->header_count, &names);
    if (ok) {
        hash_request(rq, sorted, buf_str(&names), hex);
        ok = buf_printf(&text, ALGORITHM "\n%s\n%.8s/%s/%s/aws4_request\n%s", rq->time, rq->time,
                        rq->region, rq->service, hex) &&
             derive_key(rq, key);
    }
    if (ok) {
        mac(digest, key, sizeof key, text.data, text.len);
        hex_of(digest, hex);
        ok = buf_printf(out,
                        ALGORITHM " Credential=%s/%.8s/%s/%s/aws4_request, "
                                  "SignedHeaders=%s, Signature=%s",
                        rq->key_id, rq->time, rq->region, rq->service, buf_str(&names), hex);
    }
    sodium_memzero(key, sizeof key);
    buf_free(&text);
    buf_free(&names);
    return ok;
}
