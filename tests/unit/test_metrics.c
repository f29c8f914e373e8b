/* The text for Prometheus to the letter, and that counters only ever grow. */
#include "unit.h"

#include <string.h>

#include "base/limits.h"
#include "journal/metrics.h"

static const char *text_of(const struct metrics *m)
{
    static char text[1 << 16];
    struct buf out;
    buf_init(&out, sizeof text);
    metrics_write(m, &out);
    assert_false(out.failed);
    memcpy(text, buf_str(&out), out.len + 1);
    buf_free(&out);
    return text;
}

static void take(struct metrics *m, int64_t at, const char *relay, const char *members)
{
    struct err e;
    jv *v = jv_parse(members, strlen(members), &e);
    assert_non_null(v);
    const struct journal_event ev = {
        .at = at, .name = jv_text(v, "event"), .relay = relay, .members = v};
    metrics_take(m, &ev);
    jv_free(v);
}

#define PULLED "{\"event\":\"pull\",\"ok\":true,\"did\":\"install_shared\"}"
#define FAILED "{\"event\":\"run\",\"verdict\":\"lapsed\"}"

static struct metrics two_relays(void)
{
    struct metrics m = {.relays = 2};
    memcpy(m.relay[0].relay, "claude", sizeof "claude");
    memcpy(m.relay[1].relay, "work", sizeof "work");
    m.relay[0].login = m.relay[1].login = (struct login_facts){.state = LOGIN_ABSENT, .flaw = ""};
    return m;
}

static void test_text(void **state)
{
    (void)state;
    struct metrics m = two_relays();
    m.watcher = true;
    m.counted = 1795500812672;
    m.relay[0].login = (struct login_facts){.state = LOGIN_USABLE,
                                            .renewable = true,
                                            .expires_at = 1795529612000,
                                            .deadline = 1797500000001};
    m.relay[1].incident = true;
    m.relay[1].total[OUTCOME_FAILED] = 3;
    m.relay[1].at[OUTCOME_FAILED] = 1795500800005;
    m.relay[0].at[OUTCOME_NOTHING] = 1795500800000;
    same_text(
        "all of it", text_of(&m),
        "# HELP credrelay_login_usable Whether the login on this machine is one its client takes.\n"
        "# TYPE credrelay_login_usable gauge\n"
        "credrelay_login_usable{relay=\"claude\"} 1\n"
        "credrelay_login_usable{relay=\"work\"} 0\n"
        "# HELP credrelay_login_renewable Whether it has its refresh token: this machine renews "
        "it.\n"
        "# TYPE credrelay_login_renewable gauge\n"
        "credrelay_login_renewable{relay=\"claude\"} 1\n"
        "credrelay_login_renewable{relay=\"work\"} 0\n"
        "# HELP credrelay_login_expiry_timestamp_seconds When it expires, unless it is renewed.\n"
        "# TYPE credrelay_login_expiry_timestamp_seconds gauge\n"
        "credrelay_login_expiry_timestamp_seconds{relay=\"claude\"} 1795529612.000\n"
        "# HELP credrelay_login_deadline_timestamp_seconds When a person must log in again.\n"
        "# TYPE credrelay_login_deadline_timestamp_seconds gauge\n"
        "credrelay_login_deadline_timestamp_seconds{relay=\"claude\"} 1797500000.001\n"
        "# HELP credrelay_incident_open Whether something is wrong that people are told of.\n"
        "# TYPE credrelay_incident_open gauge\n"
        "credrelay_incident_open{relay=\"claude\"} 0\n"
        "credrelay_incident_open{relay=\"work\"} 1\n"
        "# HELP credrelay_outcomes_total Events of the log by what they mean for the login.\n"
        "# TYPE credrelay_outcomes_total counter\n"
        "credrelay_outcomes_total{relay=\"claude\",outcome=\"published\"} 0\n"
        "credrelay_outcomes_total{relay=\"claude\",outcome=\"pulled\"} 0\n"
        "credrelay_outcomes_total{relay=\"claude\",outcome=\"refused\"} 0\n"
        "credrelay_outcomes_total{relay=\"claude\",outcome=\"recovered\"} 0\n"
        "credrelay_outcomes_total{relay=\"claude\",outcome=\"failed\"} 0\n"
        "credrelay_outcomes_total{relay=\"work\",outcome=\"published\"} 0\n"
        "credrelay_outcomes_total{relay=\"work\",outcome=\"pulled\"} 0\n"
        "credrelay_outcomes_total{relay=\"work\",outcome=\"refused\"} 0\n"
        "credrelay_outcomes_total{relay=\"work\",outcome=\"recovered\"} 0\n"
        "credrelay_outcomes_total{relay=\"work\",outcome=\"failed\"} 3\n"
        "# HELP credrelay_last_outcome_timestamp_seconds When that was last so.\n"
        "# TYPE credrelay_last_outcome_timestamp_seconds gauge\n"
        "credrelay_last_outcome_timestamp_seconds{relay=\"claude\",outcome=\"nothing\"} "
        "1795500800.000\n"
        "credrelay_last_outcome_timestamp_seconds{relay=\"work\",outcome=\"failed\"} "
        "1795500800.005\n"
        "# HELP credrelay_watcher_up Whether the watcher of this user runs.\n"
        "# TYPE credrelay_watcher_up gauge\n"
        "credrelay_watcher_up 1\n"
        "# HELP credrelay_counted_timestamp_seconds The events up to then are counted.\n"
        "# TYPE credrelay_counted_timestamp_seconds gauge\n"
        "credrelay_counted_timestamp_seconds 1795500812.672\n");
}

