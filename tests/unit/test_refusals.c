/* A system that says no in the middle of writing, locking and logging: what was there stays, nothing
 * is left beside it, and the message says which step it was. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/lock.h"
#include "base/log.h"
#include "refuse.h"

struct refusal {
    const char *call;
    int nth, errnum;
    const char *text; /* HOME stands for the test's; "": it succeeds nevertheless */
    enum err_code code;
};

/* TEXT with the home for HOME; what follows a '*' is of no matter. */
static void same_refusal(const struct refusal *r, bool ok, const struct err *e)
{
    char what[64], want[2 * LIMIT_PATH] = "";
    snprintf(what, sizeof what, "%s %d: %s", r->call, r->nth, strerror(r->errnum));
    assert_true(was_refused());
    same_int(what, ok, !*r->text);
    if (ok)
        return;
    const char *at = strstr(r->text, "HOME");
    if (at)
        snprintf(want, sizeof want, "%.*s%s%s", (int)(at - r->text), r->text, in_home(""),
                 at + strlen("HOME/"));
    else
        snprintf(want, sizeof want, "%s", r->text);
    char *star = strchr(want, '*');
    if (star && strncmp(e->text, want, (size_t)(star - want)) == 0)
        return;
    same_text(what, e->text, want);
    same_text(what, err_name(e->code), err_name(r->code));
}

/* ---- files ---- */

static void test_replace(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {"open", 1, EMFILE, "cannot write in HOME/folder: Too many open files", ERR_IO},
        {"open", 1, ENOSPC, "cannot write in HOME/folder: No space left on device", ERR_IO},
        {"opendir", 1, EMFILE, "", 0},
        {"lstat", 1, EACCES, "cannot look at HOME/folder/x: Permission denied", ERR_DENIED},
        {"write", 1, EINTR, "", 0},
        {"write", 1, EIO, "cannot write HOME/folder/.x.credrelay-*", ERR_IO},
        {"write", 1, 0, "cannot write HOME/folder/.x.credrelay-*", ERR_IO},
        {"fsync", 1, EIO, "cannot write HOME/folder/.x.credrelay-*", ERR_IO},
        {"rename", 1, EROFS, "cannot replace HOME/folder/x: Read-only file system", ERR_DENIED},
    };
    assert_int_equal(mkdir(in_home("folder"), 0700), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {.code = ERR_NONE};
        put_file(in_home("folder/x"), "old", 0600);
        refuse(rows[i].call, rows[i].nth, rows[i].errnum);
        bool ok = file_replace(in_home("folder/x"), "new", 3, &e);
        same_refusal(&rows[i], ok, &e);
        same_text(rows[i].call, file_text(in_home("folder/x")), ok ? "new" : "old");
        same_int(rows[i].call, files_in(in_home("folder")), 1);
    }
}

/* The name points to the new content, but nobody may be told that it will after a power cut. */
static void test_replace_folder(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {"fsync", 2, EIO, "cannot sync HOME/folder: Input/output error", ERR_IO},
        {"fsync", 2, EINVAL, "", 0}, /* a network file system that knows no such thing */
        {"open", 2, EMFILE, "cannot sync HOME/folder: Too many open files", ERR_IO},
        {"open", 2, EACCES, "", 0}, /* a folder that we may write but not read */
    };
    assert_int_equal(mkdir(in_home("folder"), 0700), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {.code = ERR_NONE};
        put_file(in_home("folder/x"), "old", 0600);
        refuse(rows[i].call, rows[i].nth, rows[i].errnum);
        bool ok = file_replace(in_home("folder/x"), "new", 3, &e);
        same_refusal(&rows[i], ok, &e);
        same_text(rows[i].call, file_text(in_home("folder/x")), "new");
        same_int(rows[i].call, files_in(in_home("folder")), 1);
    }
}

static void test_replace_public(void **state)
{
    (void)state;
    static const struct refusal row = {"fchmod", 1, EPERM, "cannot write HOME/.x.credrelay-*",
                                       ERR_DENIED};
    struct err e = {.code = ERR_NONE};
    refuse(row.call, row.nth, row.errnum);
    bool ok = file_replace_public(in_home("x"), "new", 3, &e);
    same_refusal(&row, ok, &e);
    same_int("nothing is left", files_in(in_home("")), 0);
    assert_true(file_replace_public(in_home("x"), "new", 3, &e));
    same_int("mode", file_mode(in_home("x")), 0644);
}

