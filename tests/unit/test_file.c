/* Files are private from birth, replaced whole, and never block the reader. */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"

static bool replace(const char *path, const char *text, struct err *e)
{
    return file_replace(path, text, strlen(text), e);
}

static void test_replace_mode(void **state)
{
    (void)state;
    static const mode_t masks[] = {000, 022, 077};
    for (size_t i = 0; i < COUNT(masks); i++) {
        struct err e;
        mode_t before = umask(masks[i]);
        assert_true(replace(in_home("new"), "one", &e));
        put_file(in_home("old"), "wide open", 0666);
        assert_true(replace(in_home("old"), "two", &e));
        umask(before);
        same_text("content", file_text(in_home("new")), "one");
        same_text("content", file_text(in_home("old")), "two");
        same_int("mode", file_mode(in_home("new")), 0600);
        same_int("mode", file_mode(in_home("old")), 0600);
        same_int("no leftovers", files_in(in_home("")), 2);
        unlink(in_home("new"));
        unlink(in_home("old"));
    }
}

static void test_replace_link(void **state)
{
    (void)state;
    struct err e;
    assert_int_equal(mkdir(in_home("deep"), 0700), 0);
    put_file(in_home("deep/real"), "old", 0644);
    assert_int_equal(symlink("hop", in_home("absolute-hop")), 0);
    assert_int_equal(symlink(in_home("absolute-hop"), in_home("link")), 0);
    assert_int_equal(symlink("deep/real", in_home("hop")), 0);
    assert_true(replace(in_home("link"), "new", &e));
    same_text("the target", file_text(in_home("deep/real")), "new");
    same_int("mode", file_mode(in_home("deep/real")), 0600);
    char to[LIMIT_PATH] = "";
    assert_true(readlink(in_home("link"), to, sizeof to - 1) > 0);
    same_text("the link stays", to, in_home("absolute-hop"));
    same_int("no leftovers", files_in(in_home("deep")), 1);
}

static void test_replace_dangling(void **state)
{
    (void)state;
    struct err e;
    assert_int_equal(mkdir(in_home("deep"), 0700), 0);
    assert_int_equal(symlink("deep/none", in_home("link")), 0);
    assert_true(replace(in_home("link"), "new", &e));
    same_text("the target is made", file_text(in_home("deep/none")), "new");
    assert_int_equal(symlink("nowhere/none", in_home("far")), 0);
    assert_false(replace(in_home("far"), "new", &e));
    same_int("no folder for it", e.code, ERR_NOT_FOUND);
    assert_int_equal(symlink("b", in_home("a")), 0);
    assert_int_equal(symlink("a", in_home("b")), 0);
    assert_false(replace(in_home("a"), "new", &e));
    char want[LIMIT_PATH + 64], hint[LIMIT_PATH + 64];
    snprintf(want, sizeof want, "cannot follow %s: Too many levels of symbolic links",
             in_home("a"));
    snprintf(hint, sizeof hint, "see where the link leads: ls -ld '%s'", in_home("a"));
    same_error("a loop", &e, ERR_IO, want, hint);
}

static void test_replace_refused(void **state)
{
    (void)state;
    struct err e;
    char want[2 * LIMIT_PATH], hint[2 * LIMIT_PATH + 64];
    assert_int_equal(mkdir(in_home("folder"), 0700), 0);
    snprintf(want, sizeof want, "%s is a folder, not a file", in_home("folder"));
    snprintf(hint, sizeof hint, "move it away: mv '%s' '%s'.old", in_home("folder"),
             in_home("folder"));
    assert_false(replace(in_home("folder"), "x", &e));
    same_error("a folder", &e, ERR_INVALID, want, hint);
    assert_int_equal(mkfifo(in_home("fifo"), 0600), 0);
    assert_false(replace(in_home("fifo"), "x", &e));
    same_int("a FIFO", e.code, ERR_INVALID);
    snprintf(want, sizeof want, "cannot write in %s: No such file or directory", in_home("none"));
    assert_false(replace(in_home("none/x"), "x", &e));
    snprintf(hint, sizeof hint, "make it: mkdir -p '%s'", in_home("none"));
    same_error("no folder", &e, ERR_NOT_FOUND, want, hint);
}

