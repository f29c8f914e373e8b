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

struct unit {
    const char *name;
    int64_t is;
};

/* A number up to a thousand million and one of the UNITS, which end with a NULL name. */
static bool parse_measure(const char *text, const struct unit *units, int64_t *ret)
{
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (!begins_number(text) || errno || n < 0 || n > 1000000000)
        return false;
    while (*end == ' ')
        end++;
    for (; units->name; units++)
        if (strcmp(end, units->name) == 0) {
            *ret = n * units->is;
            return true;
        }
    return false;
}

bool parse_duration(const char *text, int64_t *ret_ms)
{
    static const struct unit units[] = {{"", 1000},     {"ms", 1},      {"s", 1000},
                                        {"min", 60000}, {"h", 3600000}, {"d", 86400000},
                                        {NULL, 0}};
    return parse_measure(text, units, ret_ms);
}

bool parse_size(const char *text, int64_t *ret)
{
    static const struct unit units[] = {{"", 1}, {"k", 1024}, {"M", 1024 * 1024}, {NULL, 0}};
    return parse_measure(text, units, ret);
}
