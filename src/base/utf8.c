#include "base/utf8.h"

#include <string.h>

size_t utf8_character(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (len > 1 && ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
                    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f) || p[0] > 0xf4))
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

/* C1 controls (U+0080 to 9F), line and paragraph separators (U+2028, 2029), and what turns the
 * direction of writing (U+202A to 202E, 2066 to 2069), by their bytes. */
static bool controls_or_turns(const unsigned char *p)
{
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
    return len && !controls_or_turns((const unsigned char *)p) ? len : 0;
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

bool utf8_is_line(const char *text)
{
    for (size_t len; *text; text += len) {
        len = utf8_character(text);
        if (len == 0 || (unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    }
    return true;
}
