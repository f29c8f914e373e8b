/* A scanner for JSON that arrives in pieces of any size: objects one after another (one a line,
 * as streams print them, or spread over lines), or the elements of one top-level array.  It
 * reports the few members asked for and steps over everything else without keeping it, so that
 * an object may have any size.
 *
 *   static const char *const wanted[] = {"type", "message.model", "errors[]", NULL};
 *   json_events_init(&s, wanted, &sink, ctx);
 *   json_events_feed(&s, bytes, len);        again and again; the chunking makes no difference
 *
 * What is no JSON is skipped to the end of its line, and an object broken off there is never
 * reported as ended.  The grammar is checked as far as finding the members needs. */
#ifndef CREDRELAY_RUN_JSON_EVENTS_H
#define CREDRELAY_RUN_JSON_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

enum json_kind { JSON_STRING, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL };

/* A member asked for. */
struct json_member {
    int which; /* its index in `wanted` */
    enum json_kind kind;
    const char
        *text; /* a string's value in UTF-8, or the literal; NUL-terminated, valid until return */
    size_t len;
    bool cut; /* the string was longer than LIMIT_FAILURE_TEXT */
};

struct json_sink {
    void (*begin)(void *ctx);
    /* False: nothing more of this object is of interest, neither members nor its end. */
    bool (*member)(void *ctx, const struct json_member *m);
    void (*end)(void *ctx);
};

/* Private: set up by json_events_init, nothing to free. */
struct json_events {
    const char *const *wanted;
    const struct json_sink *sink;
    void *ctx;
    int state;
    unsigned depth;              /* open objects and arrays */
    unsigned base;               /* 1 inside a top-level array */
    uint64_t is_object;          /* bit N: what was opened at depth N is an object */
    bool quiet;                  /* the sink has seen enough of this object */
    bool name;                   /* the string being read is a member's name */
    bool keep;                   /* its bytes are needed */
    int which;                   /* the wanted member being read, or -1 */
    int parent;                  /* length of the path at level 1, or -1: too long */
    unsigned unit, high, digits; /* of a \u escape: value, first surrogate, digits to come */
    char path[LIMIT_JSON_PATH];
    size_t len; /* of `text`, and whether there was more */
    bool cut;
    char text[LIMIT_FAILURE_TEXT];
};

/* WANTED: paths of members of the object ("type"), of an object in it ("message.model"), or of
 * scalars in an array in it ("errors[]"); ends with NULL, and must outlive the scanner, as must SINK. */
void json_events_init(struct json_events *s, const char *const *wanted,
                      const struct json_sink *sink, void *ctx);

void json_events_feed(struct json_events *s, const char *bytes, size_t len);

#endif
