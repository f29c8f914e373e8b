#include "run/excerpt.h"

#include <stdbool.h>
#include <string.h>

#include "base/ascii.h"

/* Length of the character at P by its first byte, 0 if what is there is no UTF-8 (RFC 3629). */
static size_t character(const unsigned char *p, size_t have)
{
    static const unsigned char lowest[] = {0, 0, 0x80, 0xa0, 0x90};
    size_t n = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;
    if (n == 0 || n > have)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    bool long_form = (*p == 0xe0 || *p == 0xf0) && p[1] < lowest[n];
    bool surrogate = *p == 0xed && p[1] >= 0xa0;
    bool beyond = *p == 0xf4 && p[1] >= 0x90;
    return long_form || surrogate || beyond ? 0 : n;
}

/* C0 and C1 controls, DEL, and the marks that turn the direction of a line. */
static bool is_control(const unsigned char *p, size_t n)
{
    if (n == 1)
        return *p < ' ' || *p == 0x7f;
    if (n == 2)
        return *p == 0xc2 && p[1] < 0xa0;
    bool embedding = p[0] == 0xe2 && p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae;
    bool isolate = p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9;
    return n == 3 && (embedding || isolate);
}

void excerpt(const char *text, size_t len, char *ret, size_t size)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + len;
    size_t at = 0, fits = 0; /* FITS: where "..." can still follow */
    bool space = false;
    while (p < end) {
        size_t n = character(p, (size_t)(end - p));
        bool blank = ascii_is_space((char)*p);
        const void *put = n ? (const void *)p : "?";
        p += n ? n : 1;
        if (blank || (n && is_control(p - n, n))) {
            space |= blank;
            continue;
        }
        size_t need = (n ? n : 1) + (space && at > 0);
        if (at + need >= size) {
            memcpy(ret + fits, "...", 3);
            at = fits + 3;
            break;
        }
        if (space && at > 0)
            ret[at++] = ' ';
        space = false;
        memcpy(ret + at, put, n ? n : 1);
        at += n ? n : 1;
        if (at + 3 < size)
            fits = at;
    }
    ret[at] = '\0';
}
