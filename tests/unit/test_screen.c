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

/* An empty text has no colour, and an aside stands under what it is about. */
static void test_asides(void **state)
{
    (void)state;
    struct screen s;
    struct err e;
    struct buf got;
    buf_init(&got, LIMIT_SCREEN);
    assert_true(screen_open(&s, 2, 8, &e));
    s.home = "/";
    screen_add(&s, TONE_GOOD, "", "one", "%s", "");
    screen_aside(&s, "%s", "mkdir /x");
    screen_title(&s, "end");
    assert_true(screen_write(&s, true, &got));
    same_text("aside", buf_str(&got), "  one   \n    mkdir /x\n\n\033[1mend\033[0m\n");
    screen_close(&s);
    buf_free(&got);
}

/* What would be row 161 is left out, of whichever kind it is. */
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
    screen_aside(&s, "%s", "an aside");
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_wrapping),
                                       cmocka_unit_test(test_asides),
                                       cmocka_unit_test(test_a_full_screen)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
