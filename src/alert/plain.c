#include "alert/plain.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

/* How Anthropic's tokens begin. */
#define TOKEN_MARK  "sk-ant-"
#define TOKEN_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

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
        size_t len = secret ? sizeof TOKEN_MARK - 1 : utf8_printable(in);
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
