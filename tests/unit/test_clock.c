/* Times as logs and people read them. */
#include "unit.h"

#include "base/clock.h"

static void test_rfc3339(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {INT64_C(1795464776123), "2026-11-23T20:12:56.123Z"},
        {INT64_C(1709164799999), "2024-02-28T23:59:59.999Z"},
        {INT64_C(1709164800000), "2024-02-29T00:00:00.000Z"},
        {INT64_C(4102444800000), "2100-01-01T00:00:00.000Z"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {-1000, "1969-12-31T23:59:59.000Z"},
        {INT64_MAX, "?"},
        {INT64_MIN, "?"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[25];
        clock_rfc3339(cases[i].ms, out, sizeof out);
        same_text(cases[i].text, out, cases[i].text);
    }
}

static void test_parse_rfc3339(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59.999Z", -1},
        {"2026-11-23T20:12:56.123456789Z", INT64_C(1795464776123)},
        {"2026-11-23t20:12:56.1z", INT64_C(1795464776100)},
        {"2026-11-23 20:12:56Z", INT64_C(1795464776000)},
        {"2026-11-23T21:42:56+01:30", INT64_C(1795464776000)},
        {"2026-11-23T12:12:56-08:00", INT64_C(1795464776000)},
        {"2024-02-29T00:00:00Z", INT64_C(1709164800000)},
        {"2000-03-01T00:00:00Z", INT64_C(951868800000)},
        {"2100-03-01T00:00:00Z", INT64_C(4107542400000)},
        {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
        {"0001-01-01T00:00:00Z", INT64_C(-62135596800000)},
    };
    static const char *const bad[] = {"",
                                      "2026",
                                      "2026-11-23",
                                      "2026-11-23T20:12:56",
                                      "2026-11-23T20:12:56+01",
                                      "2026-11-23T20:12:56+0100",
                                      "2026-11-23T20:12:56Z ",
                                      "2026-11-23T20:12:56+01:00x",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "2026-01-32T00:00:00Z",
                                      "2026-01-01T24:00:00Z",
                                      "2026-01-01T00:60:00Z",
                                      "0000-01-01T00:00:00Z",
                                      "26-11-23T20:12:56Z",
                                      "1795464776"};
    for (size_t i = 0; i < COUNT(good); i++) {
        int64_t ms = 1;
        same_int(good[i].text, clock_parse_rfc3339(good[i].text, &ms), true);
        same_int(good[i].text, ms, good[i].ms);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t ms = 77;
        same_int(bad[i], clock_parse_rfc3339(bad[i], &ms), false);
        same_int(bad[i], ms, 77);
    }
}

static void test_duration(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {-5000, "0 s"},
        {0, "0 s"},
        {1, "1 ms"},
        {500, "500 ms"},
        {999, "999 ms"},
        {1000, "1 s"},
        {59999, "59 s"},
        {60000, "1 min 0 s"},
        {3599999, "59 min 59 s"},
        {3600000, "1 h 0 min"},
        {28740000, "7 h 59 min"},
        {86399999, "23 h 59 min"},
        {86400000, "1 d 0 h"},
        {INT64_C(2516400000), "29 d 3 h"},
        {INT64_MAX, "106751991167 d 7 h"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[32];
        clock_duration(cases[i].ms, out, sizeof out);
        same_text(cases[i].text, out, cases[i].text);
    }
}

static void test_sleep(void **state)
{
    (void)state;
    int64_t began = clock_steady_ms();
    clock_sleep_ms(30);
    assert_in_range(clock_steady_ms() - began, 29, 5000);
    clock_sleep_ms(0);
    /* The wall clock counts from 1970, not from boot. */
    assert_true(clock_wall_ms() > INT64_C(1700000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc3339),
        cmocka_unit_test(test_parse_rfc3339),
        cmocka_unit_test(test_duration),
        cmocka_unit_test(test_sleep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
