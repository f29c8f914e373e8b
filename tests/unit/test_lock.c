/* The lock of our own processes and the lock of the client's kind: who waits, who gets it, and
 * that a fresh one is never broken. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lock.h"

enum { STALE_MS = 10000 };

/* ---- ours ---- */

/* Add one to the number in the file "n", without any protection of its own. */
static void add_one(void)
{
    char text[32];
    long n = strtol(file_text(in_home("n")), NULL, 10);
    clock_sleep_ms(1);
    snprintf(text, sizeof text, "%ld", n + 1);
    put_file(in_home("n"), text, 0600);
}

static int count_with_lock(const void *arg)
{
    (void)arg;
    for (int i = 0; i < 20; i++) {
        struct lock l = LOCK_NONE;
        struct err e;
        if (!lock_take(in_home("lock"), 60000, &l, &e))
            return 1;
        add_one();
        lock_release(&l);
    }
    return 0;
}

static void test_exclusion(void **state)
{
    (void)state;
    pid_t children[4];
    put_file(in_home("n"), "0", 0600);
    for (size_t i = 0; i < COUNT(children); i++)
        children[i] = forked_start(count_with_lock, NULL);
    for (size_t i = 0; i < COUNT(children); i++)
        same_int("child", forked_end(children[i]), 0);
    same_text("every one counted", file_text(in_home("n")), "80");
    same_int("mode", file_mode(in_home("lock")), 0600);
}

static int hold(const void *arg)
{
    (void)arg;
    struct lock l = LOCK_NONE;
    struct err e;
    if (!lock_take(in_home("lock"), 1000, &l, &e))
        return 1;
    put_file(in_home("held"), "", 0600);
    pause();
    return 2;
}

static void wait_for(const char *name)
{
    for (int i = 0; i < 2000 && access(in_home(name), F_OK) != 0; i++)
        clock_sleep_ms(5);
}

static void test_killed_holder(void **state)
{
    (void)state;
    struct lock l = LOCK_NONE;
    struct err e;
    char want[LIMIT_PATH + 64], hint[LIMIT_PATH + 64];
    pid_t holder = forked_start(hold, NULL);
    wait_for("held");
    int64_t began = clock_steady_ms();
    assert_false(lock_take(in_home("lock"), 100, &l, &e));
    assert_in_range(clock_steady_ms() - began, 50, 20000);
    snprintf(want, sizeof want, "another credrelay has held %s for %s", in_home("lock"), "100 ms");
    snprintf(hint, sizeof hint, "see who: fuser -v '%s'", in_home("lock"));
    same_error("busy", &e, ERR_BUSY, want, hint);
    same_int("untouched", l.fd, -1);
    assert_false(lock_take(in_home("lock"), 0, &l, &e));

    kill(holder, SIGKILL);
    same_int("killed", forked_end(holder), 128 + SIGKILL);
    began = clock_steady_ms();
    assert_true(lock_take(in_home("lock"), 60000, &l, &e));
    assert_true(clock_steady_ms() - began < 20000);
    lock_release(&l);
    lock_release(&l);
}

static void test_lock_refused(void **state)
{
    (void)state;
    struct lock l = LOCK_NONE;
    struct err e;
    assert_false(lock_take(in_home("none/lock"), 0, &l, &e));
    same_int("no folder", e.code, ERR_NOT_FOUND);
    put_file(in_home("file"), "", 0600);
    assert_int_equal(symlink("file", in_home("link")), 0);
    assert_false(lock_take(in_home("link"), 0, &l, &e));
    same_int("a link", e.code, ERR_IO);
    lock_release(&l);
}

/* ---- the client's ---- */

static void test_claim(void **state)
{
    (void)state;
    struct claim c = {.path = ""};
    struct err e;
    assert_true(claim_take(in_home("l"), 0, STALE_MS, &c, &e));
    same_text("held", c.path, in_home("l"));
    same_int("private", file_mode(in_home("l")), 0700);
    claim_release(&c);
    same_int("gone", access(in_home("l"), F_OK), -1);
    claim_release(&c);
    assert_false(claim_take(in_home("none/l"), 0, STALE_MS, &c, &e));
    same_int("no folder", e.code, ERR_NOT_FOUND);
}

static void test_claim_fresh(void **state)
{
    (void)state;
    static const int ages[] = {0, 4, -3600}; /* the last: from a clock that is ahead */
    for (size_t i = 0; i < COUNT(ages); i++) {
        struct claim c = {.path = ""};
        struct err e;
        char want[LIMIT_PATH + 64], hint[LIMIT_PATH + 64];
        assert_int_equal(mkdir(in_home("l"), 0755), 0);
        make_old(in_home("l"), ages[i]);
        int64_t began = clock_steady_ms();
        assert_false(claim_take(in_home("l"), 120, STALE_MS, &c, &e));
        assert_in_range(clock_steady_ms() - began, 119, 20000);
        snprintf(want, sizeof want, "the client has held its lock %s for %s", in_home("l"),
                 "120 ms");
        snprintf(hint, sizeof hint, "try again in a minute; if it persists: ls -ld '%s'",
                 in_home("l"));
        same_error("busy", &e, ERR_BUSY, want, hint);
        claim_release(&c);
        same_int("never broken", rmdir(in_home("l")), 0);
    }
}

