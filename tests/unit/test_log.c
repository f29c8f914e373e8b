/* One event is one line and one write, whoever else is writing. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"

static void test_line(void **state)
{
    (void)state;
    struct err e;
    jv *event = log_event("pull");
    jv_put_text(event, "relay", "two\nlines");
    int64_t began = clock_wall_ms();
    assert_true(log_write(in_home("log"), event, &e));
    same_int("mode", file_mode(in_home("log")), 0600);
    const char *line = file_text(in_home("log"));
    same_int("schema first", strncmp(line, "{\"v\":1,\"ts\":\"20", 15), 0);
    same_text("the rest", strstr(line, "Z\",\"event\""),
              "Z\",\"event\":\"pull\",\"relay\":\"two\\nlines\"}\n");
    char now[32];
    clock_rfc3339(began, now, sizeof now);
    same_int("now, to the minute", strncmp(line + 13, now, 16), 0);
}

static void test_refused(void **state)
{
    (void)state;
    struct err e;
    static char big[LIMIT_EVENT];
    memset(big, 'x', sizeof big - 1);
    jv *event = log_event("pull");
    jv_put_text(event, "message", big);
    assert_false(log_write(in_home("log"), event, &e));
    same_error("too large", &e, ERR_TOO_LARGE, "an event is larger than 4096 bytes", "");
    same_text("nothing written", file_text(in_home("log")), "(absent)");
    assert_false(log_write(in_home("none/log"), log_event("pull"), &e));
    same_int("no folder", e.code, ERR_NOT_FOUND);
    assert_false(log_write(in_home("log"), NULL, &e));
    same_int("no memory", e.code, ERR_NO_MEMORY);
}

enum { WRITERS = 50, LINES = 20 };

static int write_lines(const void *arg)
{
    char filler[2000];
    int writer = *(const int *)arg;
    memset(filler, 'a' + writer % 26, sizeof filler);
    for (int i = 0; i < LINES; i++) {
        struct err e;
        jv *event = log_event("test");
        jv_put_int(event, "writer", writer);
        jv_put_bytes(event, "filler", filler, (size_t)(100 + (writer * 37 + i * 97) % 1900));
        if (!log_write(in_home("log"), event, &e))
            return 1;
    }
    return 0;
}

static void test_together(void **state)
{
    (void)state;
    pid_t children[WRITERS];
    unsigned lines[WRITERS] = {0};
    for (int i = 0; i < WRITERS; i++)
        children[i] = forked_start(write_lines, &i);
    for (int i = 0; i < WRITERS; i++)
        same_int("writer", forked_end(children[i]), 0);
    for (const char *p = file_text(in_home("log")); *p;) {
        struct err e;
        size_t len = strcspn(p, "\n");
        jv *event = jv_parse(p, len, &e);
        if (!event)
            fail_msg("torn line: %.*s", (int)len, p);
        lines[jv_number(event, "writer", 0)]++;
        jv_free(event);
        p += len + 1;
    }
    for (int i = 0; i < WRITERS; i++)
        same_int("every line of each", lines[i], LINES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_line),
        IN_WORLD(test_refused),
        IN_WORLD(test_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
