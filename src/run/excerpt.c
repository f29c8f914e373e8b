#include "run/excerpt.h"

#include <stdbool.h>
#include <string.h>

#include "base/ascii.h"
#include "base/utf8.h"

void excerpt(const char *text, size_t len, char *ret, size_t size)
{
    const char *p = text, *end = p + len;
    size_t at = 0, fits = 0; /* FITS: where "..." can still follow */
    bool space = false;
    while (p < end) {
        size_t n = utf8_character_of(p, (size_t)(end - p));
        bool blank = ascii_is_space(*p);
        const char *put = n ? p : "?";
        p += n ? n : 1;
        if (blank || (n && utf8_is_control(p - n))) {
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
