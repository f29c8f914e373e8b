/* What the watcher's process finds out for it, against a store in memory. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/lock.h"
#include "memory_store.h"
#include "refuse.h"
#include "relay/engine.h"
#include "watch/duty.h"

static struct relay relay;

static struct login_facts facts_of(const char *text)
{
    struct login_facts f;
    struct err e;
    assert_true(login_look(&tool_claude, text, strlen(text), &f, &e));
    return f;
}

/* A server has refused this login on this machine. */
static void reject(const char *text)
{
    const struct login_facts f = facts_of(text);
    struct session s;
    struct err e;
    assert_true(session_open(&relay, 1000, &s, &e));
    memory_reject(&s.state.memory, f.fingerprint, clock_wall_ms());
    assert_true(session_close(&s, &e));
}

static struct duty_report perform(enum duty what, const struct standing *before)
{
    struct duty_order o = {.what = what, .relay = &relay, .attempt_ms = 10000};
    struct duty_report report;
    o.judged.file.failed = -1;
    if (before)
        o.standing = *before;
    duty_perform(&o, &report);
    return report;
}

/* ---- a sync that the store answers ---- */

struct there {
    char shared, renewable, local, rejected; /* names of logins; 0: none */
    const char *holder;
    int minutes;
    bool renewing, bare_here, reader;
};

static void begin(const struct there *t)
{
    relay = memory_relay();
    if (t->shared)
        store_shared(login_named(t->shared, t->minutes, false));
    if (t->renewable)
        store_renewable(t->holder, t->renewing, login_named(t->renewable, t->minutes, true));
    if (t->local)
        file_has(&relay, login_named(t->local, t->minutes, !t->bare_here));
    if (t->rejected)
        reject(login_named(t->rejected, t->minutes, true));
    relay.role = t->reader ? ROLE_READER : ROLE_WRITER;
}

static const struct {
    const char *what;
    struct there there;
    bool here, full_here, lacking, claimed, holds, renewable;
} synced[] = {
    {"ours",
     {'a', 'a', 'a', 0, "mac", 300, false, false, false},
     true,
     true,
     false,
     false,
     true,
     true},
    {"studio's",
     {'a', 'a', 'a', 0, "studio", 300, false, true, false},
     true,
     false,
     false,
     false,
     false,
     true},
    {"studio renews it",
     {'a', 'a', 'a', 0, "studio", 4, true, true, false},
     true,
     false,
     false,
     true,
     false,
     true},
    {"this machine renews it",
     {'a', 'a', 'a', 0, "mac", 4, true, true, false},
     true,
     false,
     false,
     false,
     true,
     true},
    {"pulled",
     {'a', 'a', 0, 0, "studio", 300, false, false, false},
     true,
     false,
     false,
     false,
     false,
     true},
    {"nothing anywhere",
     {0, 0, 0, 0, "", 300, false, false, false},
     false,
     false,
     true,
     false,
     false,
     false},
    {"refused by the server",
     {'a', 'a', 'a', 'a', "studio", 300, false, true, false},
     false,
     false,
     true,
     false,
     false,
     true},
    {"a reader's own",
     {0, 0, 'b', 0, "", 300, false, true, true},
     true,
     false,
     false,
     false,
     false,
     false},
};

static void test_synced(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(synced); i++) {
        begin(&synced[i].there);
        const struct duty_report r = perform(DUTY_SYNC, NULL);
        const struct schedule_facts *f = &r.standing.facts;
        same_text(synced[i].what, r.ok ? "" : r.failure.text, "");
        same_int(synced[i].what, f->here, synced[i].here);
        same_int(synced[i].what, f->full_here, synced[i].full_here);
        same_int(synced[i].what, f->lacking, synced[i].lacking);
        same_int(synced[i].what, f->claimed, synced[i].claimed);
        same_int(synced[i].what, f->place == PLACE_HOLDER, synced[i].holds);
        same_int(synced[i].what, f->renewable, synced[i].renewable);
        relay_free(&relay);
    }
}

/* ---- one that it does not ---- */

