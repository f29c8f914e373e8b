/* The claim, taken and given back: what others may have done in the moment before, and what fails. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "memory_store.h"
#include "refuse.h"
#include "relay/claim.h"
#include "relay/engine.h"

static struct relay relay;
static struct session session;
static struct sync_report seen;

/* The login A, soon to be renewed, is here and in the store, whose holder HOLDER is. */
static void begin(const char *holder, bool renewing)
{
    struct err e;
    relay = memory_relay();
    store_shared(login_named('a', 4, false));
    store_renewable(holder, renewing, login_named('a', 4, true));
    file_has(&relay, login_named('a', 4, false));
    assert_true(session_open(&relay, 1000, &session, &e));
    const struct sync_request rq = {.deadline = clock_steady_ms() + 10000};
    assert_true(session_sync(&session, &rq, &seen, &e));
    same_int("in step", seen.stands.reason, WHY_SAME);
}

static void end(void)
{
    struct err ignored;
    session_close(&session, &ignored);
    relay_free(&relay);
}

static bool claim_as(const struct claim_request *how, struct login *ret, struct err *e)
{
    struct claim_request rq = *how;
    rq.seen = &seen;
    rq.deadline = clock_steady_ms() + 10000;
    return claim_login(&session, &rq, ret, e);
}

static bool refresh_token_is_here(void)
{
    return strstr(file_text(relay.login_path), "sk-ant-ort01-TEST-") != NULL;
}

/* ---- taking ---- */

static void another_login(void)
{
    store_shared(login_named('b', 480, false));
}

static void bare_only(void)
{
    store_renewable("studio", false, login_named('a', 4, false));
}

static void another_in_full(void)
{
    store_renewable("studio", false, login_named('b', 480, true));
}

static void claimed_by_studio(void)
{
    store_renewable("studio", true, login_named('a', 4, true));
}

static void held_by_tower(void)
{
    store_renewable("tower", false, login_named('a', 4, true));
}

#define MEANWHILE "claude: the login was changed by others meanwhile"
#define FASTER    "another machine was faster to claim the login"

static void test_what_others_did(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        enum store_op op;
        int nth;
        void (*others)(void);
        const char *text;
    } cases[] = {
        {"published", STORE_GET, 1, another_login, MEANWHILE},
        {"laid it down", STORE_GET, 1, bare_only, MEANWHILE},
        {"began to publish", STORE_GET, 2, another_in_full, MEANWHILE},
        {"claimed it", STORE_GET, 1, claimed_by_studio, MEANWHILE},
        {"took it over", STORE_GET, 1, held_by_tower, MEANWHILE},
        {"claimed it in that very moment", STORE_PUT, 1, claimed_by_studio,
         "the store: another version is there"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct login full;
        struct err e;
        begin("studio", false);
        store_before(cases[i].op, cases[i].nth, cases[i].others);
        assert_false(claim_as(&(struct claim_request){.force = false}, &full, &e));
        same_text(cases[i].what, e.text, cases[i].text);
        same_int(cases[i].what, e.code, ERR_CONFLICT);
        same_int("no refresh token is here", refresh_token_is_here(), false);
        same_text("nothing is remembered", session.state.memory.claimed, "");
        end();
    }
}

/* A store that takes whatever comes says afterwards who came between. */
static void test_a_race(void **state)
{
    (void)state;
    struct login full;
    struct err e;
    begin("studio", false);
    store_takes_all();
    store_before(STORE_PUT, 1, claimed_by_studio);
    assert_false(claim_as(&(struct claim_request){.force = false}, &full, &e));
    same_error("faster", &e, ERR_CONFLICT, FASTER, "");
    same_int("no refresh token is here", refresh_token_is_here(), false);
    end();
}

