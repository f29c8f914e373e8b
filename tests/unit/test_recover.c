/* Getting a login that works, before a run and after one that failed, against a store in memory. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "memory_store.h"
#include "refuse.h"
#include "run/recover.h"

static struct relay relay;

/* The login A is everywhere, for MINUTES; studio holds it. */
static void begin(int minutes)
{
    relay = memory_relay();
    relay.renews = false;
    store_shared(login_named('a', minutes, false));
    store_renewable("studio", false, login_named('a', minutes, true));
    file_has(&relay, login_named('a', minutes, true));
}

static struct login_facts here(void)
{
    struct login_facts f;
    look_at_login(&relay, &f);
    return f;
}

static void nothing(void)
{
}

static void end_with_1(void)
{
    _exit(1);
}

static void remember(void (*what)(struct state *s))
{
    struct session s;
    struct err e;
    assert_true(session_open(&relay, 1000, &s, &e));
    what(&s.state);
    assert_true(session_close(&s, &e));
}

/* ---- before a run ---- */

static void fruitless_now(struct state *s)
{
    s->fruitless_at = clock_wall_ms();
}

static void fruitless_long_ago(struct state *s)
{
    s->fruitless_at = clock_wall_ms() - 60000;
}

static void fruitless_tomorrow(struct state *s)
{
    s->fruitless_at = clock_wall_ms() + 86400000;
}

static void never(struct state *s)
{
    s->fruitless_at = 0;
}

/* At most every half minute; a time that is yet to come is from a clock since put right. */
static void test_asks_again(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        void (*last)(struct state *s);
        bool asks;
    } cases[] = {{"never", never, true},
                 {"just now", fruitless_now, false},
                 {"a minute ago", fruitless_long_ago, true},
                 {"tomorrow", fruitless_tomorrow, true}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct start start;
        begin(-10);
        store_shared(login_named('b', 300, false));
        remember(cases[i].last);
        preflight(&relay, &start);
        same_int(cases[i].what, start.pulled, cases[i].asks);
        relay_free(&relay);
    }
}

static void entrust(struct state *s)
{
    const struct login_facts a = here();
    memcpy(s->memory.entrusted, a.fingerprint, sizeof a.fingerprint);
}

static void entrust_and_claim(struct state *s)
{
    entrust(s);
    memcpy(s->memory.claimed, s->memory.entrusted, sizeof s->memory.claimed);
}

/* A client that is about to refresh must not, with a refresh token that others may be sending. */
static void test_laid_down(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int minutes;
        void (*remembered)(struct state *s);
        const char *writers, *refused;
        bool stays;
    } cases[] = {
        {"the store has it as well", 4, entrust, "", "", false},
        {"nobody else has it", 4, never, "", "", true},
        {"claimed by this machine", 4, entrust_and_claim, "", "", true},
        {"there is time left", 300, entrust, "", "", true},
        {"this machine is the only one", 4, entrust, "mac", "", true},
        {"it cannot be replaced", 4, entrust, "", "rename", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct start start;
        begin(cases[i].minutes);
        remember(cases[i].remembered);
        snprintf(relay.writers, sizeof relay.writers, "%s", cases[i].writers);
        refuse(cases[i].refused, 1, EIO);
        preflight(&relay, &start);
        same_int(cases[i].what, was_refused(), cases[i].refused[0] != '\0');
        same_int(cases[i].what, start.login.renewable, cases[i].stays);
        same_int(cases[i].what, here().renewable, cases[i].stays);
        relay_free(&relay);
    }
}

/* Where nothing can be remembered nothing is known, and the run goes on. */
static void test_no_state(void **state)
{
    (void)state;
    struct start start;
    begin(4);
    snprintf(relay.state_dir, sizeof relay.state_dir, "%s",
             in_home(".claude/.credentials.json/none"));
    preflight(&relay, &start);
    same_int("as it was", start.login.renewable, true);
    note_login(&relay, &start.login, false);
    memset(relay.state_dir, '/', sizeof relay.state_dir - 5);
    preflight(&relay, &start);
    same_int("as it was", start.login.renewable, true);
    relay_free(&relay);
}

