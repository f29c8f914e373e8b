#include "journal/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

#define TOTAL   "credrelay_outcomes_total"
#define LAST    "credrelay_last_outcome_timestamp_seconds"
#define COUNTED "credrelay_counted_timestamp_seconds"
#define MARK    "# The log is counted up to here: file " /* a comment, to Prometheus */

/* ---- the text ---- */

static void write_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Milliseconds as seconds. */
static void write_seconds(struct buf *out, int64_t ms)
{
    buf_printf(out, "%lld.%03d\n", (long long)(ms / 1000), (int)(ms % 1000));
}

/* One metric with a value for each relay; VALUE false: it has none. */
static void write_each(const struct metrics *m, struct buf *out, const char *name,
                       bool (*value)(const struct relay_metrics *r, int64_t *ret), bool is_time)
{
    for (size_t i = 0; i < m->relays; i++) {
        int64_t n;
        if (!value(&m->relay[i], &n))
            continue;
        /* Names of relays need no escaping: letters, digits, dots, dashes, underscores. */
        buf_printf(out, "%s{relay=\"%s\"} ", name, m->relay[i].relay);
        if (is_time)
            write_seconds(out, n);
        else
            buf_printf(out, "%lld\n", (long long)n);
    }
}

static bool usable(const struct relay_metrics *r, int64_t *ret)
{
    *ret = r->login.state == LOGIN_USABLE;
    return true;
}

static bool renewable(const struct relay_metrics *r, int64_t *ret)
{
    *ret = r->login.state == LOGIN_USABLE && r->login.renewable;
    return true;
}

static bool expiry(const struct relay_metrics *r, int64_t *ret)
{
    *ret = r->login.expires_at;
    return r->login.state == LOGIN_USABLE && *ret > 0;
}

static bool deadline(const struct relay_metrics *r, int64_t *ret)
{
    *ret = r->login.deadline;
    return r->login.state == LOGIN_USABLE && *ret > 0;
}

static bool incident(const struct relay_metrics *r, int64_t *ret)
{
    *ret = r->incident;
    return true;
}

static const struct {
    const char *name, *help;
    bool (*value)(const struct relay_metrics *r, int64_t *ret);
    bool is_time;
} gauges[] = {
    {"credrelay_login_usable", "Whether the login on this machine is one its client takes.", usable,
     false},
    {"credrelay_login_renewable", "Whether it has its refresh token: this machine renews it.",
     renewable, false},
    {"credrelay_login_expiry_timestamp_seconds", "When it expires, unless it is renewed.", expiry,
     true},
    {"credrelay_login_deadline_timestamp_seconds", "When a person must log in again.", deadline,
     true},
    {"credrelay_incident_open", "Whether something is wrong that people are told of.", incident,
     false},
};

static void write_outcomes(const struct metrics *m, struct buf *out)
{
    write_head(out, TOTAL, "counter", "Events of the log by what they mean for the login.");
    for (size_t i = 0; i < m->relays; i++)
        for (int o = OUTCOME_NOTHING + 1; o < OUTCOME_COUNT; o++)
            buf_printf(out, TOTAL "{relay=\"%s\",outcome=\"%s\"} %lld\n", m->relay[i].relay,
                       outcome_name((enum outcome)o), (long long)m->relay[i].total[o]);
    write_head(out, LAST, "gauge", "When that was last so.");
    for (size_t i = 0; i < m->relays; i++)
        for (int o = OUTCOME_NOTHING; o < OUTCOME_COUNT; o++) {
            if (!m->relay[i].at[o])
                continue;
            buf_printf(out, LAST "{relay=\"%s\",outcome=\"%s\"} ", m->relay[i].relay,
                       outcome_name((enum outcome)o));
            write_seconds(out, m->relay[i].at[o]);
        }
}

void metrics_write(const struct metrics *m, struct buf *out)
{
    for (size_t i = 0; i < sizeof gauges / sizeof gauges[0]; i++) {
        write_head(out, gauges[i].name, "gauge", gauges[i].help);
        write_each(m, out, gauges[i].name, gauges[i].value, gauges[i].is_time);
    }
    write_outcomes(m, out);
    write_head(out, "credrelay_watcher_up", "gauge", "Whether the watcher of this user runs.");
    buf_printf(out, "credrelay_watcher_up %d\n", m->watcher);
    write_head(out, COUNTED, "gauge", "The events up to then are counted.");
    buf_text(out, COUNTED " ");
    write_seconds(out, m->counted);
    if (m->mark.file[0])
        buf_printf(out, MARK "%s, %lld bytes\n", m->mark.file, (long long)m->mark.at);
}