static const struct {
    const char *what;
    char local; /* 0: none */
    int minutes;
    bool bare_here, rejected;
    char counted;     /* what counted before; 0: nothing is known */
    bool full_before; /* and it was here in full */
    bool unpublished, here, full_here, lacking;
} failed[] = {
    {"made here", 'b', 300, false, false, 'a', false, true, true, false, false},
    {"made here, and nothing known", 'b', 300, false, false, 0, false, true, true, false, false},
    {"the same as before", 'a', 300, false, false, 'a', true, true, true, true, false},
    {"without its refresh token by now", 'a', 300, true, false, 'a', true, true, true, false,
     false},
    {"expired", 'b', -10, false, false, 'a', true, false, false, false, false},
    {"refused by the server", 'a', 300, false, true, 'a', true, false, false, false, true},
    {"gone", 0, 300, false, false, 'a', true, false, false, false, true},
};

static void test_failed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(failed); i++) {
        struct standing before = {.facts.full_here = failed[i].full_before};
        begin(&(struct there){.local = failed[i].local,
                              .minutes = failed[i].minutes,
                              .bare_here = failed[i].bare_here});
        if (failed[i].rejected)
            reject(login_named(failed[i].local, 300, true));
        if (failed[i].counted)
            memcpy(before.fingerprint,
                   facts_of(login_named(failed[i].counted, 300, true)).fingerprint,
                   sizeof before.fingerprint);
        store_fails(STORE_GET, 1, ERR_UNREACHABLE);
        const struct duty_report r = perform(DUTY_SYNC, &before);
        const struct schedule_facts *f = &r.standing.facts;
        same_int(failed[i].what, r.ok, false);
        same_text(failed[i].what, r.failure.text, "the store: not now");
        same_int(failed[i].what, f->unpublished, failed[i].unpublished);
        same_int(failed[i].what, f->here, failed[i].here);
        same_int(failed[i].what, f->full_here, failed[i].full_here);
        same_int(failed[i].what, f->lacking, failed[i].lacking);
        relay_free(&relay);
    }
}

/* ---- may it renew? ---- */

