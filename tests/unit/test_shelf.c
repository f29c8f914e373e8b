/* Both values of a store, while others put theirs: who wins is the newest afterwards. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "memory_store.h"
#include "relay/shelf.h"

static struct relay relay;
static struct shelf shelf;
static struct memory memory;

/* The store has A, held by HOLDER, and has been looked at. */
static void begin(const char *holder)
{
    struct err e;
    relay = memory_relay();
    memset(&memory, 0, sizeof memory);
    store_shared(login_named('a', 300, false));
    store_renewable(holder, false, login_named('a', 300, true));
    assert_true(shelf_open(&relay, clock_steady_ms() + 100000, NULL, &shelf, &e));
    assert_true(shelf_look(&shelf, &memory, &e));
}

static void end(void)
{
    shelf_close(&shelf);
    relay_free(&relay);
}

static struct login parsed(const char *text)
{
    struct login l;
    struct err e;
    assert_true(login_parse(&tool_claude, text, strlen(text), &l, &e));
    return l;
}

static bool publish(const char *text, struct err *e)
{
    struct login l = parsed(text);
    struct err warning = {.code = ERR_NONE};
    bool ok = shelf_publish(&shelf, &l, &warning, e);
    login_free(&l);
    return ok;
}

static void newest_is(const char *what, bool renewable, char name)
{
    char token[] = "sk-ant-oat01-TEST-?";
    token[strlen(token) - 1] = name;
    if (!strstr(store_has(renewable), token))
        same_text(what, store_has(renewable), token);
}

/* ---- what is there already is not put again ---- */

static void claimed_by_us(void)
{
    store_renewable("mac", true, login_named('a', 300, true));
}

static void bare(void)
{
    store_renewable("mac", false, login_named('a', 300, false));
}

static void another(void)
{
    store_renewable("mac", false, login_named('b', 200, true));
}

static void one_value(void)
{
    relay.plain = true;
}

static void one_value_in_full(void)
{
    relay.plain = true;
    store_shared(login_named('a', 300, true));
}

static void test_published_again(void **state)
{
    (void)state;
    static const struct {
        const char *what, *holder;
        void (*also)(void);
        bool renewable; /* the login published has its refresh token */
        unsigned puts;
    } cases[] = {
        {"as it is there", "mac", NULL, true, 0},
        {"another's", "studio", NULL, true, 1},
        {"claimed", "mac", claimed_by_us, true, 1},
        {"without its refresh token", "mac", bare, true, 1},
        {"without it here as well", "mac", bare, false, 0},
        {"of another login", "mac", another, true, 1},
        {"one value, and it lacks the refresh token", "mac", one_value, true, 1},
        {"one value, and nobody has it", "mac", one_value, false, 0},
        {"one value, with it", "mac", one_value_in_full, true, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e;
        begin(cases[i].holder);
        if (cases[i].also)
            cases[i].also();
        shelf.fresh = false;
        assert_true(shelf_look(&shelf, &memory, &e));
        unsigned before = shelf.writes;
        assert_true(publish(login_named('a', 300, cases[i].renewable), &e));
        same_int(cases[i].what, shelf.writes - before, cases[i].puts);
        end();
    }
}

/* ---- races, in a store that takes whatever comes ---- */

static void later(void)
{
    store_renewable("studio", false, login_named('c', 600, true));
    store_shared(login_named('c', 600, false));
}

static void garbage(void)
{
    store_shared("{}");
}

static void a_crowd(void)
{
    for (int i = 0; i < 20; i++)
        store_shared(login_named('b', 400, false));
    store_shared(login_named('c', 600, false));
}

/* Each later than the one before: by its name, which its month goes by. */
static void more_and_more(void)
{
    static char name = 'd';
    store_shared(login_named(name++, 600, false));
    store_before(STORE_PUT, 1, more_and_more);
}

static void test_races(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        void (*others)(void); /* before the put of the shared value */
        char wins;
    } cases[] = {
        {"nobody else", NULL, 'b'},
        {"a later login", later, 'c'},
        {"what is no login", garbage, 'b'},
        {"more than are looked at", a_crowd, 'c'},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e;
        begin("mac");
        store_takes_all();
        if (cases[i].others)
            store_before(STORE_PUT, 2, cases[i].others);
        assert_true(publish(login_named('b', 480, true), &e));
        newest_is(cases[i].what, false, cases[i].wins);
        end();
    }
}

/* The winner's renewable value, which ours has covered, is put back where it can be read. */
static void then_shared(void)
{
    store_shared(login_named('c', 600, false));
}

static void then_shared_and_no_more(void)
{
    then_shared();
    store_fails(STORE_GET, 2, ERR_UNREACHABLE);
}

static void renewable_first(void)
{
    store_renewable("studio", false, login_named('c', 600, true));
    store_before(STORE_PUT, 1, then_shared);
}

static void renewable_first_and_no_more(void)
{
    store_renewable("studio", false, login_named('c', 600, true));
    store_before(STORE_PUT, 1, then_shared_and_no_more);
}