/* ---- reading it again ---- */

static struct relay_metrics *find_relay(struct metrics *m, const char *name)
{
    for (size_t i = 0; i < m->relays; i++)
        if (strcmp(m->relay[i].relay, name) == 0)
            return &m->relay[i];
    return NULL;
}

static int find_outcome(const char *name)
{
    for (int o = 0; o < OUTCOME_COUNT; o++)
        if (strcmp(outcome_name((enum outcome)o), name) == 0)
            return o;
    return -1;
}

/* "12.345" -> 12345 */
static bool read_seconds(const char *text, int64_t *ret_ms)
{
    char whole[32];
    int64_t seconds, ms;
    size_t n = strcspn(text, ".");
    if (n >= sizeof whole || text[n] != '.' || strlen(text + n + 1) != 3)
        return false;
    snprintf(whole, sizeof whole, "%.*s", (int)n, text);
    if (!parse_int64(whole, 0, INT64_C(100000000000), &seconds) ||
        !parse_int64(text + n + 1, 0, 999, &ms))
        return false;
    *ret_ms = seconds * 1000 + ms;
    return true;
}

/* NAME{relay="R",outcome="O"} VALUE, as we write it. */
static bool read_sample(const char *line, const char *name, struct metrics *m,
                        struct relay_metrics **ret_relay, int *ret_outcome, const char **ret_value)
{
    char relay[RELAY_NAME_SIZE], outcome[32];
    int n = 0;
    size_t len = strlen(name);
    if (strncmp(line, name, len) != 0 ||
        sscanf(line + len, "{relay=\"%63[^\"]\",outcome=\"%31[^\"]\"} %n", relay, outcome, &n) !=
            2 ||
        n == 0)
        return false;
    *ret_relay = find_relay(m, relay);
    *ret_outcome = find_outcome(outcome);
    *ret_value = line + len + n;
    return *ret_relay && *ret_outcome >= 0;
}

/* "0123456789abcdef, 1234 bytes" */
static bool read_mark(const char *text, struct journal_mark *ret)
{
    struct journal_mark m = {.file = ""};
    char at[24];
    int n = 0;
    if (sscanf(text, "%16[0-9a-f], %23[0-9] bytes%n", m.file, at, &n) != 2 || n == 0 || text[n] ||
        strlen(m.file) != JOURNAL_FILE_DIGITS || !parse_int64(at, 0, INT64_MAX, &m.at))
        return false;
    *ret = m;
    return true;
}

static void recall_line(struct metrics *m, const char *line)
{
    struct relay_metrics *r;
    const char *value;
    int64_t n;
    int o;
    if (strncmp(line, MARK, sizeof MARK - 1) == 0)
        (void)read_mark(line + sizeof MARK - 1, &m->mark);
    else if (strncmp(line, COUNTED " ", sizeof COUNTED) == 0 &&
             read_seconds(line + sizeof COUNTED, &n))
        m->counted = n;
    else if (read_sample(line, TOTAL, m, &r, &o, &value) && parse_int64(value, 0, INT64_MAX, &n))
        r->total[o] = n;
    else if (read_sample(line, LAST, m, &r, &o, &value) && read_seconds(value, &n))
        r->at[o] = n;
}

void metrics_recall(struct metrics *m, const char *text)
{
    char line[512];
    for (const char *p = text; *p;) {
        size_t len = strcspn(p, "\n");
        if (len < sizeof line) {
            snprintf(line, sizeof line, "%.*s", (int)len, p);
            recall_line(m, line);
        }
        p += len + (p[len] == '\n');
    }
}

void metrics_take(struct metrics *m, const struct journal_event *ev)
{
    struct relay_metrics *r = find_relay(m, ev->relay);
    enum outcome o = journal_outcome(ev);
    if (!r || (!m->mark.file[0] && ev->at <= m->counted))
        return;
    r->total[o]++;
    if (ev->at > r->at[o])
        r->at[o] = ev->at;
}
