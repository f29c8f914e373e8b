/* What another program has printed, as one line of ours. */
#include "unit.h"

#include <string.h>

#include "run/excerpt.h"

enum { ROOM = 60 };

static const struct {
    const char *what, *text, *line;
} cases[] = {
    {"a line", "Not logged in", "Not logged in"},
    {"nothing", "", ""},
    {"white space becomes single spaces", "a \t\r\n b", "a b"},
    {"and none at the ends", "  a \n", "a"},
    {"characters of every length", "a\u00e9\u20ac\U0001f600", "a\u00e9\u20ac\U0001f600"},
    {"the first and the last of each", "\u0800\uffff\U00010000\U0010ffff",
     "\u0800\uffff\U00010000\U0010ffff"},
    /* No UTF-8, RFC 3629: a byte at a time. */
    {"in the middle of one", "a\x80z", "a?z"},
    {"a form too long, of two bytes", "\xc1\xbf", "??"},
    {"of three", "\xe0\x9f\xbf", "???"},
    {"of four", "\xf0\x8f\xbf\xbf", "????"},
    {"half of a pair", "\xed\xa0\x80", "???"},
    {"the one before those", "\xed\x9f\xbf", "\xed\x9f\xbf"},
    {"beyond Unicode", "\xf4\x90\x80\x80", "????"},
    {"far beyond", "\xf5\x80\x80\x80", "????"},
    {"cut off", "a\xe2\x82", "a??"},
    {"another character too early", "\xe2\x82z", "??z"},
    /* Controls go: C0, DEL, C1. */
    {"C0", "a\x1b[1mb", "a[1mb"},
    {"DEL",
     "a\x7f"
     "b",
     "ab"},
    {"C1",
     "a\xc2\x80\xc2\x9f"
     "b",
     "ab"},
    {"what is no control beside it", "a\u00a0b", "a\u00a0b"},
    /* So do the marks that turn the direction of a line. */
    {"embeddings and overrides", "a\u202a\u202b\u202c\u202d\u202eb", "ab"},
    {"the ends of lines and paragraphs", "a\u2028\u2029b", "ab"},
    {"isolates", "a\u2066\u2067\u2068\u2069b", "ab"},
    {"what stands beside them", "\u2027\u202f\u2065\u206a\u2126", "\u2027\u202f\u2065\u206a\u2126"},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char line[ROOM];
        excerpt(cases[i].text, strlen(cases[i].text), line, sizeof line);
        same_text(cases[i].what, line, cases[i].line);
    }
}

static const struct {
    const char *text;
    size_t size; /* with the final NUL */
    const char *line;
} cuts[] = {
    {"abcdefg", 8, "abcdefg"}, /* it fits */
    {"abcdefgh", 8, "abcd..."},
    {"ab  cdefgh", 8, "ab c..."},
    {"a\u20ac\u20ac\u20ac", 8, "a\u20ac..."}, /* at a whole character */
    {"\u20ac\u20ac\u20ac\u20ac", 8, "\u20ac..."},
    {"\U0001f600", 4, "..."},
    {"abcd", 4, "..."},
    {" \n abcd", 4, "..."},
    {"abc", 4, "abc"},
    {"\xff\xff\xff\xff\xff", 5, "?..."},
};

static void test_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cuts); i++) {
        char line[ROOM];
        memset(line, 'X', sizeof line);
        excerpt(cuts[i].text, strlen(cuts[i].text), line, cuts[i].size);
        same_text(cuts[i].text, line, cuts[i].line);
        same_int("nothing behind it", line[cuts[i].size], 'X');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_cut)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
