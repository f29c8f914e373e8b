/* Ways to a file, and everything that can happen on them. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watch/path_walk.h"
#include "watch/sentry.h"

extern char **environ;

static void shell(const char *commands)
{
    const char *argv[] = {"sh", "-ec", commands, NULL};
    pid_t pid;
    int status;
    assert_int_equal(posix_spawn(&pid, "/bin/sh", NULL, NULL, (char *const *)argv, environ), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    same_int(commands, status, 0);
}

/* ---- the way ---- */

/* "folder name what, ..." with HOME as "~". */
static bool note(void *ctx, const char *folder, const char *name, enum path_step what)
{
    static const char *const words[] = {"through", "link", "end", "missing"};
    char *line = ctx;
    const char *home = in_home("");
    size_t n = strlen(line), skip = strlen(home) - 1;
    bool below = strncmp(folder, home, skip) == 0;
    if (below) /* what is above the home is the machine's */
        snprintf(line + n, 1024 - n, "%s~%s %s %s", n ? ", " : "", folder + skip, name,
                 words[what]);
    return true;
}

struct way {
    const char *what;
    const char *make; /* shell commands in the home */
    const char *path;
    const char *steps; /* NULL: the walk fails */
};

static const struct way ways[] = {
    {"a file", "mkdir d; : >d/f", "d/f", "~ d through, ~/d f end"},
    {"a folder at its end", "mkdir -p d/f", "d/f", "~ d through, ~/d f end"},
    {"no file", "mkdir d", "d/f", "~ d through, ~/d f missing"},
    {"no folder", "true", "d/e/f", "~ d missing"},
    {"a file in the way", ": >d", "d/f", "~ d missing"},
    {"a link to a file elsewhere", "mkdir d e; : >e/g; ln -s ../e/g d/f", "d/f",
     "~ d through, ~/d f link, ~ e through, ~/e g end"},
    {"a link to nothing", "mkdir d; ln -s ../e/g d/f", "d/f",
     "~ d through, ~/d f link, ~ e missing"},
    {"a link that is absolute", "mkdir d e; : >e/g; ln -s \"$HOME/e/g\" d/f", "d/f",
     "~ d through, ~/d f link, ~ e through, ~/e g end"},
    {"the folder is a link", "mkdir e; : >e/f; ln -s e d", "d/f",
     "~ d link, ~ e through, ~/e f end"},
    {"links to links", "mkdir d; ln -s b d/a; ln -s c d/b; : >d/c", "d/a",
     "~ d through, ~/d a link, ~/d b link, ~/d c end"},
    {"as Kubernetes does it", "mkdir -p d/..1; : >d/..1/f; ln -s ..1 d/..data; ln -s ..data/f d/f",
     "d/f", "~ d through, ~/d f link, ~/d ..data link, ~/d ..1 through, ~/d/..1 f end"},
    {"dots and slashes", "mkdir d; : >d/f", ".//d/../d/./f", "~ d through, ~ d through, ~/d f end"},
    {"a link to itself", "ln -s f f", "f", NULL},
};

static void test_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ways); i++) {
        char steps[1024] = "";
        shell(ways[i].make);
        bool ok = path_walk(in_home(ways[i].path), note, steps);
        same_int(ways[i].what, ok, ways[i].steps != NULL);
        if (ways[i].steps)
            same_text(ways[i].what, steps, ways[i].steps);
        shell("rm -rf ./*");
    }
}

/* ---- the sentry ---- */

/* Within a generous time. */
static uint32_t told(struct sentry *s)
{
    uint32_t touched = 0;
    struct pollfd fd = {.fd = sentry_fd(s), .events = POLLIN};
    while (!touched && poll(&fd, 1, 20000) > 0)
        touched = sentry_read(s);
    return touched;
}

/* Nothing is there that is not there at once: inotify and kqueue tell before the call returns. */
static bool silent(struct sentry *s)
{
    return sentry_read(s) == 0;
}

struct change {
    const char *what;
    const char *before, *change; /* shell commands in the home */
    const char *path;
};

