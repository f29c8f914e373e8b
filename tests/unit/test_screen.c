/* Rows as a terminal shows them: what is too wide, and what does not fit. */
#include "unit.h"

#include <string.h>

#include "doctor/screen.h"

/* A screen of its own: what is too wide. */
static void test_wrapping(void **state)
{
    (void)state;
    struct screen s;
    struct err e;
    struct buf got;
    buf_init(&got, LIMIT_SCREEN);
    assert_true(screen_open(&s, 8, 14, &e));
    s.home = "/home/me/";
    screen_title(&s, "one");
    screen_add(&s, TONE_GOOD, "ok", "fits", "%s", "/home/me/x and /home/me/y, not /home/me");
    screen_add(&s, TONE_BAD, "FAIL", "too long a label", "%s", "x");
    screen_add(&s, TONE_PLAIN, NULL, "home", "%s",
               "'/home/me/a b' /mnt/home/me/c local:/home/me/d (/home/me/e)");
    screen_title(&s, "two");
    screen_add(
        &s, TONE_BAD, "FAIL", "path",
        "/a/path/that/is/longer/than/all/the/room/there/is/and/is/not/cut/for/its/reader and "
        "more");
    /* 66 columns of two bytes each are 66 columns. */
    screen_add(
        &s, TONE_PLAIN, NULL, "utf8",
        "\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc"
        "\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc"
        "\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc"
        "\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc"
        "\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc b cc");
    assert_true(screen_write(&s, false, &got));
    same_text("wrapped", buf_str(&got),
              "one\n"
              "  ok    fits  ~/x and ~/y, not /home/me\n"
              "  FAIL  too long a label\n"
              "              x\n"
              "        home  ~/'a b' /mnt/home/me/c local:~/d (~/e)\n"
              "\n"
              "two\n"
              "  FAIL  path  "
              "/a/path/that/is/longer/than/all/the/room/there/is/and/is/not/cut/for/its/reader\n"
              "              and more\n"
              "        utf8  "
              "\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc"
              "\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc"
              "\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc"
              "\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc"
              "\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc b\n"
              "              cc\n");
    screen_close(&s);
    buf_free(&got);
}

/* An empty text has no colour, and a hint stands under what it is about. */
static void test_plain_hints(void **state)
{
    (void)state;
    struct screen s;
    struct err e;
    struct buf got;
    buf_init(&got, LIMIT_SCREEN);
    assert_true(screen_open(&s, 2, 8, &e));
    s.home = "/";
    screen_add(&s, TONE_GOOD, "", "one", "%s", "");
    screen_hint(&s, 4, "%s", "mkdir /x");
    screen_title(&s, "end");
    assert_true(screen_write(&s, true, &got));
    same_text("a hint", buf_str(&got), "  one   \n    mkdir /x\n\n\033[1mend\033[0m\n");
    screen_close(&s);
    buf_free(&got);
}

/* What is there to be pasted is one line, however long. */
static void test_hints(void **state)
{
    (void)state;
    struct screen s;
    struct err e;
    struct buf got;
    buf_init(&got, LIMIT_SCREEN);
    assert_true(screen_open(&s, 2, 4, &e));
    s.home = "/home/me/";
    screen_add(&s, TONE_PLAIN, NULL, "x", "y");
    screen_hint(&s, 4, "mv '%s' '%s'.old",
                "/home/me/a folder/with a long name of many words that goes on and on",
                "/home/me/a folder/with a long name of many words that goes on and on");
    assert_true(screen_write(&s, true, &got));
    same_text("a hint", buf_str(&got),
              "  x y\n"
              "    mv ~/'a folder/with a long name of many words that goes on and on' "
              "~/'a folder/with a long name of many words that goes on and on'.old\n");
    screen_close(&s);
    buf_free(&got);
}

static void test_narrow_terminals(void **state)
{
    (void)state;
    static const struct {
        unsigned columns;
        const char *shown;
    } cases[] = {
        {0, "  one   aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd\n"},
        {200, "  one   aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd\n"},
        {46, "  one   aaaaaaaaa bbbbbbbbb ccccccccc\n        ddddddddd\n"},
        {37, "  one   aaaaaaaaa bbbbbbbbb ccccccccc\n        ddddddddd\n"},
        {36, "  one   aaaaaaaaa bbbbbbbbb\n        ccccccccc ddddddddd\n"},
        {10, "  one   aaaaaaaaa bbbbbbbbb\n        ccccccccc ddddddddd\n"},
    };
    struct screen s;
    struct err e;
    assert_true(screen_open(&s, 2, 8, &e));
    screen_add(&s, TONE_PLAIN, NULL, "one", "aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf got;
        buf_init(&got, LIMIT_SCREEN);
        s.columns = cases[i].columns;
        assert_true(screen_write(&s, false, &got));
        same_text("wrapped", buf_str(&got), cases[i].shown);
        buf_free(&got);
    }
    screen_close(&s);
}

/* What has no room any more is left out, of whichever kind it is. */
static void test_a_full_screen(void **state)
{
    (void)state;
    struct screen s;
    struct err e;
    struct buf before, after;
    buf_init(&before, LIMIT_SCREEN);
    buf_init(&after, LIMIT_SCREEN);
    assert_true(screen_open(&s, 2, 8, &e));
    for (int i = 0; i < SCREEN_ROWS; i++)
        screen_add(&s, TONE_PLAIN, NULL, "row", "%d", i);
    assert_true(screen_write(&s, false, &before));
    screen_add(&s, TONE_PLAIN, NULL, "row", "%s", "one more");
    screen_hint(&s, 4, "%s", "a hint");
    screen_title(&s, "%s", "a title");
    assert_true(screen_write(&s, false, &after));
    same_text("full", buf_str(&after), buf_str(&before));
    same_int("lines", (long long)s.count, SCREEN_ROWS);
    screen_close(&s);
    buf_free(&before);
    buf_free(&after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrapping), cmocka_unit_test(test_plain_hints),
        cmocka_unit_test(test_hints), cmocka_unit_test(test_narrow_terminals),
        cmocka_unit_test(test_a_full_screen)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
