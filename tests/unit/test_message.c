/* What people read, to the letter. */
#include "unit.h"

#include <string.h>

#include "alert/message.h"

#define AT     INT64_C(1795500812000) /* 2026-11-24 06:13:32 UTC */
#define MINUTE INT64_C(60000)
#define DAY    INT64_C(86400000)

static const char *const lines[] = {"2026-11-24 06:13:02  sync     hopeless",
                                    "2026-11-24 06:13:32  run      no login works"};
/* A struct err, as a constant for the table. */
#define NO_LOGIN                                                                                   \
    {                                                                                              \
        .code = ERR_HOPELESS, .text = "neither this machine nor the store has a login that works", \
        .hint = "log in on a writer: claude /login"                                                \
    }

static const struct {
    const char *what;
    struct telling telling;
    bool with_events;
    int64_t remind_ms;
    const char *subject, *text;
} rows[] = {
    {"a run",
     {.kind = TELL_OPENED, .at = AT, .what = TROUBLE_RUN, .since = AT, .runs = 1, .why = NO_LOGIN},
     true,
     DAY,
     "[credrelay] claude on vps-1 needs help",
     "Runs of claude on vps-1 fail, and nothing can be done about it from there.\n"
     "\n"
     "What failed: neither this machine nor the store has a login that works\n"
     "Remedy:      log in on a writer: claude /login\n"
     "Since:       2026-11-24 06:13:32 UTC\n"
     "Runs:        1 failed\n"
     "Machine:     vps-1\n"
     "Relay:       claude\n"
     "Told:        2026-11-24 06:13:32 UTC\n"
     "\n"
     "The last events:\n"
     "  2026-11-24 06:13:02  sync     hopeless\n"
     "  2026-11-24 06:13:32  run      no login works\n"
     "\n"
     "The next message comes when it is over, or in 1 d 0 h.\n"},
    {"the watcher, without reminders",
     {.kind = TELL_OPENED,
      .at = AT,
      .what = TROUBLE_WATCH,
      .since = AT - 30 * MINUTE,
      .why = {.text = "Parameter Store: no answer within 10 s"}},
     false,
     0,
     "[credrelay] claude on vps-1 needs help",
     "The login of claude on vps-1 is not kept alive.\n"
     "\n"
     "What failed: Parameter Store: no answer within 10 s\n"
     "Since:       2026-11-24 05:43:32 UTC\n"
     "Machine:     vps-1\n"
     "Relay:       claude\n"
     "Told:        2026-11-24 06:13:32 UTC\n"
     "\n"
     "The next message comes when it is over.\n"},
    {"again and again",
     {.kind = TELL_OPENED,
      .at = AT,
      .what = TROUBLE_RENEW,
      .since = AT,
      .held_until = AT + 180 * MINUTE,
      .why = NO_LOGIN},
     false,
     DAY,
     "[credrelay] claude on vps-1 needs help",
     "The login of claude on vps-1 could not be renewed.\n"
     "\n"
     "What failed: neither this machine nor the store has a login that works\n"
     "Remedy:      log in on a writer: claude /login\n"
     "Since:       2026-11-24 06:13:32 UTC\n"
     "Machine:     vps-1\n"
     "Relay:       claude\n"
     "Told:        2026-11-24 06:13:32 UTC\n"
     "\n"
     "It comes and goes: what opens again before 2026-11-24 09:13:32 UTC\n"
     "is told then, if it still lasts.\n"
     "\n"
     "The next message comes when it is over, or in 1 d 0 h.\n"},
    {"still",
     {.kind = TELL_STILL,
      .at = AT,
      .what = TROUBLE_RUN,
      .since = AT - 3 * DAY - 125 * MINUTE,
      .runs = 311,
      .why = NO_LOGIN},
     false,
     DAY,
     "[credrelay] claude on vps-1 still needs help, for 3 d 2 h now",
     "Runs of claude on vps-1 fail, and nothing can be done about it from there.\n"
     "\n"
     "What failed: neither this machine nor the store has a login that works\n"
     "Remedy:      log in on a writer: claude /login\n"
     "Since:       2026-11-21 04:08:32 UTC\n"
     "Runs:        311 failed\n"
     "Machine:     vps-1\n"
     "Relay:       claude\n"
     "Told:        2026-11-24 06:13:32 UTC\n"
     "\n"
     "The next message comes when it is over, or in 1 d 0 h.\n"},
    {"over",
     {.kind = TELL_OVER,
      .at = AT,
      .what = TROUBLE_RUN,
      .since = AT - 125 * MINUTE,
      .runs = 5,
      .why = NO_LOGIN},
     true,
     DAY,
     "[credrelay] claude on vps-1 works again",
     "Runs of claude on vps-1 work again.\n"
     "\n"
     "It was:      neither this machine nor the store has a login that works\n"
     "Since:       2026-11-24 04:08:32 UTC\n"
     "Lasted:      2 h 5 min\n"
     "Runs:        5 failed\n"
     "Machine:     vps-1\n"
     "Relay:       claude\n"
     "Told:        2026-11-24 06:13:32 UTC\n"
     "\n"
     "The last events:\n"
     "  2026-11-24 06:13:02  sync     hopeless\n"
     "  2026-11-24 06:13:32  run      no login works\n"},
    {"three days before",
     {.kind = TELL_DEADLINE,
      .at = AT,
      .deadline = AT + 3 * DAY - 5 * MINUTE,
      .why = {.hint = "log in: claude /login"}},
     false,
     DAY,
     "[credrelay] claude on vps-1: log in again within 3 days",
     "The login of claude reaches its time limit in 2 d 23 h.\n"
     "No machine can renew it beyond that: a person must log in again before.\n"
     "\n"
     "Remedy:      log in: claude /login\n"
     "Time limit:  2026-11-27 06:08:32 UTC\n"
     "Machine:     vps-1\n"
     "Relay:       claude\n"
     "Told:        2026-11-24 06:13:32 UTC\n"},
    {"the last day",
     {.kind = TELL_DEADLINE, .at = AT, .deadline = AT + 20 * MINUTE},
     false,
     DAY,
     "[credrelay] claude on vps-1: log in again within a day",
     "The login of claude reaches its time limit in 20 min 0 s.\n"
     "No machine can renew it beyond that: a person must log in again before.\n"
     "\n"
     "Time limit:  2026-11-24 06:33:32 UTC\n"
     "Machine:     vps-1\n"
     "Relay:       claude\n"
     "Told:        2026-11-24 06:13:32 UTC\n"},
    {"a test",
     {.kind = TELL_TEST, .at = AT},
     false,
     DAY,
     "[credrelay] test from vps-1",
     "This is a test: what vps-1 tells about claude arrives here.\n"
     "\n"
     "Machine:     vps-1\n"
     "Relay:       claude\n"
     "Told:        2026-11-24 06:13:32 UTC\n"},
};

/* Where nothing is to be told, nothing is said. */
static void test_nothing(void **state)
{
    (void)state;
    const struct telling t = {.kind = TELL_NOTHING, .at = AT};
    const struct message_about about = {.relay = "claude", .machine = "vps-1"};
    struct buf out;
    buf_init(&out, 100);
    assert_false(message_subject(&t, &about, &out));
    buf_free(&out);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct message_about about = {.relay = "claude",
                                            .machine = "vps-1",
                                            .remind_ms = rows[i].remind_ms,
                                            .events = lines,
                                            .event_count = rows[i].with_events ? 2 : 0};
        struct buf subject, text;
        buf_init(&subject, 1000);
        buf_init(&text, 10000);
        assert_true(message_subject(&rows[i].telling, &about, &subject));
        assert_true(message_text(&rows[i].telling, &about, &text));
        same_text(rows[i].what, buf_str(&subject), rows[i].subject);
        same_text(rows[i].what, buf_str(&text), rows[i].text);
        buf_free(&subject);
        buf_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nothing), cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
