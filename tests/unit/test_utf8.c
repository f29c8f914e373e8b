/* The bounds of UTF-8, by the table of RFC 3629, section 4. */
#include "unit.h"

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
    const struct CMUnitTest tests[] = {IN_WORLD(test_characters), IN_WORLD(test_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
