/* The checks of doctor on a system that says no, and what --fix does where somebody was faster. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor/check.h"
#include "refuse.h"

static struct findings found;

/* The row of that name. */
static const struct check *check_called(const char *name)
{
    const struct check *c;
    for (size_t i = 0; (c = check_at(i)); i++)
        if (strcmp(c->name, name) == 0)
            return c;
    fail_msg("no check is called %s", name);
    return NULL;
}

/* "broken label: detail -> hint", a line each, with "~" for the home; of what NAME finds in STATE. */
static const char *looked(const char *name, const struct relay *r, const char *state)
{
    static char text[8192];
    const char *home = in_home("");
    const struct check *c = check_called(name);
    struct visit v = {.relay = r, .state_dir = state, .check = c, .findings = &found};
    struct buf out;
    findings_free(&found);
    c->look(&v);
    buf_init(&out, sizeof text - 1);
    for (size_t i = 0; i < found.count; i++) {
        const struct finding *f = &found.list[i];
        buf_printf(&out, "%s %s: %s%s%s\n", found_name(f->found), f->label, f->detail,
                   f->hint[0] ? " -> " : "", f->hint);
    }
    snprintf(text, sizeof text, "%s", buf_str(&out));
    buf_free(&out);
    for (char *at; (at = strstr(text, home));) {
        memmove(at + 2, at + strlen(home), strlen(at + strlen(home)) + 1);
        memcpy(at, "~/", 2);
    }
    return text;
}

static int no_findings(void **state)
{
    findings_free(&found);
    return world_remove(state);
}

#define LOOKING(test) cmocka_unit_test_setup_teardown(test, world_make, no_findings)

/* ---- --fix ---- */

static void somebody_elses(void)
{
    assert_int_equal(chown(in_home("x"), 12345, 12345), 0);
}

