/* Whose files are read, and what is said of a place that has nothing above it to blame. */
#include "unit.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "refuse.h"

/* Another's file is believed where its folder is his, or nothing can be known of the folder. */
static void test_another_s(void **state)
{
    (void)state;
    struct err e = {.code = ERR_NONE};
    struct buf text;
    if (geteuid() != 0)
        skip(); /* needs files of two users */
    assert_int_equal(mkdir(in_home("his"), 0700), 0);
    put_file(in_home("his/x"), "text", 0644);
    assert_int_equal(chown(in_home("his/x"), 12345, 12345), 0);
    assert_int_equal(chmod(in_home("his"), 0777), 0);
    buf_init(&text, 100);
    assert_false(file_read(in_home("his/x"), &text, &e));
    same_int("a stranger's", e.code, ERR_DENIED);
    refuse("stat", 1, EIO);
    assert_true(file_read(in_home("his/x"), &text, &e));
    assert_true(was_refused());
    assert_int_equal(chown(in_home("his"), 12345, 12345), 0);
    assert_true(file_read(in_home("his/x"), &text, &e));
    same_text("twice", buf_str(&text), "texttext");
    buf_free(&text);
}

static int read_root_s(const void *arg)
{
    (void)arg;
    char out[LIMIT_PATH];
    struct buf text;
    struct err e;
    buf_init(&text, 100);
    if (setuid(12345) != 0)
        return 2;
    bool ok = file_read(in_home("x"), &text, &e) && file_real(in_home("x"), out, &e);
    buf_free(&text);
    return ok ? 0 : 1;
}

/* What is root's is believed everywhere. */
static void test_root_s(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    put_file(in_home("x"), "text", 0644);
    assert_int_equal(chmod(in_home(""), 0777), 0);
    same_int("believed", forked_end(forked_start(read_root_s, NULL)), 0);
}

/* Each place that has no folder above it to blame, and a link that cannot be read. */
static void test_nothing_above(void **state)
{
    (void)state;
    static const char *const paths[] = {"relative", "/credrelay-test-none"};
    char out[LIMIT_PATH];
    struct buf text;
    struct err e;
    for (size_t i = 0; i < COUNT(paths); i++) {
        refuse("mkdir", EVERY, EACCES);
        assert_false(dir_make(paths[i], &e));
        assert_true(was_refused());
        same_int(paths[i], e.code, ERR_DENIED);
    }
    assert_int_equal(symlink("x", in_home("link")), 0);
    refuse("readlink", 1, EIO);
    assert_false(file_real(in_home("link"), out, &e));
    assert_true(was_refused());
    same_int("a link", e.code, ERR_IO);
    buf_init(&text, 100);
    refuse("open", 1, ENXIO);
    assert_false(file_read(in_home("none"), &text, &e));
    assert_true(was_refused());
    same_int("a device that nobody drives, gone", e.code, ERR_IO);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_WORLD(test_another_s), IN_WORLD(test_root_s),
                                       IN_WORLD(test_nothing_above)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