/* Root keeps a file its owner's; one that cannot be given to him is not put in the other's place. */
static void test_owner(void **state)
{
    (void)state;
    struct err e = {.code = ERR_NONE};
    struct stat st;
    if (geteuid() != 0)
        skip(); /* nobody else's files can be written */
    put_file(in_home("x"), "old", 0600);
    assert_int_equal(chown(in_home("x"), 12345, 12345), 0);
    refuse("fchown", 1, EPERM);
    assert_false(file_replace(in_home("x"), "new", 3, &e));
    assert_true(was_refused());
    same_int("refused", e.code, ERR_DENIED);
    same_text("content", file_text(in_home("x")), "old");
    assert_true(file_replace(in_home("x"), "new", 3, &e));
    assert_int_equal(stat(in_home("x"), &st), 0);
    same_int("owner", st.st_uid, 12345);
    same_text("content", file_text(in_home("x")), "new");
    same_int("nothing beside it", files_in(in_home("")), 1);
}

/* In the root folder there is no name before the slash. */
static void test_root_folder(void **state)
{
    (void)state;
    struct err e = {.code = ERR_NONE};
    refuse("open", 1, EACCES);
    assert_false(file_replace("/credrelay-test-none", "new", 3, &e));
    assert_true(was_refused());
    same_error("the root folder", &e, ERR_DENIED, "cannot write in /: Permission denied",
               "it must be yours, and open to you: ls -ld '/'");
}

static void test_read(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {"open", 1, EACCES, "cannot open HOME/x: Permission denied", ERR_DENIED},
        {"open", 1, ENFILE, "cannot open HOME/x: Too many open files in system", ERR_IO},
        {"fstat", 1, EIO, "cannot look at HOME/x: Input/output error", ERR_IO},
        {"read", 1, EINTR, "", 0},
        {"read", 1, EIO, "cannot read HOME/x: Input/output error", ERR_IO},
        {"read", 2, ESTALE, "cannot read HOME/x: Stale file handle", ERR_IO},
        {"memory", 1, ENOMEM, "out of memory", ERR_NO_MEMORY},
    };
    put_file(in_home("x"), "text", 0600);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {.code = ERR_NONE};
        struct buf text;
        buf_init(&text, 100);
        refuse(rows[i].call, rows[i].nth, rows[i].errnum);
        bool ok = file_read(in_home("x"), &text, &e);
        same_refusal(&rows[i], ok, &e);
        if (ok)
            same_text(rows[i].call, buf_str(&text), "text");
        buf_free(&text);
    }
}

static void test_folder(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {"mkdir", EVERY, EACCES, "cannot make folder HOME/a/b: Permission denied", ERR_DENIED},
        {"mkdir", EVERY, ENOENT, "cannot make folder HOME/a/b: No such file or directory",
         ERR_NOT_FOUND},
        /* The whole path, "/tmp", the home, and then the one that counts. */
        {"mkdir", 4, EDQUOT, "cannot make folder HOME/a/b: Disk quota exceeded", ERR_IO},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {.code = ERR_NONE};
        refuse(rows[i].call, rows[i].nth, rows[i].errnum);
        bool ok = dir_make(in_home("a/b"), &e);
        same_refusal(&rows[i], ok, &e);
        rmdir(in_home("a"));
    }
}

/* ---- locks ---- */

static void test_lock(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {"flock", 1, EINTR, "", 0},
        {"flock", 1, ENOLCK, "HOME/lock: cannot lock: No locks available", ERR_IO},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {.code = ERR_NONE};
        struct lock l = LOCK_NONE;
        refuse(rows[i].call, rows[i].nth, rows[i].errnum);
        bool ok = lock_take(in_home("lock"), 5000, &l, &e);
        same_refusal(&rows[i], ok, &e);
        same_int("held", l.fd >= 0, ok);
        lock_release(&l);
    }
}

/* A stale lock of the client's, and a system that does not let us take it over. */
static void test_claim(void **state)
{
    (void)state;
    enum { STALE_MS = 10000, OLD_S = 60 };
    static const struct refusal rows[] = {
        /* The two change names, and ours is in its place. */
        {"renameat2", 1, EPERM, "cannot take over the stale lock HOME/l: Operation not permitted",
         ERR_DENIED},
        {"renameat2", 1, ENOENT, "", 0}, /* its holder let go meanwhile: the next attempt */
        {"renameat2", 1, ENOSYS, "", 0}, /* a kernel before 3.15 */
        {"renameat2", 1, EINVAL, "", 0}, /* a file system that cannot */
        {"mkdir", 2, EDQUOT, "cannot make the lock HOME/l.credrelay-*", ERR_IO},
        {"rmdir", 1, EBUSY, "cannot take over the stale lock HOME/l: Device or resource busy",
         ERR_IO},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {.code = ERR_NONE};
        struct claim c = {.path = ""};
        assert_int_equal(mkdir(in_home("l"), 0755), 0);
        make_old(in_home("l"), OLD_S);
        refuse(rows[i].call, rows[i].nth, rows[i].errnum);
        bool ok = claim_take(in_home("l"), 5000, STALE_MS, &c, &e);
        same_refusal(&rows[i], ok, &e);
        same_text("held", c.path, ok ? in_home("l") : "");
        same_int("nothing beside it", files_in(in_home("")), 1);
        claim_release(&c);
        rmdir(in_home("l"));
    }
}