static void test_held_by_another(void **state)
{
    (void)state;
    static const struct {
        bool force;
        enum store_op op;
        int nth;
        enum err_code fails;     /* ERR_NONE: it does not */
        const char *text, *hint; /* NULL: it is claimed */
    } cases[] = {
        {false, STORE_GET, 0, ERR_NONE, "studio renews this login now",
         "if that machine is lost: credrelay renew --force"},
        {true, STORE_GET, 0, ERR_NONE, NULL, NULL},
        /* First that claim is given back, then looked at, then ours is put. */
        {true, STORE_PUT, 1, ERR_UNREACHABLE, "the store: not now", ""},
        {true, STORE_GET, 4, ERR_UNREACHABLE, "the store: not now", ""},
        {true, STORE_PUT, 2, ERR_UNREACHABLE, "the store: not now", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct login full;
        struct err e;
        begin("studio", true);
        store_fails(cases[i].op, cases[i].nth, cases[i].fails);
        bool ok = claim_as(&(struct claim_request){.force = cases[i].force}, &full, &e);
        same_int("claimed", ok, cases[i].text == NULL);
        same_int("its refresh token is here", refresh_token_is_here(), ok);
        if (ok) {
            assert_non_null(strstr(store_has(true), "{\"holder\":\"mac\",\"renewing\":true,"));
            login_free(&full);
        } else {
            same_text("why", e.text, cases[i].text);
            same_text("why", e.hint, cases[i].hint);
        }
        end();
    }
}

/* A claim of ours: gone on with where it is remembered; else only after whatever is still on its way
 * has had its time. */
static void test_our_own(void **state)
{
    (void)state;
    static const struct {
        bool remembered;
        int fails; /* the get that does; 0: none */
        bool ok;
    } cases[] = {{true, 0, true}, {false, 0, true}, {false, 4, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct login full;
        struct err e;
        begin("mac", true);
        relay.timeout_ms = 10;
        const char *a = seen.shared.fingerprint;
        snprintf(session.state.memory.claimed, FINGERPRINT_SIZE, "%s",
                 cases[i].remembered ? a : "");
        store_fails(STORE_GET, cases[i].fails, ERR_UNREACHABLE);
        bool ok = claim_as(&(struct claim_request){.force = false}, &full, &e);
        same_int("gone on with", ok, cases[i].ok);
        if (!ok)
            same_text("why not", e.text, "the store: not now");
        same_text("remembered", session.state.memory.claimed, ok || cases[i].remembered ? a : "");
        if (ok)
            login_free(&full);
        end();
    }
}

static void logged_in(void)
{
    file_has(&relay, login_named('c', 480, true));
}

/* Claimed in the store, and then this machine says no. */
static void test_not_here(void **state)
{
    (void)state;
    static const struct {
        const char *call;
        int64_t expires_at;
        const char *text;
    } cases[] = {
        {"rename", 0, "cannot replace "},
        {"logged in", 0, "/.credentials.json was changed by somebody else meanwhile"},
        {"logged in", 1795464776123, "/.credentials.json was changed by somebody else meanwhile"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct login full;
        struct err e;
        begin("studio", false);
        if (strcmp(cases[i].call, "rename") == 0)
            refuse("rename", 1, EIO);
        else
            store_before(STORE_PUT, 1, logged_in);
        assert_false(
            claim_as(&(struct claim_request){.expires_at = cases[i].expires_at}, &full, &e));
        (void)was_refused();
        if (!strstr(e.text, cases[i].text))
            same_text(cases[i].call, e.text, cases[i].text);
        same_int("claimed", strstr(store_has(true), "\"renewing\":true") != NULL, true);
        end();
    }
    struct login full;
    struct err e;
    begin("studio", false);
    snprintf(relay.store_url, sizeof relay.store_url, "none:");
    assert_false(claim_as(&(struct claim_request){.force = false}, &full, &e));
    same_text("no store", e.text, "no such store");
    end();
}

/* ---- giving back ---- */

static struct login claimed(void)
{
    struct login full;
    struct err e;
    begin("studio", false);
    assert_true(claim_as(&(struct claim_request){.force = false}, &full, &e));
    return full;
}

static void test_lay_down(void **state)
{
    (void)state;
    static const struct {
        const char *what, *file; /* NULL: none; "": as it is */
        const char *call;        /* that fails */
        const char *text;        /* NULL: laid down */
    } cases[] = {
        {"as it is", "", "", NULL},
        {"no login here", NULL, "", NULL},
        {"another login here", "b", "", "claude: another login is here by now"},
        {"it cannot be replaced", "", "rename", "cannot replace "},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e;
        struct login full = claimed();
        if (!cases[i].file)
            unlink(relay.login_path);
        else if (cases[i].file[0])
            file_has(&relay, login_named(cases[i].file[0], 480, true));
        refuse(cases[i].call, 1, EIO);
        bool ok = claim_lay_down(&session, &full, &e);
        (void)was_refused();
        same_int(cases[i].what, ok, cases[i].text == NULL);
        if (!ok && !strstr(e.text, cases[i].text))
            same_text(cases[i].what, e.text, cases[i].text);
        same_int(cases[i].what, refresh_token_is_here(), !ok);
        same_text(cases[i].what, session.state.memory.claimed, ok ? "" : full.facts.fingerprint);
        login_free(&full);
        end();
    }
}

static void claimed_by_us_late(void)
{
    store_renewable("mac", true, login_named('a', 4, true));
}

static void taken_by_studio(void)
{
    held_by_tower();
    claimed_by_studio();
}

static void test_give_back(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        enum store_op op;
        int nth;
        void (*others)(void); /* NULL: it fails */
        const char *text;     /* NULL: given back, or not ours any more */
        const char *has;      /* at the beginning of the renewable value */
    } cases[] = {
        {"ours", STORE_GET, 0, NULL, NULL, "{\"holder\":\"mac\",\"login\":"},
        {"it cannot be looked at", STORE_GET, 1, NULL, "the store: not now",
         "{\"holder\":\"mac\",\"renewing\":true,"},
        {"it cannot be put", STORE_PUT, 1, NULL, "the store: not now",
         "{\"holder\":\"mac\",\"renewing\":true,"},
        {"no claim any more", STORE_GET, 1, held_by_tower, NULL, "{\"holder\":\"tower\","},
        {"given back and claimed by another", STORE_GET, 1, taken_by_studio, NULL,
         "{\"holder\":\"studio\",\"renewing\":true,"},
        /* Of two claims the first counts: it was ours. */
        {"claimed by another as well", STORE_GET, 1, claimed_by_studio, NULL,
         "{\"holder\":\"mac\",\"login\":"},
        {"of another login by now", STORE_GET, 1, another_login, NULL,
         "{\"holder\":\"mac\",\"renewing\":true,"},
        {"others were faster", STORE_PUT, 1, claimed_by_studio, NULL, "{\"holder\":\"studio\","},
        {"a claim that came late", STORE_PUT, 1, claimed_by_us_late, NULL,
         "{\"holder\":\"mac\",\"renewing\":true,"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e;
        struct login full = claimed();
        if (cases[i].others)
            store_before(cases[i].op, cases[i].nth, cases[i].others);
        else
            store_fails(cases[i].op, cases[i].nth, ERR_UNREACHABLE);
        bool ok = claim_give_back(&session, clock_steady_ms() + 10000, &e);
        same_int(cases[i].what, ok, cases[i].text == NULL);
        if (!ok)
            same_text(cases[i].what, e.text, cases[i].text);
        if (strncmp(store_has(true), cases[i].has, strlen(cases[i].has)) != 0)
            same_text(cases[i].what, store_has(true), cases[i].has);
        login_free(&full);
        end();
    }
}

/* ---- memory ---- */

static struct login full_login = LOGIN_INIT(LOGIN_ABSENT);

static void held_by_studio(void)
{
    begin("studio", false);
}

static void claimed_here(void)
{
    full_login = claimed();
}

static bool take(struct err *e)
{
    return claim_as(&(struct claim_request){.expires_at = 1795464776123}, &full_login, e);
}

static bool lay_down(struct err *e)
{
    return claim_lay_down(&session, &full_login, e);
}

static bool give_back(struct err *e)
{
    return claim_give_back(&session, clock_steady_ms() + 10000, e);
}

/* Each allocation fails once; what is left of it is looked at by the tests above and by sanitizers. */
static void test_starved(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        void (*before)(void);
        bool (*step)(struct err *e);
    } cases[] = {{"taken", held_by_studio, take},
                 {"laid down", claimed_here, lay_down},
                 {"given back", claimed_here, give_back}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool more = true;
        for (int nth = 1; more; nth++) {
            cases[i].before();
            more = starve_once(cases[i].what, cases[i].step, nth, false);
            login_free(&full_login);
            end();
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_what_others_did), IN_WORLD(test_a_race),   IN_WORLD(test_held_by_another),
        IN_WORLD(test_our_own),         IN_WORLD(test_not_here), IN_WORLD(test_lay_down),
        IN_WORLD(test_give_back),       IN_WORLD(test_starved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
