/* Logins, values, memory, configuration and texts while the memory runs out: each allocation of each
 * of them fails once, and all from there on.  What cannot be done says so. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alert/books.h"
#include "alert/books_json.h"
#include "alert/settings.h"
#include "base/ini_edit.h"
#include "base/json.h"
#include "base/json_span.h"
#include "base/limits.h"
#include "base/log.h"
#include "journal/journal.h"
#include "refuse.h"
#include "relay/relay.h"
#include "relay/state.h"
#include "relay/value.h"
#include "run/verdict.h"
#include "tool/description.h"
#include "tool/override.h"

#define EXPIRES INT64_C(1795464776123)
#define NOW     INT64_C(1795400000000)

static const char full[] =
    "{\"claudeAiOauth\":{\"accessToken\":\"sk-ant-oat01-TEST\",\"refreshToken\":\"sk-ant-ort01-"
    "TEST\",\"expiresAt\":1795464776123,\"scopes\":[\"a\"]},\"mcpOAuth\":{\"x\":1}}";
static const char codex[] =
    "{\"OPENAI_API_KEY\":null,\"auth_mode\":\"chatgpt\",\"tokens\":{\"id_token\":\"a.e30.c\","
    "\"access_token\":\"a.eyJleHAiOjE3OTU0NjQ3NzZ9.c\",\"refresh_token\":\"rt-TEST\","
    "\"account_id\":\"x\"},\"last_refresh\":\"2026-11-23T20:12:56.123456Z\"}";

/* ---- logins ---- */

static struct login usable(const struct tool *t, const char *text)
{
    struct login l = LOGIN_INIT(LOGIN_ABSENT);
    struct err e;
    assert_true(login_parse(t, text, strlen(text), &l, &e));
    assert_int_equal(l.facts.state, LOGIN_USABLE);
    return l;
}

static bool parse_login(struct err *e)
{
    struct login l = LOGIN_INIT(LOGIN_ABSENT);
    bool ok = login_parse(&tool_claude, full, strlen(full), &l, e);
    same_int("all or nothing", l.facts.state, ok ? LOGIN_USABLE : LOGIN_ABSENT);
    login_free(&l);
    return ok;
}

static bool parse_codex(struct err *e)
{
    struct login l = LOGIN_INIT(LOGIN_ABSENT);
    bool ok = login_parse(&tool_codex, codex, strlen(codex), &l, e);
    same_int("all or nothing", l.facts.state, ok ? LOGIN_USABLE : LOGIN_ABSENT);
    login_free(&l);
    return ok;
}

static struct login at_hand; /* what the next ones are about */

static bool copy_login(struct err *e)
{
    struct login l = LOGIN_INIT(LOGIN_ABSENT);
    bool ok = login_copy(&at_hand, &l, e);
    login_free(&l);
    return ok;
}

static bool cut_login(struct err *e)
{
    struct login l = LOGIN_INIT(LOGIN_ABSENT);
    bool ok = login_without_refresh(&tool_claude, &at_hand, &l, e);
    if (ok)
        assert_false(l.facts.renewable);
    login_free(&l);
    return ok;
}

static bool date_login(struct err *e)
{
    struct login l = LOGIN_INIT(LOGIN_ABSENT);
    bool ok = login_with_expiry(&tool_claude, &at_hand, NOW, &l, e);
    if (ok)
        same_int("its expiry", l.facts.expires_at, NOW);
    login_free(&l);
    return ok;
}

static bool merge_login(struct err *e)
{
    struct buf out;
    buf_init(&out, LIMIT_LOGIN_FILE);
    bool ok = login_merge(&tool_claude, &at_hand, "{\"other\":1}", 11, &out, e);
    if (ok)
        assert_non_null(strstr(buf_str(&out), "\"other\":1"));
    buf_free(&out);
    return ok;
}

static bool write_values(struct err *e)
{
    struct buf shared, renewable;
    const struct tenure of = {.holder = "mac-1", .renewing = true};
    buf_init(&shared, LIMIT_LOGIN);
    buf_init(&renewable, LIMIT_LOGIN);
    bool ok = value_write_shared(&tool_claude, &at_hand, false, &shared, e) &&
              value_write_renewable(&at_hand, &of, &renewable, e);
    if (ok)
        assert_null(strstr(buf_str(&shared), "refreshToken"));
    buf_free(&shared);
    buf_free(&renewable);
    return ok;
}

