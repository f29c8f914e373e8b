/* The watcher's own account of itself: STATE/watch.lock and STATE/watch.json. */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "watch/presence.h"

static struct watch_presence sample(void)
{
    struct watch_presence p = {.pid = 4711, .since = 1795452612190, .version = "0.1.0"};
    p.relays[0] = (struct watch_relay){
        .name = "claude",
        .role = ROLE_WRITER,
        .synced_at = 1795452612191,
        .did = "publish",
        .why = "successor",
        .due = 1795453512191,
        .version = 7,
        .holder = "studio",
        .fingerprint = "0011223344556677889900112233445566778899001122334455667788990011",
        .expires_at = 1795481412190,
        .deadline = 1797981412190,
        .renewable = true,
        .told = {.deadline = 1797981412190, .days = 7},
    };
    p.relays[1] = (struct watch_relay){
        .name = "work",
        .role = ROLE_READER,
        .failing_since = 1795452612200,
        .error = "unreachable",
        .text = "Parameter Store: no answer within 10 s",
        .hint = "try again",
        .unpublished = true,
    };
    p.relay_count = 2;
    return p;
}

static struct watch_presence look(void)
{
    struct watch_presence p;
    struct err e;
    assert_true(watch_presence(in_home("."), &p, &e));
    return p;
}

static void test_what_is_saved_is_read(void **state)
{
    (void)state;
    struct watch_presence p = sample();
    struct err e;
    assert_true(presence_save(in_home("."), &p, &e));
    same_int("mode", file_mode("watch.json"), 0600);
    struct watch_presence back = look();
    same_int("running", back.running, false);
    char was[4096];
    snprintf(was, sizeof was, "%s", file_text("watch.json"));
    assert_int_equal(unlink("watch.json"), 0);
    assert_true(presence_save(in_home("."), &back, &e));
    same_text("there and back", file_text("watch.json"), was);
    same_text("known", watch_relay_of(&back, "work")->error, "unreachable");
    assert_null(watch_relay_of(&back, "nosuch"));
}

static void test_it_is_written_only_when_something_changed(void **state)
{
    (void)state;
    struct watch_presence p = sample();
    struct stat before, after;
    struct err e;
    assert_true(presence_save(in_home("."), &p, &e));
    assert_int_equal(stat("watch.json", &before), 0);
    assert_true(presence_save(in_home("."), &p, &e));
    assert_int_equal(stat("watch.json", &after), 0);
    same_int("the same file", (long long)after.st_ino, (long long)before.st_ino);
    p.relays[1].due = 1;
    assert_true(presence_save(in_home("."), &p, &e));
    same_int("due", look().relays[1].due, 1);
}

static void test_a_damaged_file_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "{", "[]", "{\"v\":2,\"pid\":5}",
                                        "{\"relays\":[1,{}]}"};
    same_int("no file", look().pid, 0);
    for (size_t i = 0; i < COUNT(texts); i++) {
        put_file("watch.json", texts[i], 0600);
        struct watch_presence p = look();
        same_int(texts[i], p.pid, 0);
        same_int(texts[i], (long long)p.relay_count, 0);
    }
}

static void test_there_is_one_watcher(void **state)
{
    (void)state;
    struct watch_presence p = sample();
    struct lock first = LOCK_NONE, second = LOCK_NONE;
    struct err e;
    same_int("before", look().running, false);
    assert_true(presence_take(in_home("."), &first, &e));
    same_int("lock", file_mode("watch.lock"), 0600);
    same_int("while it runs", look().running, true);
    assert_false(presence_take(in_home("."), &second, &e));
    same_int("nothing known of it", e.code, ERR_BUSY);
    same_text("nothing known of it", e.text, "another watcher is running");
    assert_true(presence_save(in_home("."), &p, &e));
    assert_false(presence_take(in_home("."), &second, &e));
    same_error("another", &e, ERR_BUSY,
               "another watcher is running: process 4711, since 2026-11-23T16:50:12.190Z",
               "it does it all; to end it: kill 4711");
    lock_release(&first);
    same_int("after", look().running, false);
    assert_true(presence_take(in_home("."), &second, &e));
    lock_release(&second);
}

/* Whoever looks keeps no watcher from starting. */
static void test_a_look_is_no_watcher(void **state)
{
    (void)state;
    struct lock l = LOCK_NONE;
    struct err e;
    assert_true(presence_take(in_home("."), &l, &e));
    same_int("the first look", look().running, true);
    lock_release(&l);
    same_int("the second", look().running, false);
    assert_true(presence_take(in_home("."), &l, &e));
    lock_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_what_is_saved_is_read),
        IN_WORLD(test_it_is_written_only_when_something_changed),
        IN_WORLD(test_a_damaged_file_is_none),
        IN_WORLD(test_there_is_one_watcher),
        IN_WORLD(test_a_look_is_no_watcher),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
