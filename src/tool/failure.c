#include "tool/failure.h"

#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"

static const char *const names[] = {
    [FAILURE_NONE] = "fine",
    [FAILURE_LAPSED] = "lapsed",
    [FAILURE_OVERRIDDEN] = "overridden",
    [FAILURE_FORBIDDEN] = "forbidden",
    [FAILURE_OTHER] = "other",
};
_Static_assert(sizeof names / sizeof *names == FAILURE_CLASS_COUNT, "a name for each class");

const char *failure_class_name(enum failure_class c)
{
    return names[c];
}

enum failure_class failure_class_by_name(const char *name, size_t len)
{
    unsigned c = 0;
    while (c < FAILURE_CLASS_COUNT && (strlen(names[c]) != len || memcmp(names[c], name, len) != 0))
        c++;
    return (enum failure_class)c;
}

uint32_t failure_letter(char c)
{
    int n = ascii_lower(c) - 'a';
    return UINT32_C(1) << (n >= 0 && n < 26 ? n : 31);
}

static bool contains(const char *text, size_t len, const char *words)
{
    size_t n = strlen(words);
    for (size_t i = 0; i + n <= len; i++)
        if (ascii_same(text + i, words, n))
            return true;
    return false;
}

/* "/api/login" and "/login-form" are no advice. */
static bool continues(char c)
{
    return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') ||
           ascii_is_one_of(c, "/-_");
}

/* WORDS at FROM or behind it, with nothing that would make others of them. */
static bool advises(const char *text, size_t from, size_t len, const char *words)
{
    size_t n = strlen(words);
    for (size_t i = from; i + n <= len; i++)
        if (ascii_same(text + i, words, n) && (i == 0 || !continues(text[i - 1])) &&
            (i + n == len || !continues(text[i + n])))
            return true;
    return false;
}

enum failure_class failure_by_status(const struct failure_table *t, int status, const char *text,
                                     size_t len)
{
    for (const struct failure_status *s = t->statuses; s->words; s++)
        if (s->status == status && contains(text, len, s->words))
            return s->meaning;
    return FAILURE_OTHER;
}

enum failure_class failure_by_kind(const struct failure_table *t, const char *name)
{
    for (const struct failure_kind *k = t->kinds; k->name; k++)
        if (strcmp(k->name, name) == 0)
            return k->meaning;
    return FAILURE_NONE;
}

bool failure_asks_for_login(const struct failure_table *t, const char *text, size_t len,
                            bool at_end)
{
    if (len > LIMIT_FAILURE_LINE || memchr(text, '\n', len))
        return false;
    while (at_end && len > 0 && ascii_is_one_of(text[len - 1], ".!`'\")"))
        len--;
    for (const char *const *a = t->advice; *a; a++) {
        size_t n = strlen(*a);
        if (advises(text, at_end && len > n ? len - n : 0, len, *a))
            return true;
    }
    return false;
}

bool failure_is_override(const struct failure_table *t, const char *source)
{
    for (const char *const *k = t->key_sources; *k; k++)
        if (strcmp(*k, source) == 0)
            return true;
    return false;
}
