/* What people may write for numbers, truth and time spans, and what they may not. */
#include "unit.h"

#include "base/parse.h"

static void test_int64(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t min, max;
        bool ok;
        int64_t value;
    } cases[] = {
        {"0", 0, 10, true, 0},
        {"10", 0, 10, true, 10},
        {"-5", -5, 5, true, -5},
        {"007", 0, 10, true, 7},
        {"9223372036854775807", 0, INT64_MAX, true, INT64_MAX},
        {"-9223372036854775808", INT64_MIN, 0, true, INT64_MIN},
        {"11", 0, 10, false, 0},
        {"-1", 0, 10, false, 0},
        {"9223372036854775808", 0, INT64_MAX, false, 0},
        {"", 0, 10, false, 0},
        {"-", -1, 1, false, 0},
        {"1x", 0, 10, false, 0},
        {"1 ", 0, 10, false, 0},
        {" 1", 0, 10, false, 0},
        {"\t1", 0, 10, false, 0},
        {"+1", 0, 10, false, 0},
        {"--1", -10, 10, false, 0},
        {"0x5", 0, 10, false, 0},
        {"1.0", 0, 10, false, 0},
        {"1e1", 0, 10, false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t value = 77;
        bool ok = parse_int64(cases[i].text, cases[i].min, cases[i].max, &value);
        same_int(cases[i].text, ok, cases[i].ok);
        same_int(cases[i].text, value, ok ? cases[i].value : 77);
    }
}

static void test_bool(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int truth; /* -1: refused */
    } cases[] = {
        {"yes", 1},   {"no", 0}, {"true", 1}, {"false", 0}, {"on", 1}, {"off", 0},
        {"1", 1},     {"0", 0},  {"YES", 1},  {"Off", 0},   {"", -1},  {"y", -1},
        {"yes ", -1}, {"2", -1}, {"01", -1},  {"ja", -1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool truth = i % 2;
        bool ok = parse_bool(cases[i].text, &truth);
        same_int(cases[i].text, ok, cases[i].truth >= 0);
        same_int(cases[i].text, truth, ok ? cases[i].truth : (int)(i % 2));
    }
}

static void test_duration(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } cases[] = {
        {"10", 10000},
        {"10s", 10000},
        {"10 s", 10000},
        {"250ms", 250},
        {"15min", 900000},
        {"8h", 28800000},
        {"1d", 86400000},
        {"0", 0},
        {"1000000000d", INT64_C(86400000000000000)},
        {"1000000001d", -1},
        {"99999999999999999999s", -1},
        {"", -1},
        {"s", -1},
        {"-1s", -1},
        {" 1s", -1},
        {"+1s", -1},
        {"1s ", -1},
        {"1m", -1}, /* a minute or a millisecond? */
        {"1S", -1},
        {"1.5h", -1},
        {"1h30min", -1},
        {"ten", -1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = 77;
        bool ok = parse_duration(cases[i].text, &ms);
        same_int(cases[i].text, ok, cases[i].ms >= 0);
        same_int(cases[i].text, ms, ok ? cases[i].ms : 77);
    }
}

static void test_size(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t bytes; /* -1: refused */
    } cases[] = {
        {"0", 0},        {"4096", 4096},     {"64k", 65536},
        {"1M", 1048576}, {"1 M", 1048576},   {"2000M", 2000 * INT64_C(1048576)},
        {"", -1},        {"M", -1},          {"-1", -1},
        {"1K", -1},      {"1MiB", -1},       {"1.5M", -1},
        {"1Mb", -1},     {"1000000001", -1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t bytes = 77;
        bool ok = parse_size(cases[i].text, &bytes);
        same_int(cases[i].text, ok, cases[i].bytes >= 0);
        same_int(cases[i].text, bytes, ok ? cases[i].bytes : 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_int64),
        cmocka_unit_test(test_bool),
        cmocka_unit_test(test_duration),
        cmocka_unit_test(test_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
