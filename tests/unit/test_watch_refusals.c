/* Ways to a file, what is watched on them, and the watcher's account of itself, in a system that
 * says no. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "refuse.h"
#include "watch/path_walk.h"
#include "watch/presence.h"
#include "watch/sentry.h"

/* ---- ways ---- */

static bool count(void *ctx, const char *folder, const char *name, enum path_step what)
{
    (void)folder;
    (void)name;
    (void)what;
    ++*(int *)ctx;
    return true;
}

static bool stop(void *ctx, const char *folder, const char *name, enum path_step what)
{
    (void)count(ctx, folder, name, what);
    return false;
}

static void test_short_ways(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int steps;
    } cases[] = {
        {"", 0}, {"/", 0}, {"//./", 0}, {"/..", 0}, {"/../tmp/..", 1}, {"/tmp/.", 1}, {"/tmp/", 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int steps = 0;
        same_int(cases[i].path, path_walk(cases[i].path, count, &steps), true);
        same_int(cases[i].path, steps, cases[i].steps);
    }
}

static void test_ways_that_end(void **state)
{
    (void)state;
    static char path[2 * LIMIT_PATH];
    int steps = 0;
    /* Too long as it is, and with the root before it. */
    memset(path, 'x', sizeof path - 1);
    assert_false(path_walk(path, count, &steps));
    path[LIMIT_PATH - 1] = '\0';
    assert_false(path_walk(path, count, &steps));
    same_int("no step", steps, 0);
    /* Too long by what a link on it says. */
    path[200] = '\0';
    assert_int_equal(symlink(path, "l"), 0);
    snprintf(path, sizeof path, "%s", in_home("l"));
    for (size_t n = strlen(path); n + 3 < LIMIT_PATH; n += 2)
        memcpy(path + n, "/.", 3);
    assert_false(path_walk(path, count, &steps));
    /* A link that is none any more when it is read, and somebody who has seen enough. */
    refuse("readlink", 1, EINVAL);
    assert_false(path_walk(in_home("l"), count, &steps));
    assert_true(was_refused());
    steps = 0;
    assert_false(path_walk("/tmp/x", stop, &steps));
    same_int("one step", steps, 1);
}

/* ---- the sentry ---- */

static void test_blind(void **state)
{
    (void)state;
    static const struct {
        const char *what, *call;
        int nth, errnum;
        bool blind;
        const char *text, *hint;
    } cases[] = {
        {"no room for the watches of a name", "inotify_add_watch", EVERY, ENOSPC, true,
         "file changes cannot be watched: No space left on device",
         "raise the limit: sysctl fs.inotify.max_user_watches=65536"},
        {"it goes each time it is looked at", "inotify_add_watch", EVERY, ENOENT, true,
         "file changes cannot be watched: Resource temporarily unavailable", ""},
        {"it is something else each time", "inotify_add_watch", EVERY, ENOTDIR, true,
         "file changes cannot be watched: Resource temporarily unavailable", ""},
        {"it was away for a moment", "inotify_add_watch", 1, ENOENT, false, "", ""},
        /* Each watch of a name and of a place is refused, the folder's own as well. */
        {"others' folders", "inotify_add_watch", EVERY, EACCES, true,
         "file changes cannot be watched: Permission denied", ""},
        {"a folder above of others'", "inotify_add_watch", 1, EACCES, false, "", ""},
        {"no memory", "memory", 1, ENOMEM, true,
         "file changes cannot be watched: Cannot allocate memory", ""},
    };
    const char *path = in_home("d/f");
    assert_int_equal(mkdir("d", 0700), 0);
    put_file("d/f", "", 0600);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sentry s;
        struct err e;
        sentry_open(&s);
        refuse(cases[i].call, cases[i].nth, cases[i].errnum);
        sentry_arm(&s, &path, 1);
        assert_true(was_refused());
        same_int(cases[i].what, s.blind, cases[i].blind);
        if (s.blind) {
            sentry_explain(&s, &e);
            same_text(cases[i].what, e.text, cases[i].text);
            same_text(cases[i].what, e.hint, cases[i].hint);
        }
        sentry_close(&s);
    }
}

