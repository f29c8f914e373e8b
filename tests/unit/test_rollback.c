/* An earlier login put back, against a store in memory: in which form, and what keeps it from going
 * back. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "memory_store.h"
#include "refuse.h"
#include "relay/engine.h"
#include "relay/history.h"
#include "relay/rollback.h"

static struct relay relay;

/* The login A, and then B, which this machine has and holds. */
static void two_logins(void)
{
    relay = memory_relay();
    store_shared(login_named('a', 300, false));
    store_renewable("studio", false, login_named('a', 300, true));
    store_shared(login_named('b', 480, false));
    store_renewable("mac", false, login_named('b', 480, true));
    file_has(&relay, login_named('b', 480, true));
}

static bool roll_back(int64_t version, struct rollback_report *ret, struct err *e)
{
    const struct rollback_request rq = {.version = version, .deadline = clock_steady_ms() + 10000};
    return relay_rollback(&relay, &rq, 1000, ret, e);
}

static void is_back(char name)
{
    char token[] = "sk-ant-oat01-TEST-?";
    token[strlen(token) - 1] = name;
    if (!strstr(store_has(false), token))
        same_text("the newest", store_has(false), token);
}

/* ---- in which form ---- */

static void nothing(void)
{
}

static void refused_here(void)
{
    struct session s;
    struct err e;
    struct login_facts a;
    const char *text = login_named('a', 300, true);
    assert_true(login_look(&tool_claude, text, strlen(text), &a, &e));
    assert_true(session_open(&relay, 1000, &s, &e));
    memcpy(s.state.memory.refused, a.fingerprint, sizeof a.fingerprint);
    assert_true(session_close(&s, &e));
}

static void no_history(void)
{
    store_fails(STORE_HISTORY, 1, ERR_DENIED);
}

static void no_full_history(void)
{
    store_fails(STORE_HISTORY, 2, ERR_DENIED);
}

static void renewed(void)
{
    store_shared(login_named('A', 480, false));
}

static void one_value(void)
{
    relay.plain = true;
}

static void one_value_in_full(void)
{
    relay_free(&relay);
    relay = memory_relay();
    relay.plain = true;
    store_shared(login_named('a', 300, true));
    store_shared(login_named('b', 480, true));
}

/* What an old program may have left: a refresh token where none should be. */
static void shared_in_full(void)
{
    relay_free(&relay);
    relay = memory_relay();
    store_shared(login_named('a', 300, true));
    store_shared(login_named('b', 480, false));
}

static void others_between(void)
{
    store_shared("{}");
    store_shared(login_named('a', 300, false));
    store_shared(login_named('a', 300, false));
    store_shared(login_named('c', 480, false));
}

static void test_forms(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        void (*also)(void);
        enum rollback_form form;
    } cases[] = {
        {"in full", nothing, ROLLBACK_FULL},
        {"among others", others_between, ROLLBACK_FULL},
        {"refused here", refused_here, ROLLBACK_SPENT},
        {"renewed since", renewed, ROLLBACK_SPENT},
        {"no history is told", no_history, ROLLBACK_UNKNOWN},
        {"nor whether it was there in full", no_full_history, ROLLBACK_UNKNOWN},
        {"one value without it", one_value, ROLLBACK_UNKNOWN},
        {"one value with it", one_value_in_full, ROLLBACK_FULL},
        {"a refresh token too many", shared_in_full, ROLLBACK_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rollback_report report;
        struct err e = {.text = ""};
        two_logins();
        cases[i].also();
        bool ok = roll_back(1, &report, &e);
        same_text(cases[i].what, ok ? "" : e.text, "");
        same_text(cases[i].what, rollback_form_name(report.form),
                  rollback_form_name(cases[i].form));
        is_back('a');
        same_int(cases[i].what, report.installed, true);
        relay_free(&relay);
    }
}

/* ---- it does not go back ---- */

static void another_later(void)
{
    store_shared(login_named('c', 600, false));
}

static void race(void)
{
    store_takes_all();
    store_before(STORE_PUT, 2, another_later);
}

static void no_store(void)
{
    snprintf(relay.store_url, sizeof relay.store_url, "none:");
}

static void full_not_told(void)
{
    store_fails(STORE_GET, 4, ERR_UNREACHABLE);
}