/* ---- what is known to be refused ---- */

static void test_noted(void **state)
{
    (void)state;
    static const struct {
        bool login, works, doubtful;
    } steps[] = {
        {true, true, false}, {true, false, true},   {false, true, true},
        {true, true, false}, {false, false, false},
    };
    begin(300);
    snprintf(relay.store_url, sizeof relay.store_url, "none:");
    for (size_t i = 0; i < COUNT(steps); i++) {
        const struct login_facts none = {.state = LOGIN_ABSENT}, a = here();
        struct start start;
        note_login(&relay, steps[i].login ? &a : &none, steps[i].works);
        preflight(&relay, &start);
        same_int("doubtful", start.doubtful, steps[i].doubtful);
    }
    relay_free(&relay);
}

/* ---- after one that failed ---- */

static void test_recover(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        char file, store, refused; /* by now; refused: the file's as well, 'b' */
        int minutes;               /* that the failed login had left */
        const char *why;           /* NULL: there is another login */
    } cases[] = {
        {"others have brought it", 'b', 'a', 0, 300, NULL},
        {"the store has it", 'a', 'b', 0, 300, NULL},
        {"others have brought one that is refused as well", 'b', 'a', 'b', 300,
         "neither this machine nor the store has a login that works"},
        {"nobody has", 'a', 'a', 0, 300,
         "neither this machine nor the store has a login that works"},
        /* Over by another clock: whoever renews it is given time. */
        {"nobody renews it", 'a', 'a', 0, 4,
         "neither this machine nor the store has a login that works"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = {.text = ""};
        begin(cases[i].minutes);
        relay.recover_wait_ms = 100;
        relay.renews = cases[i].minutes < 10;
        const struct login_facts failed = here();
        file_has(&relay, login_named(cases[i].file, cases[i].minutes, true));
        if (cases[i].store != 'a')
            store_shared(login_named(cases[i].store, 300, false));
        if (cases[i].refused) {
            const struct login_facts b = here();
            note_login(&relay, &b, false);
        }
        forked_as(nothing);
        bool ok = recover(&relay, &failed, clock_wall_ms() - 1000, &e);
        forked_as(NULL);
        same_text(cases[i].what, ok ? NULL : e.text, cases[i].why);
        relay_free(&relay);
    }
}

/* ---- beside ---- */

static void test_beside(void **state)
{
    (void)state;
    static const struct {
        const char *what, *call;
        int errnum;
        void (*child)(void);
        bool started, found;
    } cases[] = {
        {"no process", "fork", EAGAIN, nothing, false, false},
        {"found", "", 0, nothing, true, true},
        {"not found", "", 0, end_with_1, true, false},
    };
    begin(300);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct login_facts a = here();
        siginfo_t info;
        forked_as(cases[i].child);
        refuse(cases[i].call, 1, cases[i].errnum);
        pid_t pid = recover_beside(&relay, &a);
        (void)was_refused();
        same_int(cases[i].what, pid > 0, cases[i].started);
        if (pid > 0)
            assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
        same_int(cases[i].what, recovered_beside(pid), cases[i].found);
        same_int("told once", recovered_beside(pid), false);
    }
    forked_as(NULL);
    relay_free(&relay);
}

static void test_renewed_beside(void **state)
{
    (void)state;
    static const struct {
        const char *call;
        int errnum;
        bool remains;
    } cases[] = {{"", 0, false},
                 {"fork", EAGAIN, false},
                 {"waitpid", EINTR, false},
                 {"waitpid", ECHILD, true}};
    begin(4);
    relay.renews = true;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int status;
        forked_as(nothing);
        refuse(cases[i].call, 1, cases[i].errnum);
        renew_beside(&relay);
        (void)was_refused();
        same_int(cases[i].call, waitpid(-1, &status, 0) > 0, cases[i].remains);
    }
    forked_as(NULL);
    relay_free(&relay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_asks_again),     IN_WORLD(test_laid_down), IN_WORLD(test_no_state),
        IN_WORLD(test_noted),          IN_WORLD(test_recover),   IN_WORLD(test_beside),
        IN_WORLD(test_renewed_beside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