static void test_counting(void **state)
{
    (void)state;
    struct metrics m = two_relays(), again = two_relays();
    take(&m, 1000, "claude", PULLED);
    take(&m, 3000, "claude", PULLED);
    take(&m, 2000, "claude", PULLED);
    take(&m, 2000, "work", FAILED);
    take(&m, 2000, "gone", FAILED);
    same_int("three", m.relay[0].total[OUTCOME_PULLED], 3);
    same_int("the last", m.relay[0].at[OUTCOME_PULLED], 3000);
    m.counted = 3000;
    metrics_recall(&again, text_of(&m));
    same_int("as far", again.counted, 3000);
    take(&again, 3000, "claude", PULLED);
    same_int("counted already", again.relay[0].total[OUTCOME_PULLED], 3);
    take(&again, 3001, "claude", PULLED);
    same_int("one more", again.relay[0].total[OUTCOME_PULLED], 4);
    same_int("the other's", again.relay[1].total[OUTCOME_FAILED], 1);
    same_int("its time", again.relay[1].at[OUTCOME_FAILED], 2000);
}

/* Where the place is known, the time of an event does not matter: a clock may have been wrong. */
static void test_place(void **state)
{
    (void)state;
    struct metrics m = two_relays(), again = two_relays();
    m.counted = 3000;
    m.mark = (struct journal_mark){.file = "0123456789abcdef", .at = 1234};
    metrics_recall(&again, text_of(&m));
    same_text("file", again.mark.file, "0123456789abcdef");
    same_int("place", again.mark.at, 1234);
    take(&again, 2000, "claude", PULLED);
    take(&again, 3000, "claude", PULLED);
    same_int("both", again.relay[0].total[OUTCOME_PULLED], 2);
}

/* What is not ours, or was made by hand, is passed over. */
static void test_recall(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "\n\n#\n",
        "node_load1 0.5\n",
        "credrelay_outcomes_total",
        "credrelay_outcomes_total{relay=\"claude\",outcome=\"pulled\"}",
        "credrelay_outcomes_total{relay=\"claude\",outcome=\"pulled\"} ",
        "credrelay_outcomes_total{relay=\"claude\",outcome=\"pulled\"} -1\n",
        "credrelay_outcomes_total{relay=\"claude\",outcome=\"pulled\"} 1.5\n",
        "credrelay_outcomes_total{relay=\"claude\",outcome=\"pulled\"} 99999999999999999999\n",
        "credrelay_outcomes_total{relay=\"claude\",outcome=\"flown\"} 7\n",
        "credrelay_outcomes_total{relay=\"other\",outcome=\"pulled\"} 7\n",
        "credrelay_outcomes_total{outcome=\"pulled\",relay=\"claude\"} 7\n",
        "credrelay_counted_timestamp_seconds\n",
        "credrelay_counted_timestamp_seconds 17955008126\n",
        "credrelay_counted_timestamp_seconds 1795500812.6\n",
        "credrelay_counted_timestamp_seconds 1795500812.67x\n",
        "credrelay_counted_timestamp_seconds 1e9.000\n",
        "credrelay_last_outcome_timestamp_seconds{relay=\"claude\",outcome=\"pulled\"} soon\n",
        "# The log is counted up to here: file 0123456789abcdef\n",
        "# The log is counted up to here: file 0123456789abcde, 1 bytes\n",
        "# The log is counted up to here: file 0123456789abcdef, -1 bytes\n",
        "# The log is counted up to here: file 0123456789abcdef, 1 bytes more\n",
    };
    const struct metrics nothing = two_relays();
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct metrics m = two_relays();
        metrics_recall(&m, texts[i]);
        same_int(texts[i], memcmp(&m, &nothing, sizeof m), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_counting),
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_recall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
