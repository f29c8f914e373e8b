#include "base/shell_word.h"

#include <stdio.h>
#include <string.h>

static bool needs_quotes(const char *text)
{
    return !*text || text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789/._:@%+,-")];
}

const char *shell_quoted(const char *text, char *out, size_t size)
{
    size_t at = (size_t)snprintf(out, size, "'");
    for (; *text && at < size; text++)
        at += (size_t)snprintf(out + at, size - at, *text == '\'' ? "'\\''" : "%c", *text);
    if (at < size)
        snprintf(out + at, size - at, "'");
    return out;
}

const char *shell_word(const char *text, char *out, size_t size)
{
    if (needs_quotes(text))
        return shell_quoted(text, out, size);
    snprintf(out, size, "%s", text);
    return out;
}