static void let_go(void)
{
    rmdir(in_home("l"));
}

static void touch(void)
{
    make_old(in_home("l"), 0);
}

/* Its holder comes back in the moment in which it is taken over, or lets go of it. */
static void test_claim_in_between(void **state)
{
    (void)state;
    static const struct {
        const char *call;
        void (*others)(void);
        bool ours;
    } rows[] = {{"stat", let_go, true}, {"renameat2", touch, false}, {"renameat2", let_go, true}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct claim c = {.path = ""};
        struct err e;
        assert_int_equal(mkdir(in_home("l"), 0755), 0);
        make_old(in_home("l"), 60);
        before(rows[i].call, rows[i].others);
        bool ok = claim_take(in_home("l"), 200, 10000, &c, &e);
        assert_true(was_refused());
        same_int(rows[i].call, ok, rows[i].ours);
        if (!ok)
            same_int("busy", e.code, ERR_BUSY);
        same_int("nothing beside it", files_in(in_home("")), 1);
        claim_release(&c);
        rmdir(in_home("l"));
    }
}

/* A path that leaves no room for the name beside it. */
static void test_claim_in_a_long_folder(void **state)
{
    (void)state;
    static char path[LIMIT_PATH];
    struct claim c = {.path = ""};
    struct err e;
    assert_int_equal(mkdir("l", 0755), 0);
    make_old("l", 60);
    memset(path, '/', LIMIT_PATH - 10);
    path[0] = '.';
    path[LIMIT_PATH - 10] = 'l';
    assert_false(claim_take(path, 0, 10000, &c, &e));
    assert_non_null(strstr(e.text, "...: File name too long"));
    same_int("its holder's stays", rmdir("l"), 0);
    assert_true(claim_take(path, 0, 10000, &c, &e));
    claim_release(&c);
    same_int("nothing is left", files_in(in_home("")), 0);
}

/* What lies beside the lock and cannot be looked at may be of a taker who lives. */
static void test_claim_beside_the_unknown(void **state)
{
    (void)state;
    const char *aside = in_home("l.credrelay-00000001");
    for (int left = 1; left >= 0; left--) {
        struct claim c = {.path = ""};
        struct err e;
        mkdir(aside, 0700);
        make_old(aside, 60);
        refuse("fstatat", left ? 1 : 2, EACCES);
        assert_true(claim_take(in_home("l"), 0, 10000, &c, &e));
        same_int("looked at", was_refused(), left);
        same_int("left", access(aside, F_OK) == 0, left);
        claim_release(&c);
    }
}

/* On a file system that cannot exchange names a lock with something in it stays. */
static void test_claim_in_use(void **state)
{
    (void)state;
    static const struct refusal row = {
        "renameat2", EVERY, ENOSYS, "cannot take over the stale lock HOME/l: Directory not empty",
        ERR_IO};
    struct err e = {.code = ERR_NONE};
    struct claim c = {.path = ""};
    assert_int_equal(mkdir(in_home("l"), 0755), 0);
    put_file(in_home("l/file"), "somebody's", 0600);
    make_old(in_home("l"), 60);
    refuse(row.call, row.nth, row.errnum);
    bool ok = claim_take(in_home("l"), 0, 10000, &c, &e);
    same_refusal(&row, ok, &e);
    same_text("kept", file_text(in_home("l/file")), "somebody's");
}

/* ---- the log ---- */

static bool log_one(const struct log *log, const char *name, struct err *e)
{
    return log_write(log, log_event(name), e);
}