static void not_put(void)
{
    store_fails(STORE_PUT, 1, ERR_UNREACHABLE);
}

static void test_stays(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        void (*also)(void);
        enum err_code code;
        const char *text, *hint;
    } cases[] = {
        {"another came between", race, ERR_CONFLICT,
         "another machine published version 5 meanwhile, which stays",
         "look again: credrelay history"},
        {"no store", no_store, ERR_USAGE, "no such store", ""},
        {"its full form cannot be read", full_not_told, ERR_UNREACHABLE, "the store: not now", ""},
        {"it cannot be put", not_put, ERR_UNREACHABLE, "the store: not now", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rollback_report report;
        struct err e;
        two_logins();
        cases[i].also();
        assert_false(roll_back(1, &report, &e));
        same_error(cases[i].what, &e, cases[i].code, cases[i].text, cases[i].hint);
        same_int("this machine's stays", strstr(file_text(relay.login_path), "TEST-b") != NULL, 1);
        relay_free(&relay);
    }
}

/* ---- it goes back, with a warning ---- */

#define PULL         "this machine does not have the login yet"
#define NO_RENEWABLE "/login.renewable could not be put: the store: not now"

static void test_warnings(void **state)
{
    (void)state;
    static const struct {
        const char *what, *call; /* that fails from the NTH on; "": none */
        int nth;
        enum store_op op; /* and this one of the store's, with CODE */
        int nth_op;
        enum err_code code;
        const char *text; /* NULL: of the file that cannot be replaced */
    } cases[] = {
        {"it cannot be pulled", "", 0, STORE_GET, 5, ERR_UNREACHABLE, PULL},
        {"it cannot be written", "rename", EVERY, STORE_GET, 0, ERR_NONE, PULL},
        {"it cannot be remembered", "rename", 2, STORE_GET, 0, ERR_NONE, NULL},
        {"the first that is wrong counts", "rename", EVERY, STORE_PUT, 1, ERR_DENIED, NO_RENEWABLE},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rollback_report report;
        struct err e;
        two_logins();
        store_fails(cases[i].op, cases[i].nth_op, cases[i].code);
        refuse(cases[i].call, cases[i].nth, EIO);
        same_int(cases[i].what, roll_back(1, &report, &e), true);
        (void)was_refused();
        is_back('a');
        if (cases[i].text)
            same_text(cases[i].what, report.warning.text, cases[i].text);
        else
            assert_non_null(strstr(report.warning.text, "/claude.json: Input/output error"));
        relay_free(&relay);
    }
}

/* ---- the history ---- */

static void test_history(void **state)
{
    (void)state;
    static struct history h;
    struct err e;
    const struct history_request rq = {.limit = 100, .deadline = clock_steady_ms() + 10000};
    two_logins();
    store_fails(STORE_HISTORY, 1, ERR_DENIED);
    assert_false(history_read(&relay, &rq, &h, &e));
    same_text("a writer is told as it is", e.text, "the store: not now");
    relay.role = ROLE_READER;
    store_fails(STORE_HISTORY, 1, ERR_DENIED);
    assert_false(history_read(&relay, &rq, &h, &e));
    same_error("a reader", &e, ERR_DENIED,
               "this machine is a reader: its key may not read the store's history",
               "ask on a writer: credrelay history");
    no_store();
    assert_false(history_read(&relay, &rq, &h, &e));
    same_text("no store", e.text, "no such store");
    relay_free(&relay);
    two_logins();
    memset(relay.state_dir, 's', sizeof relay.state_dir - 1);
    assert_true(history_read(&relay, &rq, &h, &e));
    same_int("without what is remembered", h.version[0].rejected, false);
    same_int("here", h.version[0].here, true);
    relay_free(&relay);
}

/* ---- memory ---- */

static bool roll_back_to_the_first(struct err *e)
{
    struct rollback_report report;
    return roll_back(1, &report, e);
}

static void test_starved(void **state)
{
    (void)state;
    bool more = true;
    for (int nth = 1; more; nth++) {
        two_logins();
        more = starve_once("rolled back", roll_back_to_the_first, nth, false);
        relay_free(&relay);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_forms),   IN_WORLD(test_stays),   IN_WORLD(test_warnings),
        IN_WORLD(test_history), IN_WORLD(test_starved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