static const struct change changes[] = {
    {"created", "mkdir d", ": >d/f", "d/f"},
    {"renamed over", "mkdir d; : >d/f; : >d/new", "mv d/new d/f", "d/f"},
    {"renamed over from elsewhere", "mkdir d; : >d/f; : >new", "mv new d/f", "d/f"},
    {"rewritten in place", "mkdir d; : >d/f", "echo x >d/f", "d/f"},
    {"appended to", "mkdir d; : >d/f", "echo x >>d/f", "d/f"},
    {"rights", "mkdir d; : >d/f", "chmod 400 d/f", "d/f"},
    {"removed", "mkdir d; : >d/f", "rm d/f", "d/f"},
    {"moved away", "mkdir d; : >d/f", "mv d/f d/g", "d/f"},
    {"by another name of the file", "mkdir d; : >g; ln g d/f", "echo x >g", "d/f"},
    {"the folder is made", "true", "mkdir d", "d/e/f"},
    {"the folder above is made", "mkdir d", "mkdir d/e", "d/e/f"},
    {"the folder is moved away", "mkdir d; : >d/f", "mv d e", "d/f"},
    {"the folder is removed", "mkdir d", "rmdir d", "d/f"},
    {"a folder above is moved away", "mkdir -p d/e; : >d/e/f", "mv d g", "d/e/f"},
    {"a link is retargeted", "mkdir d; : >a; : >b; ln -s ../a d/f", "ln -sfn ../b d/f", "d/f"},
    {"the target of a link is renamed over", "mkdir d e; : >e/g; : >new; ln -s ../e/g d/f",
     "mv new e/g", "d/f"},
    {"the target of a link is made", "mkdir d e; ln -s ../e/g d/f", ": >e/g", "d/f"},
    {"the target's folder is made", "mkdir d; ln -s ../e/g d/f", "mkdir e", "d/f"},
    {"the folder's link is retargeted", "mkdir a b; : >a/f; : >b/f; ln -s a d", "ln -sfn b d",
     "d/f"},
    {"as Kubernetes does it",
     "mkdir -p d/..1 d/..2; : >d/..1/f; : >d/..2/f; ln -s ..1 d/..data; ln -s ..data/f d/f",
     "ln -s ..2 d/tmp; mv -T d/tmp d/..data", "d/f"},
};

static void test_every_change_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(changes); i++) {
        struct sentry s;
        const char *path = in_home(changes[i].path);
        shell(changes[i].before);
        sentry_open(&s);
        sentry_arm(&s, &path, 1);
        same_int(changes[i].what, s.blind, false);
        same_int(changes[i].what, silent(&s), true);
        shell(changes[i].change);
        same_int(changes[i].what, told(&s), 1);
        /* Armed once more, it is quiet until the next one. */
        sentry_arm(&s, &path, 1);
        sentry_read(&s);
        same_int(changes[i].what, silent(&s), true);
        sentry_close(&s);
        shell("rm -rf ./*");
    }
}

static void test_neighbours_are_not_told(void **state)
{
    (void)state;
    struct sentry s;
    const char *path = in_home("d/f");
    shell("mkdir -p d/sub; : >d/f; : >d/busy");
    sentry_open(&s);
    sentry_arm(&s, &path, 1);
    shell("echo x >d/busy; : >d/other; rm d/other; : >d/sub/f; : >home");
    assert_true(silent(&s));
    /* Nor even woken: what is written into a file beside is not watched. */
    sentry_read(&s);
    struct pollfd fd = {.fd = sentry_fd(&s), .events = POLLIN};
    shell("echo x >>d/busy; : >another");
    same_int("woken", poll(&fd, 1, 0), 0);
    sentry_close(&s);
}

static void test_each_path_has_its_bit(void **state)
{
    (void)state;
    struct sentry s;
    const char *paths[] = {in_home("d/f"), in_home("d/g"), in_home("e/f")};
    shell("mkdir d; : >d/f; : >d/g");
    sentry_open(&s);
    sentry_arm(&s, paths, 3);
    shell("echo x >d/g");
    same_int("the second", told(&s), 2);
    shell("mkdir e");
    same_int("the third", told(&s), 4);
    sentry_arm(&s, paths, 3);
    shell("mv d away");
    same_int("both in the folder", told(&s), 3);
    sentry_close(&s);
}

