/* The section about the login's file: the parts that are relayed, and the members in them. */
#include <stdio.h>
#include <string.h>

#include "tool/reading.h"

bool take_parts(struct reading *rd, void *field)
{
    const char **parts = field, *p = rd->value, *item;
    size_t len;
    unsigned n = 0;
    while (reading_next_item(&p, LIST, &item, &len)) {
        if (!reading_is_name(item, len, "_-"))
            return reading_bad(rd, "names of members of the file");
        if (n == TOOL_PARTS)
            return reading_too_many(rd, TOOL_PARTS, "members");
        if (!(parts[n++] = reading_keep_bytes(rd, item, len)))
            return false;
    }
    return n > 0 || reading_bad(rd, "names of members of the file");
}

static bool find_part(const struct reading *rd, const char *name, size_t len, unsigned *ret)
{
    for (unsigned i = 0; rd->d->tool.parts[i]; i++)
        if (strlen(rd->d->tool.parts[i]) == len && memcmp(rd->d->tool.parts[i], name, len) == 0) {
            *ret = i;
            return true;
        }
    return false;
}

/* PATH, "part.name.name". */
static bool keep_member(struct reading *rd, const char *path, size_t len, struct tool_member *ret)
{
    static const char takes[] = "a member of one of the parts named above it, PART.NAME";
    struct tool_member m = {.path = reading_keep_bytes(rd, path, len)};
    unsigned depth = 0;
    if (!m.path)
        return false;
    size_t n = strcspn(m.path, ".");
    if (!find_part(rd, m.path, n, &m.part))
        return reading_bad(rd, takes);
    for (const char *name = m.path + n; *name; name += n) {
        n = strcspn(++name, ".");
        if (!reading_is_name(name, n, "_-") || depth == TOOL_MEMBER_DEPTH)
            return reading_bad(rd, takes);
        if (!(m.names[depth++] = reading_keep_bytes(rd, name, n)))
            return false;
    }
    *ret = m;
    return true;
}

bool take_member(struct reading *rd, void *field)
{
    return keep_member(rd, rd->value, strlen(rd->value), field);
}

/* "claudeAiOauth.expiresAt, ms" */
bool take_time(struct reading *rd, void *field)
{
    static const char *const clocks[CLOCK_COUNT] = {
        [CLOCK_MS] = "ms", [CLOCK_S] = "s", [CLOCK_RFC3339] = "rfc3339", [CLOCK_JWT] = "jwt"};
    struct tool_time *t = field;
    const char *p = rd->value, *path, *clock;
    size_t len, clock_len;
    unsigned which;
    if (!reading_next_item(&p, ",", &path, &len) ||
        !reading_next_item(&p, ",", &clock, &clock_len) || *p ||
        !reading_word(clocks, CLOCK_COUNT, clock, clock_len, &which))
        return reading_bad(rd, "MEMBER, ms|s|rfc3339|jwt");
    t->clock = (enum tool_clock)which;
    return keep_member(rd, path, len, &t->member);
}

bool take_bare(struct reading *rd, void *field)
{
    static const char *const forms[] = {[BARE_REMOVE] = "remove", [BARE_BLANK] = "blank"};
    unsigned which;
    if (!reading_word(forms, 2, rd->value, strlen(rd->value), &which))
        return reading_bad(rd, "remove|blank");
    *(enum tool_bare *)field = (enum tool_bare)which;
    return true;
}

static bool keep_required(struct reading *rd, const char *item, size_t len)
{
    struct tool *t = &rd->d->tool;
    struct tool_required r = {.array = len > 2 && memcmp(item + len - 2, "[]", 2) == 0};
    char flaw[80];
    if (t->required_count == TOOL_REQUIRED)
        return reading_too_many(rd, TOOL_REQUIRED, "members");
    if (r.array)
        len -= 2;
    if (!keep_member(rd, item, len, &r.member))
        return false;
    const char *end = item + len, *last = end;
    while (last > item && last[-1] != '.')
        last--;
    int shown = end - last < 60 ? (int)(end - last) : 60;
    snprintf(flaw, sizeof flaw, "it has no %.*s", shown, last);
    if (!(r.flaw = reading_keep(rd, flaw)))
        return false;
    t->required[t->required_count++] = r;
    return true;
}

bool take_required(struct reading *rd, void *field)
{
    const char *p = rd->value, *item;
    size_t len;
    (void)field;
    while (reading_next_item(&p, LIST, &item, &len))
        if (!keep_required(rd, item, len))
            return false;
    return true;
}