static void test_mend_mode(void **state)
{
    (void)state;
    static const struct {
        const char *what, *call;
        int errnum;
        const char *why; /* NULL: it is mended */
    } rows[] = {
        {"open to others", NULL, 0, NULL},
        {"it is gone", "open", ENOENT, "No such file or directory"},
        {"a link took its place", "open", ELOOP, "Too many levels of symbolic links"},
        {"it cannot be looked at", "fstat", EIO, "Input/output error"},
        {"the file system is read-only", "fchmod", EROFS, "Read-only file system"},
        {"somebody else's took its place", "open", 0, "Operation not permitted"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct finding f = {.path = (char *)in_home("x"), .excess = 077};
        struct err e = {.text = ""};
        char want[LIMIT_PATH + 64];
        put_file(in_home("x"), "", 0664);
        if (rows[i].call && !rows[i].errnum && geteuid() != 0)
            continue; /* nobody else can give a file away */
        if (rows[i].call && !rows[i].errnum)
            before(rows[i].call, somebody_elses);
        else if (rows[i].call)
            refuse(rows[i].call, 1, rows[i].errnum);
        bool ok = mend_mode(&f, &e);
        assert_true(!rows[i].call || was_refused());
        same_int(rows[i].what, ok, !rows[i].why);
        same_int(rows[i].what, file_mode(in_home("x")), ok ? 0600 : 0664);
        snprintf(want, sizeof want, "%s: %s", in_home("x"), ok ? "" : rows[i].why);
        same_text(rows[i].what, ok ? f.detail : e.text,
                  ok ? "~/x had mode 0664, has 0600 now" : want);
        unlink(in_home("x"));
    }
}

/* What has no mend of its own, or nothing to work on, stays what it was. */
static void test_what_is_mended(void **state)
{
    (void)state;
    static const struct {
        const char *check, *name;
        enum found before, after;
        const char *detail;
    } rows[] = {
        {"state", "x", FOUND_BROKEN, FOUND_MENDED, "~/x had mode 0644, has 0600 now"},
        {"state", "gone", FOUND_BROKEN, FOUND_BROKEN,
         "it is; it could not be mended: HOME/gone: No such file or directory"},
        {"state", "x", FOUND_FINE, FOUND_FINE, "it is"},
        {"log", "x", FOUND_BROKEN, FOUND_BROKEN, "it is"},
        {"state", NULL, FOUND_BROKEN, FOUND_BROKEN, "it is"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char want[LIMIT_PATH + 100];
        const char *at = strstr(rows[i].detail, "HOME/");
        put_file(in_home("x"), "", 0644);
        findings_free(&found);
        struct finding *f = findings_add(&found);
        f->check = rows[i].check;
        f->found = rows[i].before;
        f->excess = 077;
        snprintf(f->detail, sizeof f->detail, "it is");
        if (rows[i].name)
            note_path(f, in_home(rows[i].name));
        checks_mend(&found);
        snprintf(want, sizeof want, "%.*s%s%s",
                 (int)(at ? at - rows[i].detail : (ptrdiff_t)strlen(rows[i].detail)),
                 rows[i].detail, at ? in_home("") : "", at ? at + 5 : "");
        same_text(rows[i].detail, f->detail, want);
        same_text(rows[i].detail, found_name(f->found), found_name(rows[i].after));
    }
}

/* Then it is for a person to mend. */
static void test_no_memory_for_a_path(void **state)
{
    (void)state;
    struct finding f = {.path = NULL};
    starve(1, false);
    note_path(&f, "/x");
    assert_true(was_refused());
    assert_null(f.path);
}

static void test_no_room_for_a_finding(void **state)
{
    (void)state;
    struct visit v = {
        .state_dir = in_home("state"), .check = check_called("state"), .findings = &found};
    assert_int_equal(mkdir(in_home("state"), 0755), 0);
    while (findings_add(&found))
        ;
    v.check->look(&v); /* it would have a path to mend */
    same_int("as many as there may be", (long long)found.count, MOST_FINDINGS);
}

/* ---- folders and files ---- */

static void test_state(void **state)
{
    (void)state;
    static const struct {
        const char *what, *call;
        int nth, errnum;
        const char *expect;
    } rows[] = {
        {"all is well", NULL, 0, 0,
         "fine state folder: ~/state\nfine state files: 5, and only their owner can open them\n"},
        {"none", "stat", 1, ENOENT, "fine state folder: none yet: the first sync makes it\n"},
        {"it cannot be reached", "stat", 1, EACCES,
         "broken state folder: ~/state cannot be used: Permission denied -> "
         "it must be a folder of yours: ls -ld ~/state\n"},
        {"it cannot be used", "access", 1, EROFS,
         "broken state folder: ~/state cannot be used: Read-only file system -> "
         "it must be a folder of yours: ls -ld ~/state\n"},
        {"a file goes while it is looked at", "lstat", 1, ENOENT,
         "fine state folder: ~/state\nfine state files: 0, and only their owner can open them\n"},
        {"it cannot be listed", "opendir", 1, EMFILE,
         "fine state folder: ~/state\nfine state files: 0, and only their owner can open them\n"},
    };
    for (const char *const *path = (const char *const[]){"state", "state/a", "state/a/b",
                                                         "state/a/b/c", "state/a/b/c/d", NULL};
         *path; path++)
        assert_int_equal(mkdir(in_home(*path), 0700), 0);
    put_file(in_home("state/a/b/f"), "", 0600);
    put_file(in_home("state/a/b/c/d/too-deep"), "", 0666);
    assert_int_equal(symlink("/etc/passwd", in_home("state/a/link")), 0);
    put_file(in_home("state/a/g"), "", 0600);
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (rows[i].call)
            refuse(rows[i].call, rows[i].nth, rows[i].errnum);
        same_text(rows[i].what, looked("state", NULL, in_home("state")), rows[i].expect);
        assert_true(!rows[i].call || was_refused());
    }
    same_text("a file is in its place", looked("state", NULL, in_home("state/a/g")),
              "broken state folder: ~/state/a/g cannot be used: Not a directory -> "
              "it must be a folder of yours: ls -ld ~/state/a/g\n");
    same_text("a file is above it", looked("state", NULL, in_home("state/a/g/state")),
              "broken state folder: ~/state/a/g/state cannot be used: Not a directory -> "
              "it must be a folder of yours: ls -ld ~/state/a/g/state\n");
}

static void test_configuration(void **state)
{
    (void)state;
    static char long_path[LIMIT_PATH];
    put_file(in_home("x.conf"), "[claude]\n", 0666);
    assert_int_equal(setenv("CREDRELAY_CONFIG", "x.conf", 1), 0);
    same_text("of this folder, and said once", looked("configuration", NULL, "/"),
              "broken configuration: others can change x.conf (mode 0666) -> chmod go-w x.conf\n");
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[0] = '/';
    assert_int_equal(unsetenv("CREDRELAY_CONFIG") | setenv("XDG_CONFIG_HOME", long_path, 1), 0);
    const char *said = looked("configuration", NULL, "/");
    assert_int_equal(strncmp(said, "broken configuration: /xxx", 26), 0);
    assert_non_null(strstr(said, "...: File name too long\n"));
}

static void test_log(void **state)
{
    (void)state;
    static char long_path[LIMIT_PATH];
    same_text("none", looked("log", NULL, in_home("")), "fine log: nothing has happened yet\n");
    put_file(in_home("events.jsonl"), "x", 0600);
    same_text("one", looked("log", NULL, in_home("")), "fine log: 1 KiB in 1 file\n");
    refuse("access", 1, EROFS);
    same_text("read-only", looked("log", NULL, in_home("")),
              "broken log: ~//events.jsonl cannot be written: Read-only file system -> "
              "chmod 600 ~//events.jsonl\n");
    assert_true(was_refused());
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[0] = '/';
    assert_non_null(strstr(looked("log", NULL, long_path), "...: File name too long\n"));
}

/* ---- space ---- */

static void test_where_space_is_looked_for(void **state)
{
    (void)state;
    struct relay r = {.login_path = "nowhere/x"};
    snprintf(r.state_dir, sizeof r.state_dir, "/nowhere-credrelay/state");
    const char *said = looked("space", NULL, r.state_dir);
    assert_non_null(strstr(said, " space: ")); /* of the root, which is there */
    same_text("of a file system that counts neither", looked("space", NULL, "/proc"),
              "broken space: 0 KiB free at /proc -> see what can go: df -h /proc\n");
    said = looked("space", &r, "/proc");
    assert_non_null(strstr(said, " space for logins: ")); /* of the folder this is run in */
}

/* ---- the client ---- */

static void test_versions(void **state)
{
    (void)state;
    static const struct {
        const char *script, *expect; /* of the version alone */
    } rows[] = {
        {"echo 2.1.99", "warning client version: 2.1.99: up to 2.1.100 it is old -> update It\n"},
        {"echo 2.1.100", "warning client version: 2.1.100: up to 2.1.100 it is old -> update It\n"},
        {"echo 2.1", "warning client version: 2.1: up to 2.1.100 it is old -> update It\n"},
        {"echo 2.1.100.1", "fine client version: 2.1.100.1\n"},
        {"echo It 3", "fine client version: 3\n"},
        {"echo 10.0", "fine client version: 10.0\n"},
        {"echo 2..1", "warning client version: 2..1: up to 2.1.100 it is old -> update It\n"},
        {"echo none",
         "warning client version: it cannot be told: it says no number -> try it: it -v\n"},
        {"exit 3",
         "warning client version: it cannot be told: it did not end well -> try it: it -v\n"},
        {"kill -9 $$",
         "warning client version: it cannot be told: it did not end well -> try it: it -v\n"},
    };
    static const struct tool it = {.product = "It",
                                   .program = "it",
                                   .version = {"it", "-v"},
                                   .remarks = {{"2.1.100", "it is old"}}};
    const struct relay r = {.tool = &it};
    assert_int_equal(mkdir(in_home("bin"), 0700), 0);
    assert_int_equal(setenv("PATH", in_home("bin"), 1), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char script[200];
        snprintf(script, sizeof script, "#!/bin/sh\n%s\n", rows[i].script);
        put_file(in_home("bin/it"), script, 0700);
        const char *said = looked("client", &r, "/"), *first = "fine client: ~/bin/it\n";
        assert_int_equal(strncmp(said, first, strlen(first)), 0);
        same_text(rows[i].script, said + strlen(first), rows[i].expect);
    }
}

/* A remark whose version is not a number to its end, and tools that say no version at all. */
static void test_odd_tools(void **state)
{
    (void)state;
    static const struct tool beta = {.product = "It",
                                     .program = "it",
                                     .version = {"it"},
                                     .remarks = {{"2.1-beta", "it is old"}}},
                             silent = {.product = "It", .program = "it"};
    const struct relay r = {.tool = &beta}, none = {.tool = &silent};
    assert_int_equal(mkdir(in_home("bin"), 0700), 0);
    assert_int_equal(setenv("PATH", in_home("bin"), 1), 0);
    put_file(in_home("bin/it"), "#!/bin/sh\necho 2.1\n", 0700);
    same_text("beta", looked("client", &r, "/"),
              "fine client: ~/bin/it\n"
              "warning client version: 2.1: up to 2.1-beta it is old -> update It\n");
    same_text("no version", looked("client", &none, "/"), "fine client: ~/bin/it\n");
    put_file(in_home("bin/it"), "#!/nowhere/sh\n", 0700);
    const char *said = looked("client", &r, "/");
    assert_non_null(strstr(said, "warning client version: it cannot be told: "));
    assert_non_null(strstr(said, " -> try it: it \n"));
}

static void test_wrapper(void **state)
{
    (void)state;
    static const struct tool it = {.product = "It", .program = "it"};
    const struct relay r = {.tool = &it};
    assert_int_equal(mkdir(in_home("bin"), 0700), 0);
    assert_int_equal(setenv("PATH", in_home("bin"), 1), 0);
    refuse("readlink", EVERY, EACCES);
    same_text("we do not know where we are", looked("wrapper", &r, "/"),
              "warning wrapper: it-p is not on PATH -> ln -s credrelay PREFIX/bin/it-p\n");
    put_file(in_home("bin/it-p"), "", 0700);
    const char *said = looked("wrapper", &r, "/");
    assert_true(was_refused());
    same_text("nor who it is", said,
              "warning wrapper: PATH finds ~/bin/it-p first, which is another program -> "
              "export PATH=PREFIX/bin:\"$PATH\"\n");
    for (int nth = 1; nth <= 3; nth++) {
        refuse("stat", nth, EIO);
        said = looked("wrapper", &r, "/");
        (void)was_refused();
        assert_non_null(strstr(said, "wrapper: "));
    }
}

/* ---- the whole machine ---- */

static void test_no_place_for_a_state(void **state)
{
    (void)state;
    static char long_path[LIMIT_PATH];
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[0] = '/';
    assert_int_equal(setenv("XDG_STATE_HOME", long_path, 1), 0);
    check_machine(NULL, &found);
    same_int("one finding", (long long)found.count, 1);
    same_text("of", found.list[0].label, "state folder");
    assert_non_null(strstr(found.list[0].detail, "...: File name too long"));
    assert_int_equal(setenv("HOME", long_path, 1), 0);
    char shown[SHELL_PATH_SIZE];
    same_text("no home to shorten", shell_path("/a/b", shown), "/a/b");
    assert_int_equal(setenv("HOME", "/", 1), 0);
    same_text("the root is no home", shell_path("/a/b", shown), "/a/b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOKING(test_mend_mode),
        LOOKING(test_what_is_mended),
        LOOKING(test_no_memory_for_a_path),
        LOOKING(test_no_room_for_a_finding),
        LOOKING(test_state),
        LOOKING(test_configuration),
        LOOKING(test_log),
        LOOKING(test_where_space_is_looked_for),
        LOOKING(test_versions),
        LOOKING(test_odd_tools),
        LOOKING(test_wrapper),
        LOOKING(test_no_place_for_a_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