/* A killed writer's temporary file is gone after the next write; somebody else's is not. */
static void test_sweep(void **state)
{
    (void)state;
    struct err e;
    put_file(in_home(".x.credrelay-0badcafe"), "torn", 0600);
    put_file(in_home(".x.credrelay-1"), "torn", 0600);
    put_file(in_home(".y.credrelay-0badcafe"), "of another file", 0600);
    put_file(in_home("x.credrelay-1"), "a person's", 0600);
    put_file(in_home("x.tmp.12345678"), "the client's", 0600);
    assert_true(replace(in_home("x"), "whole", &e));
    same_int("swept", files_in(in_home("")), 4);
    same_text("of another file", file_text(in_home(".y.credrelay-0badcafe")), "of another file");
    same_text("a person's", file_text(in_home("x.credrelay-1")), "a person's");
}

static void test_relative(void **state)
{
    (void)state;
    struct err e;
    assert_true(replace("here", "one", &e));
    assert_true(replace("./here", "two", &e));
    assert_int_equal(symlink("here", "link"), 0);
    assert_true(replace("link", "two", &e));
    same_text("content", file_text(in_home("here")), "two");
}

/* A reader that looks all the time sees the old or the new, whole. */
static int look(const void *arg)
{
    (void)arg;
    for (int i = 0; i < 3000; i++) {
        struct buf text;
        struct err e;
        buf_init(&text, 100000);
        if (!file_read(in_home("x"), &text, &e) || text.len != 50000)
            return 1;
        for (size_t at = 0; at < text.len; at++)
            if (text.data[at] != text.data[0])
                return 2;
        buf_free(&text);
    }
    return 0;
}

static void test_whole(void **state)
{
    (void)state;
    static char content[50000];
    struct err e;
    memset(content, 'a', sizeof content);
    assert_true(file_replace(in_home("x"), content, sizeof content, &e));
    pid_t reader = forked_start(look, NULL);
    for (int i = 0; i < 50; i++) {
        memset(content, 'a' + i % 26, sizeof content);
        assert_true(file_replace(in_home("x"), content, sizeof content, &e));
    }
    same_int("reader", forked_end(reader), 0);
}

/* No room (here: the largest file size a process may write): the old content stays, and nothing is
 * left beside it. */
static int write_beyond_limit(const void *arg)
{
    (void)arg;
    static char content[20000];
    const struct rlimit limit = {10000, 10000};
    struct err e;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    return file_replace(in_home("x"), content, sizeof content, &e) ? 1 : e.code == ERR_IO ? 0 : 2;
}

static void test_full_disk(void **state)
{
    (void)state;
    put_file(in_home("x"), "old", 0600);
    same_int("refused", forked_end(forked_start(write_beyond_limit, NULL)), 0);
    same_text("old content", file_text(in_home("x")), "old");
    same_int("no leftovers", files_in(in_home("")), 1);
}

static void test_read(void **state)
{
    (void)state;
    static const struct {
        size_t size, limit;
        bool fits;
    } sizes[] = {
        {0, 10, true},        {0, 0, true},          {1, 0, false},          {9, 10, true},
        {10, 10, true},       {11, 10, false},       {16384, 16384, true},   {16385, 16384, false},
        {40000, 40000, true}, {40001, 40000, false}, {100000, 200000, true},
    };
    static char content[100001];
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct buf text;
        struct err e;
        memset(content, 'x', sizes[i].size);
        content[sizes[i].size] = '\0';
        put_file(in_home("f"), content, 0600);
        buf_init(&text, sizes[i].limit);
        same_int("fits", file_read(in_home("f"), &text, &e), sizes[i].fits);
        if (sizes[i].fits) {
            same_bytes("content", buf_str(&text), text.len, content, sizes[i].size);
        } else {
            char want[LIMIT_PATH];
            snprintf(want, sizeof want, "%s is larger than %zu bytes", in_home("f"),
                     sizes[i].limit);
            same_error("too large", &e, ERR_TOO_LARGE, want, "");
        }
        buf_free(&text);
    }
}

static void make_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
}

