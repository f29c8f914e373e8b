#include "tool/reading.h"

#include <string.h>

#include "base/ascii.h"

bool reading_bad(const struct reading *rd, const char *takes)
{
    err_set(rd->e, ERR_INVALID, "%s:%u: [%.40s] %.40s = %.80s is not valid", rd->where, rd->line,
            rd->section, rd->key, rd->value);
    return err_hint(rd->e, "%s takes %s", rd->key, takes);
}

bool reading_too_many(const struct reading *rd, unsigned most, const char *what)
{
    return err_set(rd->e, ERR_TOO_LARGE, "%s:%u: [%.40s] %.40s: more than %u %s", rd->where,
                   rd->line, rd->section, rd->key, most, what);
}

const char *reading_keep_bytes(struct reading *rd, const char *bytes, size_t len)
{
    struct description *d = rd->d;
    if (len >= sizeof d->text - d->used) {
        err_set(rd->e, ERR_TOO_LARGE, "%s:%u: the description has more than %u bytes of text",
                rd->where, rd->line, LIMIT_TOOL_TEXT);
        return NULL;
    }
    char *kept = d->text + d->used;
    memcpy(kept, bytes, len);
    kept[len] = '\0';
    d->used += len + 1;
    return kept;
}

const char *reading_keep(struct reading *rd, const char *text)
{
    return reading_keep_bytes(rd, text, strlen(text));
}

bool reading_next_item(const char **p, const char *ends, const char **item, size_t *len)
{
    const char *start = *p;
    while (ascii_is_space(*start) || *start == ',')
        start++;
    if (!*start)
        return false;
    size_t n = strcspn(start, ends);
    *p = start + n;
    while (ascii_is_space(start[n - 1]))
        n--;
    *item = start;
    *len = n;
    return true;
}

bool reading_is_name(const char *text, size_t len, const char *more)
{
    for (size_t i = 0; i < len; i++)
        if (!ascii_is_digit(text[i]) &&
            !(ascii_lower(text[i]) >= 'a' && ascii_lower(text[i]) <= 'z') &&
            !ascii_is_one_of(text[i], more))
            return false;
    return len > 0;
}

bool reading_word(const char *const *words, size_t count, const char *text, size_t len,
                  unsigned *ret)
{
    for (unsigned i = 0; i < count; i++)
        if (words[i] && strlen(words[i]) == len && memcmp(words[i], text, len) == 0) {
            *ret = i;
            return true;
        }
    return false;
}