static bool read_value(struct err *e)
{
    static const char text[] = "{\"holder\":\"mac-1\",\"renewing\":true,\"login\":{"
                               "\"claudeAiOauth\":{\"accessToken\":\"t\","
                               "\"expiresAt\":1795464776123,\"scopes\":[]}}}";
    struct login l;
    struct tenure of;
    bool ok = value_read_renewable(&tool_claude, text, strlen(text), &l, &of, e);
    if (ok) {
        same_text("whose", of.holder, "mac-1");
        same_int("a claim is not passed over", of.renewing, true);
    }
    login_free(&l);
    return ok;
}

static void test_logins(void **state)
{
    (void)state;
    starve_each("a login read", parse_login);
    starve_each("a login of codex read", parse_codex);
    at_hand = usable(&tool_claude, full);
    starve_each("a login copied", copy_login);
    starve_each("a login without its refresh token", cut_login);
    starve_each("a login with another expiry", date_login);
    starve_each("a login merged", merge_login);
    starve_each("the values written", write_values);
    login_free(&at_hand);
    starve_each("a value read", read_value);
}

/* ---- memory ---- */

static bool write_state(struct err *e)
{
    static struct state st = {.memory = {.seen_count = 2, .rejected_count = 1}};
    struct buf text;
    buf_init(&text, LIMIT_STATE);
    bool ok = state_text("local:", &st, &text, e) && state_save(in_home("s.json"), &text, e);
    buf_free(&text);
    return ok;
}

static bool read_state(struct err *e)
{
    static struct state st;
    bool ok = state_load(in_home("s.json"), "local:", NOW, &st, e);
    state_peek(in_home("s.json"), NOW, &st.memory);
    return ok;
}

static void test_state(void **state)
{
    (void)state;
    starve_each("the memory written", write_state);
    put_file(in_home("s.json"),
             "{\"v\":1,\"store\":\"local:\",\"rejected\":[{\"login\":\"x\",\"at\":1}]}\n", 0600);
    starve_each("the memory read", read_state);
}

static bool write_event(struct err *e)
{
    char folder[LIMIT_PATH];
    snprintf(folder, sizeof folder, "%s", in_home(""));
    const struct log log = {.folder = folder, .size = LIMIT_EVENT, .files = 2};
    jv *event = log_event("pull");
    jv_put_text(event, "relay", "claude");
    return log_write(&log, event, e);
}

static bool count_event(void *ctx, const struct journal_event *ev)
{
    (void)ev;
    ++*(int *)ctx;
    return true;
}

static bool read_events(struct err *e)
{
    struct journal j;
    const struct journal_wanted wanted = {.relay = "claude"};
    int count = 0;
    if (!journal_read(in_home(""), JOURNAL_NEWEST_FIRST, &wanted, count_event, &count, e))
        return false;
    if (!journal_open(in_home(""), &j, e))
        return false;
    bool ok = journal_past(&j, JOURNAL_OLDEST_FIRST, &wanted, count_event, &count, e) &&
              journal_news(&j, &wanted, count_event, &count, e);
    journal_close(&j);
    return ok;
}

static void test_log(void **state)
{
    (void)state;
    starve_each("an event written", write_event);
    put_file(in_home("events.jsonl"), "{\"v\":1,\"event\":\"pull\",\"relay\":\"claude\"}\n", 0600);
    starve_each("events read", read_events);
}

/* ---- configuration ---- */

static bool load_relay(struct err *e)
{
    struct relay r;
    if (!relay_load("claude", &r, e))
        return false;
    relay_free(&r);
    return true;
}

static bool list_relays(struct err *e)
{
    static struct relay_names names;
    return relay_names(&names, e);
}

static bool load_of_tool(struct err *e)
{
    struct relay r;
    if (!relay_load_of_tool("claude", &r, e))
        return false;
    relay_free(&r);
    return true;
}

static bool load_alert(struct err *e)
{
    struct alert_settings s;
    if (!alert_settings_load(&s, e))
        return false;
    alert_settings_free(&s);
    return true;
}

static void test_configuration(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_home(".config"), 0700), 0);
    assert_int_equal(mkdir(in_home(".config/credrelay"), 0700), 0);
    put_file(in_home(".config/credrelay/credrelay.conf"),
             "[claude]\nstore = ssm://us-west-2/claude/oauth/credentials\n"
             "reader-profile = r\nwriters = a, b\n[codex]\ntool = codex\n"
             "[alert]\nmail = a@example.com\nmail-from = b@example.com\nsmtp = smtp://127.0.0.1\n"
             "webhook-file = /f\nwebhook-format = json\ncommand = x\n",
             0600);
    setenv("CREDRELAY_MACHINE", "mac-1", 1);
    starve_each("a relay", load_relay);
    starve_each("the relays", list_relays);
    starve_each("a relay by its tool", load_of_tool);
    starve_each("alerts", load_alert);
}

