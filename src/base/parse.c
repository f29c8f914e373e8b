#include "base/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* strtoll(3) takes white space and a plus sign as well. */
static bool begins_number(const char *text)
{
    return (text[0] >= '0' && text[0] <= '9') || text[0] == '-';
}

bool parse_int64(const char *text, int64_t min, int64_t max, int64_t *ret)
{
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (!begins_number(text) || end == text || *end || errno || n < min || n > max)
        return false;
    *ret = n;
    return true;
}

bool parse_bool(const char *text, bool *ret)
{
    static const char *const words[][2] = {
        {"no", "yes"}, {"false", "true"}, {"off", "on"}, {"0", "1"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        for (int truth = 0; truth < 2; truth++)
            if (strcasecmp(text, words[i][truth]) == 0) {
                *ret = truth;
                return true;
            }
    return false;
}

bool parse_duration(const char *text, int64_t *ret_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"", 1000},     {"ms", 1},      {"s", 1000},
                 {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (!begins_number(text) || end == text || errno || n < 0 || n > 1000000000)
        return false;
    while (*end == ' ')
        end++;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(end, units[i].unit) == 0) {
            *ret_ms = n * units[i].ms;
            return true;
        }
    return false;
}
