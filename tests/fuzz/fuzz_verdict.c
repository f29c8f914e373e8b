/* The verdict on any bytes in any pieces is the verdict on the whole, a release is never taken
 * back, and what is quoted is one short line of UTF-8.  Built and run by tests/fuzz/run.
 *
 * Input: a byte for the format, the exit status and the override, one that chooses the pieces,
 * then the output. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "run/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Shorter inputs are fed byte by byte. */
#define BYTEWISE 200

struct seen {
    struct verdict_result result;
    bool fine, retrying;
};

static void must(bool truth)
{
    if (!truth)
        abort();
}

/* PIECES 0: the whole at once; 1: byte by byte; else pieces of 1 to PIECES bytes. */
static struct seen feed(const uint8_t *out, size_t len, uint8_t mode, uint32_t pieces)
{
    struct seen s = {0};
    uint32_t random = pieces * 2654435761u + 1;
    struct verdict *v = verdict_new(&tool_claude, (enum run_format)(mode % 3));
    must(v != NULL);
    for (size_t at = 0; at < len;) {
        random = random * 1664525u + 1013904223u;
        size_t n = pieces == 0 ? len : 1 + (random >> 16) % pieces;
        n = n < len - at ? n : len - at;
        bool fine = verdict_feed(v, out + at, n) == VERDICT_FINE;
        must(fine || !s.fine);
        s.fine = fine;
        at += n;
    }
    s.retrying = verdict_retrying(v);
    verdict_end(v, mode & 4 ? 0 : 1, mode & 8, &s.result);
    verdict_free(v);
    return s;
}

static void check(const struct verdict_result *r, uint8_t mode)
{
    bool fine = mode & 4;
    must((r->meaning == FAILURE_NONE) == fine);
    must(!(mode & 8) || r->meaning != FAILURE_LAPSED);
    must(strlen(r->message) < sizeof r->message && strlen(r->session) < sizeof r->session);
    for (const char *p = r->message; *p; p++)
        must((unsigned char)*p >= ' ' && *p != 0x7f);
}

static void must_agree(const struct seen *a, const struct seen *b)
{
    must(a->fine == b->fine && a->retrying == b->retrying);
    must(a->result.meaning == b->result.meaning && a->result.worked == b->result.worked);
    must(strcmp(a->result.session, b->result.session) == 0);
    must(strcmp(a->result.message, b->result.message) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const uint8_t *out = data + 2;
    struct seen whole = feed(out, size - 2, data[0], 0);
    struct seen pieces = feed(out, size - 2, data[0], size < BYTEWISE ? 1 : 2u + data[1]);
    check(&whole.result, data[0]);
    must_agree(&whole, &pieces);
    return 0;
}