static int release_soon(const void *arg)
{
    (void)arg;
    clock_sleep_ms(150);
    return rmdir(in_home("l")) != 0;
}

static void test_claim_waited_for(void **state)
{
    (void)state;
    struct claim c = {.path = ""};
    struct err e;
    assert_int_equal(mkdir(in_home("l"), 0755), 0);
    int64_t began = clock_steady_ms();
    pid_t client = forked_start(release_soon, NULL);
    assert_true(claim_take(in_home("l"), 60000, STALE_MS, &c, &e));
    assert_in_range(clock_steady_ms() - began, 149, 8000); /* it did not get stale */
    same_int("client", forked_end(client), 0);
    claim_release(&c);
}

static void test_claim_stale(void **state)
{
    (void)state;
    struct claim c = {.path = ""};
    struct err e;
    assert_int_equal(mkdir(in_home("l"), 0755), 0);
    make_old(in_home("l"), 12);
    assert_true(claim_take(in_home("l"), 0, STALE_MS, &c, &e));
    same_int("a lock of our own", file_mode(in_home("l")), 0700);
    same_int("nothing beside it", files_in(in_home("")), 1);
    claim_release(&c);

    assert_int_equal(mkdir(in_home("l"), 0755), 0);
    put_file(in_home("l/file"), "somebody's", 0600);
    make_old(in_home("l"), 12);
    char want[LIMIT_PATH + 64], hint[LIMIT_PATH + 64];
    snprintf(want, sizeof want, "cannot take over the stale lock %s: Directory not empty",
             in_home("l"));
    snprintf(hint, sizeof hint, "if nobody uses it, remove it: rm -r '%s'", in_home("l"));
    assert_false(claim_take(in_home("l"), 0, STALE_MS, &c, &e));
    same_error("not empty", &e, ERR_IO, want, hint);
    same_text("kept", file_text(in_home("l/file")), "somebody's");
    same_int("nothing beside it", files_in(in_home("")), 1);
}

/* A taker may be killed with its own folder beside the lock, or with the stale one there after the
 * exchange.  Whoever holds the lock next removes what is as old; a folder that is fresh may be of
 * a taker who lives. */
static void test_claim_swept(void **state)
{
    (void)state;
    struct claim c = {.path = ""};
    struct err e;
    static const char *const dead[] = {"l.credrelay-00000001", "l.credrelay-00000002"};
    static const char *const others[] = {"l.credrelay-00000003", "l.other", "m.credrelay-00000001"};
    for (size_t i = 0; i < COUNT(dead); i++) {
        assert_int_equal(mkdir(in_home(dead[i]), 0700), 0);
        make_old(in_home(dead[i]), 12);
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_int_equal(mkdir(in_home(others[i]), 0700), 0);
        make_old(in_home(others[i]), i == 0 ? 4 : 12);
    }
    assert_true(claim_take(in_home("l"), 0, STALE_MS, &c, &e));
    for (size_t i = 0; i < COUNT(dead); i++)
        same_int("swept", access(in_home(dead[i]), F_OK), -1);
    for (size_t i = 0; i < COUNT(others); i++)
        same_int(others[i], access(in_home(others[i]), F_OK), 0);
    claim_release(&c);
}

/* Ours was taken over while we slept (a laptop was closed): it is not ours to remove any more. */
static void test_claim_lost(void **state)
{
    (void)state;
    struct claim c = {.path = ""};
    struct err e;
    assert_true(claim_take(in_home("l"), 0, STALE_MS, &c, &e));
    assert_int_equal(rmdir(in_home("l")), 0);
    assert_int_equal(mkdir(in_home("l"), 0755), 0);
    make_old(in_home("l"), -30);
    claim_release(&c);
    same_int("the other's stays", rmdir(in_home("l")), 0);
}

/* Racers that all find one stale lock: never two inside.  "in" is made with O_EXCL by whoever
 * holds the lock, so that a second one inside would fail. */
static int race(const void *arg)
{
    (void)arg;
    for (int i = 0; i < 30; i++) {
        struct claim c = {.path = ""};
        struct err e;
        if (!claim_take(in_home("l"), 60000, STALE_MS, &c, &e))
            return 1;
        if (mkdir(in_home("in"), 0700) != 0)
            return 2;
        if (i % 3 == 0)
            clock_sleep_ms(1);
        if (rmdir(in_home("in")) != 0)
            return 3;
        if (i % 2) {
            make_old(in_home("l"), 60); /* die with it */
            continue;
        }
        claim_release(&c);
    }
    return 0;
}

static void test_claim_race(void **state)
{
    (void)state;
    pid_t children[6];
    assert_int_equal(mkdir(in_home("l"), 0755), 0);
    make_old(in_home("l"), 60);
    for (size_t i = 0; i < COUNT(children); i++)
        children[i] = forked_start(race, NULL);
    for (size_t i = 0; i < COUNT(children); i++)
        same_int("racer", forked_end(children[i]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_exclusion),   IN_WORLD(test_killed_holder), IN_WORLD(test_lock_refused),
        IN_WORLD(test_claim),       IN_WORLD(test_claim_fresh),   IN_WORLD(test_claim_waited_for),
        IN_WORLD(test_claim_stale), IN_WORLD(test_claim_lost),    IN_WORLD(test_claim_race),
        IN_WORLD(test_claim_swept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
