/* A buffer never passes its limit, says so once and for all, and leaves no byte behind. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static void test_limit(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 5);
    assert_true(buf_text(&b, "abc"));
    assert_true(buf_text(&b, "de"));
    assert_true(buf_text(&b, ""));
    assert_false(buf_text(&b, "f"));
    assert_true(b.failed);
    same_text("content stays", buf_str(&b), "abcde");
    assert_false(buf_text(&b, ""));
    assert_null(buf_space(&b, 0));
    assert_false(buf_printf(&b, "%d", 1));
    buf_clear(&b);
    assert_true(buf_printf(&b, "%d%s", 12, "345"));
    same_text("after clear", buf_str(&b), "12345");
    buf_free(&b);
    same_int("limit survives free", (long long)b.limit, 5);
    assert_true(buf_text(&b, "again"));
    buf_free(&b);
}

static void test_growing(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100000);
    same_text("nothing appended", buf_str(&b), "");
    for (int i = 0; i < 20000; i++)
        assert_true(buf_printf(&b, "%04d,", i % 10000));
    same_int("length", (long long)b.len, 100000);
    for (size_t i = 0; i < 20000; i++)
        same_int("digits", strtol(b.data + 5 * i, NULL, 10), (long long)(i % 10000));
    same_int("final NUL", b.data[b.len], '\0');
    buf_free(&b);
}

/* What goes is wiped as well. */
static void test_printable(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    buf_make_printable(&b, 0);
    same_text("nothing", buf_str(&b), "");
    buf_text(&b, "\033[1m");
    buf_make_printable(&b, b.len);
    buf_text(&b, "caf\u00e9\u2028x");
    buf_make_printable(&b, 4);
    same_text("from there on", buf_str(&b), "\033[1mcaf\u00e9?x");
    same_int("length", (long long)b.len, 11);
    same_int("what goes", b.data[b.len + 1], '\0');
    buf_text(&b, "y");
    same_text("and more", buf_str(&b), "\033[1mcaf\u00e9?xy");
    buf_free(&b);
}

static void test_space(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    char *at = buf_space(&b, 1000);
    assert_non_null(at);
    memset(at, '7', 4);
    buf_added(&b, 4);
    at = buf_space(&b, 996);
    assert_ptr_equal(at, b.data + 4);
    buf_added(&b, 0);
    same_text("content", buf_str(&b), "7777");
    assert_null(buf_space(&b, 997));
    buf_free(&b);
}

static void test_wiping(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    buf_text(&b, "a token");
    buf_clear(&b);
    for (size_t i = 0; i < 8; i++)
        same_int("wiped by clear", b.data[i], 0);
    buf_free(&b);
    assert_null(b.data);
    buf_free(&b);
}

/* The sentence must name the cause, whatever the size of the append that did not fit. */
static void test_error(void **state)
{
    (void)state;
    static const size_t before[] = {0, 10, 499, 500, 999, 1000};
    char big[1001];
    memset(big, 'x', sizeof big - 1);
    big[1000] = '\0';
    for (size_t i = 0; i < COUNT(before); i++) {
        struct buf b;
        struct err e;
        buf_init(&b, 1000);
        buf_bytes(&b, big, before[i]);
        assert_false(buf_bytes(&b, big, 1001 - before[i]));
        assert_false(buf_error(&b, "the answer", &e));
        same_error("too large", &e, ERR_TOO_LARGE, "the answer is larger than 1000 bytes", "");
        buf_free(&b);
    }
    struct buf b;
    struct err e;
    buf_init(&b, 10);
    b.failed = true;
    buf_error(&b, "the answer", &e);
    same_error("no memory", &e, ERR_NO_MEMORY, "out of memory", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limit),  cmocka_unit_test(test_growing),
        cmocka_unit_test(test_space),  cmocka_unit_test(test_printable),
        cmocka_unit_test(test_wiping), cmocka_unit_test(test_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