static void test_can_renew(void **state)
{
    (void)state;
    static const struct tool mute = {.name = "mute", .product = "Mute"};
    static const struct {
        bool renews, own_command, tool_has_one, can;
    } cases[] = {
        {true, false, true, true},   {true, true, true, true},  {false, true, true, false},
        {true, false, false, false}, {true, true, false, true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        begin(&(struct there){.minutes = 0});
        const struct tool *claude = relay.tool;
        relay.renews = cases[i].renews;
        snprintf(relay.renew_command, sizeof relay.renew_command, "%s",
                 cases[i].own_command ? "renew it" : "");
        store_fails(STORE_GET, 1, ERR_UNREACHABLE);
        if (!cases[i].tool_has_one) {
            struct tool without = *claude;
            memcpy(without.renew, mute.renew, sizeof without.renew);
            relay.tool = &without;
            same_int("can", perform(DUTY_SYNC, NULL).standing.facts.renews, cases[i].can);
        } else {
            same_int("can", perform(DUTY_SYNC, NULL).standing.facts.renews, cases[i].can);
        }
        relay.tool = claude;
        relay_free(&relay);
    }
}

/* ---- warnings ---- */

static void test_warnings(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        enum err_code put; /* of the renewable value */
        int rename;        /* the one that fails: the first notes the put; 0: none */
        const char *text;
    } cases[] = {
        {"the renewable value", ERR_DENIED, 0,
         "/login.renewable could not be put: the store: not now"},
        {"the state", ERR_NONE, 2, "/claude.json: Input/output error"},
        {"both", ERR_DENIED, 2, "/login.renewable could not be put: the store: not now"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        begin(&(struct there){.local = 'a', .minutes = 300});
        store_fails(STORE_PUT, 1, cases[i].put);
        if (cases[i].put == ERR_NONE)
            store_fails(STORE_PUT, 0, ERR_NONE);
        if (cases[i].rename)
            refuse("rename", cases[i].rename, EIO);
        const struct duty_report r = perform(DUTY_CHANGE, NULL);
        (void)was_refused();
        same_int(cases[i].what, r.ok, true);
        same_text(cases[i].what, action_name(r.did.action), "publish");
        if (!strstr(r.warning.text, cases[i].text))
            same_text(cases[i].what, r.warning.text, cases[i].text);
        relay_free(&relay);
    }
}

/* Nothing was to be done, and that could not be remembered. */
static void test_warning_alone(void **state)
{
    (void)state;
    begin(&(struct there){'a', 'a', 'a', 0, "mac", 300, false, false, false});
    refuse("rename", 1, EIO);
    const struct duty_report r = perform(DUTY_SYNC, NULL);
    assert_true(was_refused());
    same_text("done", action_name(r.did.action), "nothing");
    assert_non_null(strstr(r.warning.text, "/claude.json: Input/output error"));
    assert_non_null(strstr(file_text(".local/state/credrelay/events.jsonl"), "\"warning\":"));
    relay_free(&relay);
}

/* ---- a change that cannot be looked at ---- */

static void test_no_memory(void **state)
{
    (void)state;
    begin(&(struct there){.local = 'a', .minutes = 300});
    starve(1, true);
    const struct duty_report r = perform(DUTY_CHANGE, NULL);
    assert_true(was_refused());
    same_int("not done", r.ok, false);
    same_text("why", r.failure.text, "out of memory");
    same_int("the store was not asked", r.synced, false);
    relay_free(&relay);
}

/* ---- another renews, and waiting ---- */

static void test_another_renews(void **state)
{
    (void)state;
    struct lock other = LOCK_NONE;
    struct err e;
    begin(&(struct there){'a', 'a', 'a', 0, "mac", 4, false, true, false});
    snprintf(relay.renew_command, sizeof relay.renew_command, "/bin/true");
    assert_true(lock_take(in_home(".local/state/credrelay/claude.renew.lock"), 0, &other, &e));
    const struct duty_report r = perform(DUTY_RENEW, NULL);
    lock_release(&other);
    same_text("so be it", renewal_name(r.renewal.outcome), "overtaken");
    same_text("why", r.renewal.why.text, "another process of this machine's renews it now");
    same_int("synced", r.ok, true);
    same_int("nobody has to act", duty_renewal_failed(&r), false);
    relay_free(&relay);
}

static void test_wait(void **state)
{
    (void)state;
    static const struct {
        const char *what, *url;
        int64_t version;
        bool ok, newer;
    } cases[] = {
        {"it is newer", "memory:", 0, true, true},
        {"none came", "memory:", 1, true, false},
        {"no store", "none:", 1, false, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct standing before = {.version = cases[i].version};
        begin(&(struct there){.shared = 'a', .minutes = 300});
        snprintf(relay.store_url, sizeof relay.store_url, "%s", cases[i].url);
        const struct duty_report r = perform(DUTY_WAIT, &before);
        same_int(cases[i].what, r.ok, cases[i].ok);
        same_int(cases[i].what, r.newer, cases[i].newer);
        same_text(cases[i].what, r.failure.text, cases[i].ok ? "" : "no such store");
        relay_free(&relay);
    }
}

/* ---- what a report means ---- */

static void test_outcomes(void **state)
{
    (void)state;
    static const bool fails[RENEWAL_COUNT + 1] = {[RENEWAL_COUNT] = true,
                                                  [RENEWAL_NOTHING] = true,
                                                  [RENEWAL_FAILED] = true,
                                                  [RENEWAL_REFUSED] = true};
    for (int outcome = 0; outcome <= RENEWAL_COUNT; outcome++)
        for (int renews = 0; renews < 2; renews++) {
            const struct duty_report r = {.renews = renews,
                                          .renewal.outcome = (enum renewal)outcome};
            same_int("failed", duty_renewal_failed(&r), renews && fails[outcome]);
            same_int("published", duty_published(&r), renews && outcome == RENEWAL_DONE);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_synced),         IN_WORLD(test_failed),    IN_WORLD(test_can_renew),
        IN_WORLD(test_warnings),       IN_WORLD(test_no_memory), IN_WORLD(test_warning_alone),
        IN_WORLD(test_another_renews), IN_WORLD(test_wait),      cmocka_unit_test(test_outcomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
