#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/ascii.h"

static int64_t read_ms(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

int64_t clock_steady_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

void clock_sleep_ms(int64_t ms)
{
    struct timespec t = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&t, &t) == -1 && errno == EINTR)
        ;
}

void clock_rfc3339(int64_t wall_ms, char *out, size_t size)
{
    int64_t ms = (wall_ms % 1000 + 1000) % 1000; /* also before 1970 */
    time_t seconds = (time_t)(wall_ms / 1000 - (wall_ms % 1000 < 0));
    struct tm tm;
    if (!gmtime_r(&seconds, &tm) || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900) {
        snprintf(out, size, "?");
        return;
    }
    snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1,
             tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)ms);
}

void clock_local(int64_t wall_ms, char *out, size_t size)
{
    struct tm tm;
    time_t seconds = (time_t)(wall_ms / 1000);
    if (!wall_ms || !localtime_r(&seconds, &tm) || !strftime(out, size, "%Y-%m-%d %H:%M:%S", &tm))
        snprintf(out, size, "?");
}

/* WIDTH digits at *P, which moves past them and the byte AFTER (NUL: none). */
static bool field(const char **p, int width, char after, int min, int max, int *ret)
{
    int n = 0;
    for (int i = 0; i < width; i++, ++*p) {
        if (!ascii_is_digit(**p))
            return false;
        n = n * 10 + (**p - '0');
    }
    *ret = n;
    return n >= min && n <= max && (!after || *(*p)++ == after);
}

static int64_t fraction_ms(const char **p)
{
    int64_t ms = 0, unit = 100;
    if (**p == '.')
        for (++*p; ascii_is_digit(**p); ++*p, unit /= 10)
            ms += unit * (**p - '0');
    return ms;
}

/* "Z", "+01:00" */
static bool offset(const char *p, int64_t *ret_ms)
{
    int sign = *p == '-' ? -1 : 1, hours, minutes;
    *ret_ms = 0;
    if (*p == 'Z' || *p == 'z')
        return p[1] == '\0';
    if (*p != '+' && *p != '-')
        return false;
    p++;
    if (!field(&p, 2, ':', 0, 23, &hours) || !field(&p, 2, '\0', 0, 59, &minutes))
        return false;
    *ret_ms = sign * (hours * 60 + minutes) * INT64_C(60000);
    return *p == '\0';
}

/* Days since 1970 in the proleptic Gregorian calendar; the year begins in March, so that the leap
 * day is its last (H. Hinnant, chrono-compatible low-level date algorithms, days_from_civil). */
static int64_t days(int year, int month, int day)
{
    year -= month <= 2;
    int64_t era = year / 400, of_era = year % 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

bool clock_parse_rfc3339(const char *text, int64_t *ret_ms)
{
    int year, month, day, hour, minute, second;
    int64_t away;
    const char *p = text;
    if (!field(&p, 4, '-', 1, 9999, &year) || !field(&p, 2, '-', 1, 12, &month) ||
        !field(&p, 2, '\0', 1, 31, &day) || !ascii_is_one_of(*p, "Tt "))
        return false;
    p++;
    if (!field(&p, 2, ':', 0, 23, &hour) || !field(&p, 2, ':', 0, 59, &minute) ||
        !field(&p, 2, '\0', 0, 60, &second))
        return false;
    int64_t ms = fraction_ms(&p);
    if (!offset(p, &away))
        return false;
    int64_t minutes = (days(year, month, day) * 24 + hour) * 60 + minute;
    *ret_ms = (minutes * 60 + second) * 1000 + ms - away;
    return true;
}

void clock_duration(int64_t ms, char *out, size_t size)
{
    long long s = ms < 0 ? 0 : ms / 1000;
    if (s >= 86400)
        snprintf(out, size, "%lld d %lld h", s / 86400, s % 86400 / 3600);
    else if (s >= 3600)
        snprintf(out, size, "%lld h %lld min", s / 3600, s % 3600 / 60);
    else if (s >= 60)
        snprintf(out, size, "%lld min %lld s", s / 60, s % 60);
    else if (s > 0 || ms <= 0)
        snprintf(out, size, "%lld s", s);
    else
        snprintf(out, size, "%lld ms", (long long)ms);
}