static void test_read_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum err_code code;
        const char *message; /* after the path, or whole with %s for it */
    } bad[] = {
        {"folder", ERR_INVALID, "%s is a folder, not a file"},
        {"fifo", ERR_INVALID, "%s is a FIFO, not a file"},
        {"socket", ERR_INVALID, "%s is a socket, not a file"},
        {"device", ERR_INVALID, "%s is a device, not a file"},
        {"none", ERR_NOT_FOUND, "cannot open %s: No such file or directory"},
        {"dangling", ERR_NOT_FOUND, "cannot open %s: No such file or directory"},
        {"loop", ERR_IO, "cannot open %s: Too many levels of symbolic links"},
        {"file/below", ERR_IO, "cannot open %s: Not a directory"},
    };
    assert_int_equal(mkdir(in_home("folder"), 0700), 0);
    assert_int_equal(mkfifo(in_home("fifo"), 0600), 0);
    make_socket(in_home("socket"));
    assert_int_equal(symlink("/dev/null", in_home("device")), 0);
    assert_int_equal(symlink("nothing", in_home("dangling")), 0);
    assert_int_equal(symlink("loop", in_home("loop")), 0);
    put_file(in_home("file"), "x", 0600);
    alarm(10); /* a FIFO must not block */
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct buf text;
        struct err e;
        char want[2 * LIMIT_PATH] = "";
        const char *at = strstr(bad[i].message, "%s");
        snprintf(want, sizeof want, "%.*s%s%s", (int)(at - bad[i].message), bad[i].message,
                 in_home(bad[i].name), at + 2);
        buf_init(&text, 100);
        assert_false(file_read(in_home(bad[i].name), &text, &e));
        same_text(bad[i].name, e.text, want);
        same_int(bad[i].name, e.code, bad[i].code);
        same_int(bad[i].name, file_read_if_there(in_home(bad[i].name), &text, &e),
                 bad[i].code == ERR_NOT_FOUND);
        same_int("nothing of it", (long long)text.len, 0);
        buf_free(&text);
    }
    alarm(0);
}

/* Names in a folder that others can write in: whose they are decides.  As root, who can make them. */
static void test_strangers(void **state)
{
    (void)state;
    static const struct {
        mode_t folder;
        uid_t file, link; /* 0: ours */
        bool believed;
    } cases[] = {
        {0755, 7, 7, true},  {0777, 0, 0, true},   {0777, 7, 0, false},  {0777, 0, 7, false},
        {0770, 7, 0, false}, {01777, 7, 0, false}, {01777, 0, 7, false},
    };
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf text;
        struct err e, why;
        char real[LIMIT_PATH], name[32];
        snprintf(name, sizeof name, "row %zu", i);
        assert_int_equal(mkdir(in_home("f"), 0700), 0);
        put_file(in_home("f/file"), "x", 0600);
        assert_int_equal(symlink("file", in_home("f/link")), 0);
        assert_int_equal(chmod(in_home("f"), cases[i].folder), 0);
        assert_int_equal(chown(in_home("f/file"), cases[i].file, (gid_t)-1), 0);
        assert_int_equal(lchown(in_home("f/link"), cases[i].link, (gid_t)-1), 0);
        buf_init(&text, 100);
        bool found = file_real(in_home("f/link"), real, &e);
        same_int(name, found, cases[i].believed);
        same_int(name, file_read(in_home("f/link"), &text, &why), cases[i].file == 0 || found);
        same_int(name, replace(in_home("f/link"), "y", &why), found);
        same_text(name, file_text(in_home("f/file")), found ? "y" : "x");
        buf_free(&text);
        assert_int_equal(unlink(in_home("f/link")) | unlink(in_home("f/file")), 0);
        assert_int_equal(rmdir(in_home("f")), 0);
    }
}

static void test_dir_make(void **state)
{
    (void)state;
    static const char *const paths[] = {"a/b/c", "a/b/c", "a", "x//y/", "a/./z"};
    struct err e;
    mode_t before = umask(0);
    for (size_t i = 0; i < COUNT(paths); i++)
        assert_true(dir_make(in_home(paths[i]), &e));
    assert_true(dir_make("relative/one", &e));
    assert_true(dir_make("/", &e));
    umask(before);
    static const char *const made[] = {"a", "a/b", "a/b/c", "x", "x/y", "relative/one", "a/z"};
    for (size_t i = 0; i < COUNT(made); i++)
        same_int(made[i], file_mode(in_home(made[i])), 0700);
    assert_int_equal(mkdir(in_home("open"), 0755), 0);
    assert_int_equal(symlink("open", in_home("link")), 0);
    assert_true(dir_make(in_home("link/below"), &e));
    assert_true(dir_make(in_home("link"), &e));
    same_int("one that was there keeps its mode", file_mode(in_home("open")), 0755);
}

