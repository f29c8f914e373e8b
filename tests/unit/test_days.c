/* Runs by day: which day an event belongs to, and the chart to the letter. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "journal/days.h"

#define HOUR INT64_C(3600000)
#define DAY  (24 * HOUR)

/* 2026-11-24 06:13:32 in the zone below, an hour before UTC */
#define NOW INT64_C(1795497212672)

static void at_home(void)
{
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
}

static void take(struct days *d, int64_t at, const char *members, int times)
{
    struct err e;
    jv *v = jv_parse(members, strlen(members), &e);
    assert_non_null(v);
    const struct journal_event ev = {
        .at = at, .name = jv_text(v, "event"), .relay = "claude", .members = v};
    while (times-- > 0)
        days_take(d, &ev);
    jv_free(v);
}

#define RECOVERED "{\"event\":\"run\",\"verdict\":\"lapsed\",\"recovery_succeeded\":true}"
#define FAILED    "{\"event\":\"run\",\"verdict\":\"lapsed\"}"
#define OTHER     "{\"event\":\"run\",\"verdict\":\"other\"}"
#define PUBLISHED "{\"event\":\"publish\",\"ok\":true,\"did\":\"publish\"}"
#define PULLED    "{\"event\":\"sync\",\"ok\":true,\"did\":\"install_shared\"}"
#define REFUSED   "{\"event\":\"sync\",\"ok\":false}"

static const char *chart(const struct days *d, bool utf8, bool colour)
{
    static char text[1 << 16];
    const struct chart_style style = {.utf8 = utf8, .colour = colour};
    struct buf out;
    buf_init(&out, sizeof text);
    days_chart(d, &style, &out);
    assert_false(out.failed);
    memcpy(text, buf_str(&out), out.len + 1);
    buf_free(&out);
    return text;
}

static const char title[] =
    "Runs whose login was in question; those that just worked are not in the log.\n\n"
    "                runs  recovered  failed\n";

/* What stands between the title and the sum. */
static void same_rows(const char *what, const char *got, const char *rows)
{
    assert_memory_equal(got, title, sizeof title - 1);
    same_bytes(what, got + sizeof title - 1, strlen(rows), rows, strlen(rows));
}

static void test_chart(void **state)
{
    (void)state;
    at_home();
    struct days *d = days_new(4, NOW);
    d->log_begins = NOW - 2 * DAY;
    take(d, NOW - 2 * DAY, RECOVERED, 3);
    take(d, NOW - 2 * DAY, FAILED, 2);
    take(d, NOW, FAILED, 1);
    take(d, NOW, OTHER, 4);
    take(d, NOW, PUBLISHED, 7);
    take(d, NOW - DAY, PULLED, 6);
    take(d, NOW - DAY, REFUSED, 5);
    same_text("ASCII", chart(d, false, false),
              "Runs whose login was in question; those that just worked are not in the log.\n"
              "\n"
              "                runs  recovered  failed\n"
              "Sat 2026-11-21     -          -       -\n"
              "Sun 2026-11-22     5          3       2  ###!!\n"
              "Mon 2026-11-23     0          0       0\n"
              "Tue 2026-11-24     5          0       1  !\n"
              "  4 days          10          3       3\n"
              "\n"
              "# recovered   ! failed\n"
              "\n"
              "Logins: 7 published, 6 pulled; 5 syncs failed.\n");
    same_rows("blocks", chart(d, true, false),
              "Sat 2026-11-21     -          -       -\n"
              "Sun 2026-11-22     5          3       2  \u2588\u2588\u2588\u2592\u2592\n"
              "Mon 2026-11-23     0          0       0\n"
              "Tue 2026-11-24     5          0       1  \u2592\n");
    same_rows("colours", chart(d, false, true),
              "Sat 2026-11-21     -          -       -\n"
              "Sun 2026-11-22     5          3       2  \x1b[32m###\x1b[0m\x1b[31m!!\x1b[0m\n"
              "Mon 2026-11-23     0          0       0\n"
              "Tue 2026-11-24     5          0       1  \x1b[31m!\x1b[0m\n");
    days_free(d);
}

/* A bar as long as it may be, and what is small beside it. */
static void test_scale(void **state)
{
    (void)state;
    at_home();
    static const struct {
        const char *what;
        int recovered, failed; /* of yesterday */
        const char *bar, *today;
    } cases[] = {
        {"as many as there are columns", 30, 8, "##############################!!!!!!!!", "#!"},
        {"one more", 30, 9, "############################!!!!!!!!", "#!"},
        {"many", 10000, 1000, "#################################!!!", "#!"},
        {"few among many", 90000, 1, "####################################!", "#!"},
        {"failures only", 0, 5000, "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!", "#!"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct days *d = days_new(2, NOW);
        d->log_begins = NOW - DAY;
        take(d, NOW - DAY, RECOVERED, cases[i].recovered);
        take(d, NOW - DAY, FAILED, cases[i].failed);
        take(d, NOW, RECOVERED, 1);
        take(d, NOW, FAILED, 1);
        const char *line = chart(d, false, false) + sizeof title - 1;
        size_t len = strcspn(line, "\n");
        assert_true(len <= 80);
        same_bytes(cases[i].what, line + 41, len - 41, cases[i].bar, strlen(cases[i].bar));
        line += len + 1;
        same_bytes(cases[i].what, line + 41, strcspn(line, "\n") - 41, cases[i].today,
                   strlen(cases[i].today));
        days_free(d);
    }
}

/* Days are those of the zone, also the one of 25 hours. */
static void test_days(void **state)
{
    (void)state;
    at_home();
    static const struct {
        int64_t at;
        const char *day;
    } cases[] = {
        {INT64_C(1792879199999), "2026-10-24"}, /* 23:59:59.999, summer time */
        {INT64_C(1792879200000), "2026-10-25"}, /* midnight */
        {INT64_C(1792965600000), "2026-10-25"}, /* 24 hours later it is 23:00 */
        {INT64_C(1792969199999), "2026-10-25"}, {INT64_C(1792969200000), "2026-10-26"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct days *d = days_new(3, INT64_C(1793000000000));
        take(d, cases[i].at, FAILED, 1);
        for (int n = 0; n < 3; n++)
            same_int(cases[i].day, d->day[n].runs, strcmp(d->day[n].name, cases[i].day) == 0);
        days_free(d);
    }
    struct days *d = days_new(2, NOW);
    take(d, NOW - 9 * DAY, FAILED, 1);
    same_int("before all of them", d->day[0].runs + d->day[1].runs, 0);
    days_free(d);
}

static void test_value(void **state)
{
    (void)state;
    at_home();
    struct days *d = days_new(1, NOW);
    struct buf out;
    take(d, NOW, FAILED, 2);
    take(d, NOW, OTHER, 1);
    d->log_begins = NOW;
    jv *v = days_value(d);
    buf_init(&out, LIMIT_SHOWN);
    assert_true(jv_write(v, &out));
    same_text("value", buf_str(&out),
              "{\"log_begins\":1795497212672,\"days\":[{\"day\":\"2026-11-24\",\"runs\":3,"
              "\"published\":0,\"pulled\":0,\"refused\":0,\"recovered\":0,\"failed\":2}]}");
    buf_free(&out);
    jv_free(v);
    days_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_chart),
        IN_WORLD(test_scale),
        IN_WORLD(test_days),
        IN_WORLD(test_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
