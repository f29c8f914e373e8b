#include "xml.h"

#include <expat.h>
#include <limits.h>
#include <string.h>

#include "base/wiped_alloc.h"

struct search {
    XML_Parser parser;
    const char *name;
    size_t skip; /* so many of that name */
    bool inside, found;
    struct buf *out;
};

static void on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct search *s = ctx;
    (void)attributes;
    s->inside = strcmp(name, s->name) == 0 && s->skip == 0;
    if (!s->inside && strcmp(name, s->name) == 0)
        s->skip--;
}

static void on_text(void *ctx, const XML_Char *text, int len)
{
    const struct search *s = ctx;
    if (s->inside)
        buf_bytes(s->out, text, (size_t)len);
}

static void on_end(void *ctx, const XML_Char *name)
{
    struct search *s = ctx;
    (void)name;
    if (!s->inside)
        return;
    s->found = !s->out->failed;
    XML_StopParser(s->parser, XML_FALSE);
}

/* The way to entities that grow without bound. */
static void on_doctype(void *ctx, const XML_Char *name, const XML_Char *system_id,
                       const XML_Char *public_id, int internal)
{
    const struct search *s = ctx;
    (void)name, (void)system_id, (void)public_id, (void)internal;
    XML_StopParser(s->parser, XML_FALSE);
}

bool xml_text(const char *xml, size_t len, const char *name, struct buf *out)
{
    return xml_text_at(xml, len, name, 0, out);
}

bool xml_text_at(const char *xml, size_t len, const char *name, size_t n, struct buf *out)
{
    static const XML_Memory_Handling_Suite wiped = {wiped_malloc, wiped_realloc, wiped_free};
    struct search s = {.name = name, .skip = n, .out = out};
    if (len > INT_MAX || !(s.parser = XML_ParserCreate_MM(NULL, &wiped, NULL)))
        return false;
    XML_SetUserData(s.parser, &s);
    XML_SetElementHandler(s.parser, on_start, on_end);
    XML_SetCharacterDataHandler(s.parser, on_text);
    XML_SetStartDoctypeDeclHandler(s.parser, on_doctype);
    (void)XML_Parse(s.parser, xml, (int)len, XML_TRUE);
    XML_ParserFree(s.parser);
    return s.found;
}
