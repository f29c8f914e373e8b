/* The bounds of UTF-8, by the table of RFC 3629, section 4. */
#include "unit.h"

#include <stdio.h>

#include "base/utf8.h"

static void test_characters(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int len;
    } cases[] = {
        {"a", 1},
        {"\x7f", 1},
        {"\xc2\x80", 2},
        {"\xdf\xbf", 2},
        {"\xe0\xa0\x80", 3},
        {"\xed\x9f\xbf", 3},
        {"\xef\xbf\xbf", 3},
        {"\xf0\x90\x80\x80", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\x80", 0},             /* continues nothing */
        {"\xc1\xbf", 0},         /* longer than need be */
        {"\xe0\x9f\xbf", 0},     /* so is this */
        {"\xf0\x8f\xbf\xbf", 0}, /* and this */
        {"\xed\xa0\x80", 0},     /* a surrogate */
        {"\xf4\x90\x80\x80", 0}, /* beyond U+10FFFF */
        {"\xf5\x80\x80\x80", 0},
        {"\xc3", 0}, /* cut */
        {"\xe2\x82", 0},
        {"\xc3(", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        same_int(cases[i].text, (int)utf8_character(cases[i].text), cases[i].len);
}

static void test_printable(void **state)
{
    (void)state;
    static const struct {
        const char *what, *in, *out;
    } cases[] = {
        {"nothing", "", ""},
        {"letters of the world", "läuft ab · 令牌 🔑 — …", "läuft ab · 令牌 🔑 — …"},
        {"an escape", "a\033[31mb\007\177", "a?[31mb??"},
        {"a control character beyond ASCII",
         "a\xc2\x9b"
         "31m",
         "a?31m"},
        {"the first letter behind those", "\u00a0", "\u00a0"},
        {"an end of a line", "a\nb\u2028c", "a?b?c"},
        {"what turns the line", "\u202eab\u2069", "?ab?"},
        {"beside those", "\u2027\u202f\u2065\u206a\u20ac", "\u2027\u202f\u2065\u206a\u20ac"},
        {"no UTF-8", "a\xff_\xe2\x82", "a?_??"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[64];
        snprintf(text, sizeof text, "%s", cases[i].in);
        utf8_make_printable(text);
        same_text(cases[i].what, text, cases[i].out);
    }
}

static void test_lines(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool line;
    } cases[] = {
        {"", true},      {"/usr/bin", true},  {"caf\xc3\xa9", true}, {"a\nb", false},
        {"a\tb", false}, {"\x1b[31m", false}, {"\x7f", false},       {"caf\xe9", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        same_int(cases[i].text, utf8_is_line(cases[i].text), cases[i].line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_WORLD(test_characters), IN_WORLD(test_printable),
                                       IN_WORLD(test_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
