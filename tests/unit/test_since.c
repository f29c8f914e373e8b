/* Moments as people write them, in a zone of its own with summer time. */
#include "unit.h"

#include <stdlib.h>
#include <time.h>

#include "journal/since.h"

#define NOW  INT64_C(1795500812672) /* 2026-11-24T06:13:32.672Z, 07:13:32 in the zone */
#define HOUR INT64_C(3600000)

static const struct {
    const char *text;
    int64_t at; /* -1: refused */
} cases[] = {
    {"2h", NOW - 2 * HOUR},
    {"3d", NOW - 72 * HOUR},
    {"90min", NOW - 90 * HOUR / 60},
    {"30 s", NOW - 30000},
    {"0s", NOW},
    {"2026-11-24T06:13:32Z", NOW - 672},
    {"2026-11-24T06:13:32.672Z", NOW},
    {"2026-11-24 07:13:32+01:00", NOW - 672},
    {"2026-11-24 07:13:32", NOW - 672},
    {"2026-11-24T07:13:32", NOW - 672},
    {"2026-11-24 07:13", NOW - 32672},
    {"2026-11-24T07:13", NOW - 32672},
    {"2026-11-24", INT64_C(1795474800000)},       /* midnight here, 23:00 UTC */
    {"2026-07-01", INT64_C(1782856800000)},       /* in summer, 22:00 UTC */
    {"2026-07-01 12:00", INT64_C(1782900000000)}, /* 10:00 UTC */
    {"1969-12-01", INT64_C(-2682000000)},
    {"", -1},
    {"2w", -1},
    {"-2h", -1},
    {"yesterday", -1},
    {"0", -1},
    {"2026", -1},
    {"2026-11", -1},
    {"2026-13-01", -1},
    {"2026-02-30", -1},
    {"2026-11-24x", -1},
    {"2026-11-24 7", -1},
    {"2026-11-24 25:00", -1},
    {" 2026-11-24", -1},
    {"24.11.2026", -1},
};

static void test_since(void **state)
{
    (void)state;
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t at = 77;
        bool ok = since_parse(cases[i].text, NOW, &at);
        same_int(cases[i].text, ok, cases[i].at != -1);
        same_int(cases[i].text, at, ok ? cases[i].at : 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_since),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