static void test_log(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {"open", 1, EROFS, "cannot open HOME/events.jsonl: Read-only file system", ERR_DENIED},
        {"fstat", 1, EIO, "cannot look at HOME/events.jsonl: Input/output error", ERR_IO},
        {"write", 1, EINTR, "", 0},
        {"write", 1, ENOSPC, "cannot write HOME/events.jsonl: No space left on device", ERR_IO},
        {"write", 1, 0, "cannot write HOME/events.jsonl: No space left on device", ERR_IO},
        {"flock", EVERY, ENOLCK, "", 0}, /* without the lock, which tears no line */
        {"lstat", EVERY, ENOENT, "HOME/events.jsonl is rotated all the time", ERR_BUSY},
        {"fstat", 2, EIO, "", 0},
        {"fstat", 3, EIO, "", 0},
        {"pread", 1, EIO, "", 0},
    };
    struct log log = {.size = LIMIT_EVENT, .files = 2};
    char folder[LIMIT_PATH];
    assert_non_null(getcwd(folder, sizeof folder));
    log.folder = folder;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {.code = ERR_NONE};
        put_file(in_home("events.jsonl"), "{}\n", 0600);
        jv *event = log_event("pull");
        refuse(rows[i].call, rows[i].nth, rows[i].errnum);
        bool ok = log_write(&log, event, &e);
        same_refusal(&rows[i], ok, &e);
        const char *text = file_text(in_home("events.jsonl"));
        same_int("what was there stays", strncmp(text, "{}\n", 3), 0);
        same_int("written", strstr(text, "\"event\":\"pull\"") != NULL, ok);
    }
}

/* A rotation that fails half-way loses no event: it goes into the file that is too large. */
static void test_log_rotation(void **state)
{
    (void)state;
    static const struct {
        int rename;
        unsigned rotated; /* files then */
    } rows[] = {{1, 1}, {2, 1}};
    struct log log = {.size = 10, .files = 2};
    char folder[LIMIT_PATH];
    assert_non_null(getcwd(folder, sizeof folder));
    log.folder = folder;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;
        put_file(in_home("events.jsonl"), "{\"event\":\"now\"}\n", 0600);
        put_file(in_home("events.jsonl.1"), "{\"event\":\"before\"}\n", 0600);
        unlink(in_home("events.jsonl.2"));
        refuse("rename", rows[i].rename, EIO);
        assert_true(log_one(&log, "new", &e));
        assert_true(was_refused());
        const char *text = file_text(in_home("events.jsonl"));
        assert_non_null(strstr(text, "\"event\":\"now\""));
        assert_non_null(strstr(text, "\"event\":\"new\""));
        bool moved = rows[i].rename == 2;
        same_text("before", file_text(in_home(moved ? "events.jsonl.2" : "events.jsonl.1")),
                  "{\"event\":\"before\"}\n");
    }
}

static void test_log_dropped(void **state)
{
    (void)state;
    struct log log = {.size = 10, .files = 0};
    char folder[LIMIT_PATH];
    struct err e;
    assert_non_null(getcwd(folder, sizeof folder));
    log.folder = folder;
    put_file(in_home("events.jsonl"), "{\"event\":\"now\"}\n", 0600);
    refuse("unlink", 2, EPERM); /* the first is that of a file no longer kept */
    assert_true(log_one(&log, "new", &e));
    assert_true(was_refused());
    assert_non_null(strstr(file_text(in_home("events.jsonl")), "\"event\":\"now\""));
}

/* A folder whose path leaves room for the log, and none for what it is rotated into. */
static void test_log_in_a_long_folder(void **state)
{
    (void)state;
    static char folder[LIMIT_PATH];
    struct log log = {.folder = folder, .size = 10, .files = 2};
    struct err e;
    memset(folder, '/', LIMIT_PATH - 1 - strlen("/events.jsonl"));
    folder[0] = '.';
    put_file("events.jsonl", "{\"event\":\"now\"}\n", 0600);
    assert_true(log_one(&log, "new", &e));
    assert_non_null(strstr(file_text("events.jsonl"), "\"event\":\"new\""));
    same_int("not rotated", files_in("."), 1);
    folder[strlen(folder)] = '/';
    assert_false(log_one(&log, "newer", &e));
    assert_non_null(strstr(e.text, "...: File name too long"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_replace),
        IN_WORLD(test_replace_folder),
        IN_WORLD(test_replace_public),
        IN_WORLD(test_read),
        IN_WORLD(test_owner),
        IN_WORLD(test_root_folder),
        IN_WORLD(test_folder),
        IN_WORLD(test_lock),
        IN_WORLD(test_claim),
        IN_WORLD(test_claim_in_use),
        IN_WORLD(test_claim_in_between),
        IN_WORLD(test_claim_in_a_long_folder),
        IN_WORLD(test_claim_beside_the_unknown),
        IN_WORLD(test_log),
        IN_WORLD(test_log_rotation),
        IN_WORLD(test_log_dropped),
        IN_WORLD(test_log_in_a_long_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
