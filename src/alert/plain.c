#include "alert/plain.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

/* How Anthropic's tokens begin. */
#define TOKEN_MARK  "sk-ant-"
#define TOKEN_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

/* C1 controls (U+0080 to 9F), line and paragraph separators (U+2028, 2029), and what turns the
 * direction of writing (U+202A to 202E, 2066 to 2069), by their bytes. */
static bool breaks_or_turns(const unsigned char *p)
{
    if (p[0] == 0xc2)
        return p[1] < 0xa0;
    if (p[0] != 0xe2)
        return false;
    return (p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae) ||
           (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
}

/* The length of a character at P that a line can hold; 0: there is none. */
static size_t fit_character(const char *p)
{
    size_t len = utf8_character(p);
    bool control = (unsigned char)*p < ' ' || *p == 0x7f;
    return len && !control && !breaks_or_turns((const unsigned char *)p) ? len : 0;
}

/* How many bytes to go on by where no character fits. */
static size_t unfit(const char *p)
{
    size_t len = utf8_character(p);
    return len ? len : 1;
}

/* How much of a token at P is not to be shown, behind its mark. */
static size_t token_rest(const char *p)
{
    const size_t mark = sizeof TOKEN_MARK - 1;
    return strncmp(p, TOKEN_MARK, mark) == 0 ? strspn(p + mark, TOKEN_CHARS) : 0;
}

void plain_text(const char *in, char *out, size_t size)
{
    size_t at = 0;
    while (*in) {
        size_t secret = token_rest(in);
        size_t len = secret ? sizeof TOKEN_MARK - 1 : fit_character(in);
        if (at + (len ? len : 1) >= size)
            break;
        if (len)
            memcpy(out + at, in, len);
        else
            out[at] = '?';
        at += len ? len : 1;
        in += len ? len + secret : unfit(in);
    }
    out[at] = '\0';
}
