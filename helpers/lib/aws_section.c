#include "aws_section.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"

/* One word as a POSIX shell reads it: '...', "...", \c.  Moves *AT behind it.  False: a quote is
 * not closed, or it does not fit. */
static bool take_word(const char **at, char *out, size_t size)
{
    size_t n = 0;
    char quote = '\0';
    for (; **at && (quote || !ascii_is_space(**at)); ++*at) {
        char c = **at, next = (*at)[1];
        if (quote ? c == quote : c == '"' || c == '\'') {
            if (quote)
                quote = '\0';
            else
                quote = c;
            continue;
        }
        bool escaped = c == '\\' && (!quote || (quote == '"' && ascii_is_one_of(next, "\"\\")));
        if (escaped && !next)
            return false;
        if (escaped)
            c = *++*at;
        if (n + 1 >= size)
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return !quote;
}

/* As many as there are; the first two are kept.  -1: not words. */
static int split(const char *text, char words[2][AWS_SECTION_NAME_SIZE])
{
    char rest[AWS_SECTION_NAME_SIZE];
    for (int count = 0;; count++) {
        while (ascii_is_space(*text))
            text++;
        if (!*text)
            return count;
        if (!take_word(&text, count < 2 ? words[count] : rest, AWS_SECTION_NAME_SIZE))
            return -1;
    }
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

enum aws_section aws_section_read(const char *header, bool credentials,
                                  char name[AWS_SECTION_NAME_SIZE])
{
    char words[2][AWS_SECTION_NAME_SIZE];
    enum aws_section kind = starts(header, "profile")    ? SECTION_PROFILE
                            : starts(header, "services") ? SECTION_SERVICES
                                                         : SECTION_OTHER;
    if (strcmp(header, "DEFAULT") == 0)
        return SECTION_DEFAULTS;
    if (credentials || strcmp(header, "default") == 0) {
        int n = snprintf(name, AWS_SECTION_NAME_SIZE, "%s", header);
        return n < AWS_SECTION_NAME_SIZE ? SECTION_PROFILE : SECTION_OTHER;
    }
    if (kind == SECTION_OTHER || split(header, words) != 2)
        return SECTION_OTHER;
    memcpy(name, words[1], AWS_SECTION_NAME_SIZE);
    return kind;
}