/* Two files of one folder share its watch: it is given back once. */
static void test_given_back(void **state)
{
    (void)state;
    struct sentry s;
    const char *paths[] = {in_home("d/f"), in_home("d/g")};
    assert_int_equal(mkdir("d", 0700), 0);
    sentry_open(&s);
    sentry_arm(&s, paths, 2);
    assert_int_equal(chmod("d", 0750), 0);
    same_int("rights of the folder", sentry_read(&s), 3);
    same_int("both lead elsewhere", sentry_arm(&s, paths, 0), 3);
    sentry_read(&s);
    assert_int_equal(chmod("d", 0700), 0);
    same_int("nobody is told", sentry_read(&s), 0);
    same_int("not blind", s.blind, false);
    sentry_close(&s);
}

/* ---- the account ---- */

static const struct watch_presence account = {.pid = 1,
                                              .since = 1795452612190,
                                              .version = "0.1.0",
                                              .relays = {{.name = "claude"}},
                                              .relay_count = 1};

static void test_no_place(void **state)
{
    (void)state;
    static char folder[LIMIT_PATH];
    struct watch_presence p;
    struct lock l = LOCK_NONE;
    struct err e[3];
    memset(folder, '/', LIMIT_PATH - 5);
    assert_false(watch_presence(folder, &p, &e[0]));
    assert_false(presence_take(folder, &l, &e[1]));
    assert_false(presence_save(folder, &account, &e[2]));
    for (size_t i = 0; i < COUNT(e); i++)
        same_text("too long", e[i].text,
                  "////////////////////////////////////////////////////////////////...: File "
                  "name too long");
    assert_false(presence_take(in_home("none"), &l, &e[0]));
    same_int("no such folder", e[0].code, ERR_NOT_FOUND);
    assert_int_equal(mkdir("watch.json", 0700), 0);
    assert_false(watch_presence(in_home("."), &p, &e[0]));
    same_int("a folder in its place", e[0].code, ERR_INVALID);
}

/* Something is there in its place, and it runs all the same. */
static void test_another_without_account(void **state)
{
    (void)state;
    struct lock first = LOCK_NONE, second = LOCK_NONE;
    struct err e;
    char hint[LIMIT_PATH + 64];
    assert_true(presence_take(in_home("."), &first, &e));
    assert_int_equal(mkdir("watch.json", 0700), 0);
    assert_false(presence_take(in_home("."), &second, &e));
    snprintf(hint, sizeof hint, "it does it all; see who: fuser -v '%s'/watch.lock", in_home("."));
    same_error("unknown", &e, ERR_BUSY, "another watcher is running", hint);
    lock_release(&first);
}

static struct watch_presence look(void)
{
    struct watch_presence p;
    struct err e;
    assert_true(watch_presence(in_home("."), &p, &e));
    return p;
}

static void test_odd_accounts(void **state)
{
    (void)state;
    static char text[LIMIT_WATCH_STATE + 100];
    size_t n = (size_t)snprintf(text, sizeof text, "{\"v\":1,\"pid\":7,\"relays\":[{}");
    put_file("watch.json", "{\"v\":1,\"pid\":7,\"relays\":[{\"relay\":\"x\"}]}", 0600);
    same_int("of no role", look().relays[0].role, ROLE_READER);
    for (size_t i = 0; i < MOST_RELAYS + 5; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, ",{}");
    snprintf(text + n, sizeof text - n, "]}");
    put_file("watch.json", text, 0600);
    same_int("as many as there can be", (long long)look().relay_count, MOST_RELAYS);
    memset(text, ' ', sizeof text - 1);
    put_file("watch.json", text, 0600);
    same_int("too large to be one", look().pid, 0);
}

static bool save(struct err *e)
{
    return presence_save(in_home("."), &account, e);
}

static bool read_it(struct err *e)
{
    struct watch_presence p;
    if (!watch_presence(in_home("."), &p, e))
        return false;
    same_int("whole", p.pid, account.pid);
    return true;
}

static void test_starved(void **state)
{
    (void)state;
    struct err e;
    starve_each("saved", save);
    assert_true(save(&e));
    starve_each("read", read_it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_short_ways),   IN_WORLD(test_ways_that_end),
        IN_WORLD(test_blind),        IN_WORLD(test_given_back),
        IN_WORLD(test_no_place),     IN_WORLD(test_another_without_account),
        IN_WORLD(test_odd_accounts), IN_WORLD(test_starved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
