#include "journal/since.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/parse.h"

/* mktime(3) takes the 31st of February for the 3rd of March. */
static bool is_same_day(const struct tm *asked, const struct tm *made)
{
    return asked->tm_mday == made->tm_mday && asked->tm_mon == made->tm_mon &&
           asked->tm_year == made->tm_year;
}

static bool parse_local(const char *text, int64_t *ret)
{
    static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M",
                                        "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct tm asked = {.tm_isdst = -1}, made;
        const char *end = ascii_is_digit(*text) ? strptime(text, forms[i], &asked) : NULL;
        if (!end || *end)
            continue;
        made = asked;
        made.tm_isdst = -1; /* the zone says */
        time_t t = mktime(&made);
        if (t == (time_t)-1 || !is_same_day(&asked, &made))
            return false;
        *ret = (int64_t)t * 1000;
        return true;
    }
    return false;
}

bool since_parse(const char *text, int64_t now, int64_t *ret)
{
    int64_t ago;
    /* A year alone is no number of seconds. */
    bool has_unit = text[strspn(text, "0123456789")] != '\0';
    if (has_unit && parse_duration(text, &ago)) {
        *ret = now - ago;
        return true;
    }
    return clock_parse_rfc3339(text, ret) || parse_local(text, ret);
}
