#include "xml.h"

#include <stdio.h>
#include <string.h>

static const char *find(const char *at, const char *end, const char *what)
{
    size_t len = strlen(what);
    for (; (size_t)(end - at) >= len; at++)
        if (memcmp(at, what, len) == 0)
            return at;
    return NULL;
}

/* One character of text, entities resolved; moves *AT behind it. */
static char one_character(const char **at, const char *end)
{
    static const struct {
        const char *entity;
        char means;
    } entities[] = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        size_t len = strlen(entities[i].entity);
        if ((size_t)(end - *at) >= len && memcmp(*at, entities[i].entity, len) == 0) {
            *at += len;
            return entities[i].means;
        }
    }
    return *(*at)++;
}

bool xml_text(const char *xml, size_t len, const char *name, char *out, size_t size)
{
    char tag[64];
    const char *end = xml + len;
    snprintf(tag, sizeof tag, "<%s>", name);
    const char *start = find(xml, end, tag);
    snprintf(tag, sizeof tag, "</%s>", name);
    const char *stop = start ? find(start, end, tag) : NULL;
    if (!stop)
        return false;
    size_t n = 0;
    for (const char *p = start + strlen(name) + 2; p < stop && n + 1 < size;)
        out[n++] = one_character(&p, stop);
    out[n] = '\0';
    return true;
}