/* ---- tools ---- */

static char description[64 * 1024];

static bool describe_tool(struct err *e)
{
    struct tool *t = description_parse("claude", description, strlen(description), "x.ini", e);
    description_free(t);
    return t != NULL;
}

static bool new_verdict(struct err *e)
{
    struct verdict *v = verdict_new(&tool_claude, RUN_JSON);
    if (!v)
        return err_no_memory(e);
    verdict_free(v);
    return true;
}

static bool note_override(void *ctx, const struct override *o)
{
    (void)ctx;
    (void)o;
    return true;
}

/* Without memory for its settings a client is taken to have none. */
static bool look_for_overrides(struct err *e)
{
    (void)e;
    tool_overrides(&tool_claude, note_override, NULL);
    return true;
}

static void test_tools(void **state)
{
    (void)state;
    starve_each("a tool's description", describe_tool);
    starve_each("a verdict", new_verdict);
    assert_int_equal(mkdir(in_home(".claude"), 0700), 0);
    put_file(in_home(".claude/settings.json"), "{\"apiKeyHelper\":\"x\",\"env\":{\"A\":\"b\"}}",
             0600);
    starve_each("overrides", look_for_overrides);
}

/* ---- texts ---- */

static bool edit_json(struct err *e)
{
    struct buf out;
    buf_init(&out, 4000);
    bool ok = json_span_replace(full, strlen(full), "mcpOAuth", "{}", 2, &out, e);
    buf_free(&out);
    ok = ok && json_span_remove(full, strlen(full), "mcpOAuth", &out, e);
    buf_free(&out);
    return ok;
}

static bool edit_ini(struct err *e)
{
    static const char text[] = "[a]\nx = 1\n[b]\ny = 2\n";
    const struct ini_change changes[] = {{"x", "2"}, {"z", "3"}};
    const struct ini_edit edit = {.name = "f", .section = "a", .changes = changes, .count = 2};
    struct buf out;
    buf_init(&out, 4000);
    bool ok = ini_edit(text, strlen(text), &edit, &out, e);
    buf_free(&out);
    return ok;
}

static bool write_json(struct err *e)
{
    struct buf out;
    buf_init(&out, 4000);
    jv *v = jv_object();
    jv_put_text(v, "a", "b");
    bool ok = jv_write(v, &out);
    ok = ok && jv_write_indented(v, &out);
    jv_free(v);
    buf_free(&out);
    return ok || err_no_memory(e);
}

static void test_texts(void **state)
{
    (void)state;
    starve_each("a JSON text edited", edit_json);
    starve_each("an INI text edited", edit_ini);
    starve_each("a value written", write_json);
}

/* ---- the books of an incident ---- */

static bool open_books(struct err *e)
{
    struct relay r = {.name = "claude", .machine = "m"};
    struct books b;
    snprintf(r.state_dir, sizeof r.state_dir, "%s", in_home("state"));
    if (!books_open(&r, 1000, &b, e))
        return false;
    b.incident.since = b.incident.since ? 0 : NOW;
    return books_close(&b, e);
}

static bool write_books(struct err *e)
{
    struct books b = {.sent_at = 11, .incident = {.since = NOW, .runs = 3, .openings = {NOW}}};
    struct telling t = {.kind = TELL_STILL, .at = 2000, .what = TROUBLE_RENEW, .since = 1000};
    struct buf out;
    snprintf(t.why.text, sizeof t.why.text, "why");
    b.incident.causes[TROUBLE_RUN].since = NOW;
    outbox_put(&b.outbox, "00112233aabbccdd", &t, 1u << CHANNEL_WEBHOOK);
    buf_init(&out, LIMIT_STATE);
    bool ok = books_write(&b, &out, e);
    buf_free(&out);
    return ok;
}

static void test_books(void **state)
{
    (void)state;
    starve_each("books opened and closed", open_books);
    starve_each("books written", write_books);
}

int main(void)
{
    char path[LIMIT_PATH];
    const char *tools = getenv("CREDRELAY_TOOLS"); /* gone in a world */
    snprintf(path, sizeof path, "%s/claude.ini", tools ? tools : ".");
    snprintf(description, sizeof description, "%s", file_text(path));
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_logins),        IN_WORLD(test_state), IN_WORLD(test_log),
        IN_WORLD(test_configuration), IN_WORLD(test_tools), IN_WORLD(test_texts),
        IN_WORLD(test_books),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