static void test_the_winners_value(void **state)
{
    (void)state;
    static const struct {
        void (*others)(void); /* before the put of the renewable value */
        char renewable;
    } cases[] = {{renewable_first, 'c'}, {renewable_first_and_no_more, 'b'}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e;
        begin("mac");
        store_takes_all();
        store_before(STORE_PUT, 1, cases[i].others);
        assert_true(publish(login_named('b', 480, true), &e));
        newest_is("the shared one", false, 'c');
        newest_is("the renewable one", true, cases[i].renewable);
        end();
    }
}

static void test_no_end(void **state)
{
    (void)state;
    struct err e;
    begin("mac");
    store_takes_all();
    store_before(STORE_PUT, 2, more_and_more);
    assert_true(publish(login_named('b', 480, true), &e));
    assert_in_range(shelf.writes, 16, 20); /* and then it is left to the others */
    end();
}

static void test_unreadable_race(void **state)
{
    (void)state;
    struct err e;
    begin("mac");
    store_takes_all();
    store_shared(login_named('c', 600, false));
    store_fails(STORE_GET, 1, ERR_UNREACHABLE);
    assert_false(publish(login_named('b', 480, true), &e));
    same_text("why", e.text, "the store: not now");
    end();
}

/* ---- a race that is settled by the next sync: B was put on top of version 1, and nobody heard of it ---- */

static void test_settled_afterwards(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int between; /* minutes that C has, put between the two; 0: nobody did */
        enum store_op fails;
        enum err_code code;
        char wins, renewable;
    } cases[] = {
        {"nobody else", 0, STORE_GET, ERR_NONE, 'b', 'b'},
        {"a later login", 600, STORE_GET, ERR_NONE, 'c', 'c'},
        {"it cannot be read", 600, STORE_GET, ERR_UNREACHABLE, 'b', 'b'},
        {"it cannot be put back", 600, STORE_PUT, ERR_UNREACHABLE, 'b', 'b'},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e;
        begin("mac");
        store_takes_all();
        if (cases[i].between) {
            store_renewable("studio", false, login_named('c', cases[i].between, true));
            store_shared(login_named('c', cases[i].between, false));
        }
        store_renewable("mac", false, login_named('b', 480, true));
        store_shared(login_named('b', 480, false));
        shelf.fresh = false;
        assert_true(shelf_look(&shelf, &memory, &e));
        if (cases[i].code != ERR_NONE)
            store_fails(cases[i].fails, 1, cases[i].code);
        same_int(cases[i].what, shelf_settle(&shelf, 1, &e), cases[i].code == ERR_NONE);
        newest_is(cases[i].what, false, cases[i].wins);
        newest_is(cases[i].what, true, cases[i].renewable);
        end();
    }
}

/* B was kept from the renewable value, which C's machine has claimed since: that stays. */
static void test_settled_beside_a_claim(void **state)
{
    (void)state;
    struct err e;
    begin("mac");
    store_takes_all();
    store_renewable("studio", false, login_named('c', 600, true));
    store_shared(login_named('c', 600, false));
    store_renewable("studio", true, login_named('c', 600, true));
    store_shared(login_named('b', 480, false));
    shelf.fresh = false;
    assert_true(shelf_look(&shelf, &memory, &e));
    int64_t version = shelf.renewable.facts.version;
    assert_true(shelf_settle(&shelf, 1, &e));
    newest_is("the shared value", false, 'c');
    shelf.fresh = false;
    assert_true(shelf_look(&shelf, &memory, &e));
    same_int("nothing was put", shelf.renewable.facts.version, version);
    same_int("the claim", shelf.renewable.facts.renewing, true);
    end();
}

/* ---- what counts ---- */

static void test_what_counts(void **state)
{
    (void)state;
    struct err e;
    begin("studio");
    for (int i = 0; i < 20; i++)
        store_renewable("tower", true, login_named('a', 300, true));
    shelf.fresh = false;
    assert_true(shelf_look(&shelf, &memory, &e));
    same_text("the first of the claims that are looked at", shelf.renewable.facts.holder, "tower");
    same_int("claimed", shelf.renewable.facts.renewing, true);
    same_int("what a put is on top of", shelf.renewable.facts.version, 21);
    end();
    begin("studio");
    store_renewable("tower", false, "{\"x\":1}");
    shelf.fresh = false;
    assert_true(shelf_look(&shelf, &memory, &e));
    same_text("below what is no login", shelf.renewable.facts.holder, "studio");
    end();
}

/* Who comes too late still asks, for the shortest time there is. */
static void test_too_late(void **state)
{
    (void)state;
    struct err e;
    begin("mac");
    shelf.fresh = false;
    shelf.deadline = clock_steady_ms() - 1000;
    assert_true(shelf_look(&shelf, &memory, &e));
    same_int("ms given", store_time_given(), 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_published_again),
        IN_WORLD(test_races),
        IN_WORLD(test_the_winners_value),
        IN_WORLD(test_no_end),
        IN_WORLD(test_unreadable_race),
        IN_WORLD(test_what_counts),
        IN_WORLD(test_too_late),
        IN_WORLD(test_settled_afterwards),
        IN_WORLD(test_settled_beside_a_claim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