/* Two relays of one login, and a third that goes there by a link. */
static void test_paths_to_one_file(void **state)
{
    (void)state;
    struct sentry s;
    const char *paths[] = {in_home("d/f"), in_home("d/f"), in_home("l")};
    shell("mkdir d; : >d/f; ln -s d/f l");
    sentry_open(&s);
    sentry_arm(&s, paths, 3);
    shell("echo x >d/f");
    same_int("written", told(&s), 7);
    sentry_arm(&s, paths, 3);
    shell("echo y >d/new; mv d/new d/f");
    same_int("replaced", told(&s), 7);
    sentry_close(&s);
}

/* What was told of a folder that is not on the way any more is told to nobody. */
static void test_who_leads_elsewhere_is_told_by_the_arming(void **state)
{
    (void)state;
    struct sentry s;
    const char *paths[] = {in_home("d/f"), in_home("e/f")};
    shell("mkdir d e; : >d/f; : >e/f");
    sentry_open(&s);
    same_int("at first", sentry_arm(&s, paths, 2), 0);
    shell("echo x >d/f");
    same_int("the first", told(&s), 1);
    shell("mv e away; mkdir e; echo x >e/f");
    same_int("and meanwhile the second", sentry_arm(&s, paths, 2), 2);
    same_int("of which nothing comes", sentry_read(&s), 0);
    same_int("nor again", sentry_arm(&s, paths, 2), 0);
    sentry_close(&s);
}

/* A home that was watched for the folder to be made is not listened to after that. */
static void test_what_is_watched_no_more_is_quiet(void **state)
{
    (void)state;
    struct sentry s;
    const char *path = in_home("d/f");
    sentry_open(&s);
    sentry_arm(&s, &path, 1);
    shell("mkdir d");
    same_int("made", told(&s), 1);
    sentry_arm(&s, &path, 1);
    sentry_read(&s);
    struct pollfd fd = {.fd = sentry_fd(&s), .events = POLLIN};
    shell(": >another");
    same_int("woken by the home", poll(&fd, 1, 0), 0);
    shell("mv d e; mkdir d; : >d/f");
    same_int("moved and remade", told(&s), 1);
    sentry_arm(&s, &path, 1);
    sentry_read(&s);
    shell("echo x >e/f");
    same_int("the folder that is elsewhere", silent(&s), true);
    shell("echo x >d/f");
    same_int("the new one", told(&s), 1);
    sentry_close(&s);
}

/* More than the system keeps is told as "something". */
static void test_an_overflow_is_told(void **state)
{
    (void)state;
    struct sentry s;
    const char *paths[] = {in_home("d/f"), in_home("e/f")};
    assert_int_equal(mkdir("d", 0700), 0);
    sentry_open(&s);
    sentry_arm(&s, paths, 2);
    FILE *limit = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
    long most = 0;
    if (!limit || fscanf(limit, "%ld", &most) != 1 || most > 100000)
        most = 0;
    if (limit)
        (void)fclose(limit);
    /* Two names in turn, so that the kernel cannot merge them; neither is ours. */
    for (long i = 0; i < most / 2 + 2; i++) {
        put_file("d/a", "", 0600);
        assert_int_equal(unlink("d/a"), 0);
    }
    if (most)
        same_int("all of them", sentry_read(&s), UINT32_MAX);
    assert_int_equal(mkdir("e", 0700), 0);
    assert_true(told(&s) & 2);
    sentry_close(&s);
}

static void test_a_system_that_cannot_watch_makes_it_blind(void **state)
{
    (void)state;
    struct sentry s;
    struct rlimit before, none = {.rlim_cur = 0};
    const char *path = in_home("f");
    struct err e;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    sentry_open(&s);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    same_int("blind", s.blind, true);
    same_int("descriptor", sentry_fd(&s), -1);
    sentry_arm(&s, &path, 1);
    same_int("nothing", sentry_read(&s), 0);
    sentry_explain(&s, &e);
    same_error("why", &e, ERR_IO, "file changes cannot be watched: Too many open files",
               "raise the limit: sysctl fs.inotify.max_user_instances=1024");
    sentry_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_ways),
        IN_WORLD(test_every_change_is_told),
        IN_WORLD(test_neighbours_are_not_told),
        IN_WORLD(test_each_path_has_its_bit),
        IN_WORLD(test_paths_to_one_file),
        IN_WORLD(test_who_leads_elsewhere_is_told_by_the_arming),
        IN_WORLD(test_what_is_watched_no_more_is_quiet),
        IN_WORLD(test_an_overflow_is_told),
        IN_WORLD(test_a_system_that_cannot_watch_makes_it_blind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