static void test_dir_refused(void **state)
{
    (void)state;
    struct err e;
    char want[LIMIT_PATH + 64], hint[LIMIT_PATH + 128], path[2 * LIMIT_PATH];
    put_file(in_home("file"), "x", 0600);
    assert_int_equal(symlink("nothing", in_home("dangling")), 0);
    snprintf(want, sizeof want, "cannot use %s: Not a directory", in_home("file"));
    assert_false(dir_make(in_home("file"), &e));
    snprintf(hint, sizeof hint, "something else stands there; move it away: ls -ld '%s'",
             in_home("file"));
    same_error("a file", &e, ERR_IO, want, hint);
    snprintf(want, sizeof want, "cannot make folder %s: Not a directory", in_home("file/below"));
    assert_false(dir_make(in_home("file/below"), &e));
    same_error("below a file", &e, ERR_IO, want, hint);
    assert_false(dir_make(in_home("dangling"), &e));
    snprintf(want, sizeof want, "cannot use %s: No such file or directory", in_home("dangling"));
    snprintf(hint, sizeof hint, "see where the link leads: ls -ld '%s'", in_home("dangling"));
    same_error("a link to nothing", &e, ERR_NOT_FOUND, want, hint);
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_false(dir_make(path, &e));
    same_int("too long", e.code, ERR_IO);
}

/* What does not fit of a path goes out of its middle. */
static void same_too_long(const struct err *e, const char *begins)
{
    const char end[] = ": File name too long";
    size_t len = strlen(e->text);
    same_int(begins, e->code, ERR_IO);
    assert_int_equal(strncmp(e->text, begins, strlen(begins)), 0);
    same_text(begins, e->text + len - (sizeof end - 1), end);
    assert_non_null(strstr(e->hint, "a path has at most "));
}

/* Paths as long as the system takes and longer, and links that lead to such. */
static void test_long_paths(void **state)
{
    (void)state;
    static char path[2 * LIMIT_PATH];
    char out[LIMIT_PATH];
    struct err e;
    memset(path, 'x', sizeof path - 1);
    assert_false(file_real(path, out, &e));
    same_too_long(&e, "cannot use xxx");
    assert_false(replace(path, "x", &e));
    assert_false(dir_make_for(path, &e));
    /* A name that fits where the temporary one beside it does not, by the system's bound. */
    memset(path, 'x', 300);
    path[300] = '\0';
    assert_false(replace(path, "x", &e));
    same_int("by the system's bound", e.code, ERR_IO);
    /* And by ours: many folders deep. */
    snprintf(path, sizeof path, "%s", in_home(""));
    for (size_t i = strlen(path); i < LIMIT_PATH - 10; i++)
        path[i] = i % 2 ? 'x' : '/';
    path[LIMIT_PATH - 10] = '\0';
    assert_false(replace(path, "x", &e));
    same_too_long(&e, "cannot write beside /");
}

/* A relative link's place is that of its folder, which may be too deep for it. */
static void test_long_link(void **state)
{
    (void)state;
    static char target[LIMIT_PATH];
    char out[LIMIT_PATH];
    struct err e;
    memset(target, 'x', sizeof target);
    for (size_t i = 200; i < sizeof target; i += 200)
        target[i] = '/';
    target[LIMIT_PATH - 10] = '\0';
    assert_int_equal(symlink(target, in_home("deep")), 0);
    assert_false(file_real(in_home("deep"), out, &e));
    same_too_long(&e, "cannot follow /");
}

static void test_dir_make_for(void **state)
{
    (void)state;
    struct err e;
    assert_true(dir_make_for("/file", &e)); /* there is nothing to make */
    assert_true(dir_make_for("file", &e));
    same_int("nothing made", files_in(in_home("")), 0);
    assert_true(dir_make_for(in_home("a/b/file"), &e));
    same_int("made", file_mode(in_home("a/b")), 0700);
    assert_int_equal(symlink("loop", in_home("loop")), 0);
    assert_false(dir_make_for(in_home("loop"), &e));
    same_int("a loop", e.code, ERR_IO);
}

static void test_join(void **state)
{
    (void)state;
    char out[LIMIT_PATH], folder[LIMIT_PATH];
    assert_true(path_join(out, "/a", "b"));
    same_text("joined", out, "/a/b");
    memset(folder, 'x', sizeof folder);
    folder[LIMIT_PATH - 3] = '\0';
    assert_true(path_join(out, folder, "b"));
    assert_false(path_join(out, folder, "bc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_replace_mode),
        IN_WORLD(test_replace_link),
        IN_WORLD(test_replace_dangling),
        IN_WORLD(test_replace_refused),
        IN_WORLD(test_sweep),
        IN_WORLD(test_relative),
        IN_WORLD(test_whole),
        IN_WORLD(test_full_disk),
        IN_WORLD(test_read),
        IN_WORLD(test_read_refused),
        IN_WORLD(test_strangers),
        IN_WORLD(test_dir_make),
        IN_WORLD(test_dir_refused),
        IN_WORLD(test_join),
        IN_WORLD(test_long_paths),
        IN_WORLD(test_long_link),
        IN_WORLD(test_dir_make_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
