#include "base/utf8.h"

#include <string.h>

enum { LONGEST = 4 };

size_t utf8_character_of(const char *text, size_t have)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : LONGEST;
    if (len > have)
        return 0;
    if (len > 1 && ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
                    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f) || p[0] > 0xf4))
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

size_t utf8_character(const char *text)
{
    return utf8_character_of(text, LONGEST); /* the NUL is no part of one, and ends the look */
}

bool utf8_is_control(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    if (p[0] < ' ' || p[0] == 0x7f)
        return true;
    if (p[0] == 0xc2)
        return p[1] < 0xa0;
    if (p[0] != 0xe2)
        return false;
    return (p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae) ||
           (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
}

size_t utf8_printable(const char *p)
{
    size_t len = utf8_character(p);
    return len && !utf8_is_control(p) ? len : 0;
}

void utf8_make_printable(char *text)
{
    char *to = text;
    while (*text) {
        size_t len = utf8_printable(text), whole = utf8_character(text);
        if (len)
            memmove(to, text, len);
        else
            *to = '?';
        to += len ? len : 1;
        text += whole ? whole : 1;
    }
    *to = '\0';
}

bool utf8_is_text(const char *text)
{
    for (size_t len; *text; text += len)
        if ((len = utf8_character(text)) == 0)
            return false;
    return true;
}

bool utf8_is_line(const char *text)
{
    for (size_t len; *text; text += len) {
        len = utf8_character(text);
        if (len == 0 || (unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    }
    return true;
}
