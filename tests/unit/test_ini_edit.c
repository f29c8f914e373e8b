/* One section of an INI text is changed and everything else stays to the byte; what Python's reader
 * makes of the results is compared in tests/contract/test_ini_edit.py. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/ini_edit.h"

/* "key=value" sets, "key" alone removes; words apart from each other. */
static size_t read_changes(char *words, struct ini_change *ret)
{
    size_t n = 0;
    char *rest = words;
    for (char *word; (word = strtok_r(rest, " ", &rest)); n++) {
        char *value = strchr(word, '=');
        if (value)
            *value++ = '\0';
        ret[n] = (struct ini_change){word, value};
    }
    return n;
}

static bool edit(const char *text, const char *section, const char *changes, struct buf *out,
                 struct err *e)
{
    char words[200];
    struct ini_change list[INI_CHANGES_MAX];
    snprintf(words, sizeof words, "%s", changes);
    size_t count = read_changes(words, list);
    const struct ini_edit edit = {"f", section, list, count};
    buf_init(out, 1 << 20);
    return ini_edit(text, strlen(text), &edit, out, e);
}

/* The section is [a]. */
static const struct {
    const char *text, *changes, *want;
} edits[] = {
    /* a key that is there: its value and nothing else */
    {"[a]\nk = 1\n", "k=2", "[a]\nk = 2\n"},
    {"[a]\nk = 1\n", "k=1", "[a]\nk = 1\n"},
    {"[a]\n  K  :  1  \n[b]\nk=1\n", "k=22", "[a]\n  K  :  22  \n[b]\nk=1\n"},
    {"# [a]\n[b]\nk=1\n[a]\n;k=3\nk=1", "k=2", "# [a]\n[b]\nk=1\n[a]\n;k=3\nk=2"},
    {"[a]\r\nk\t=\t1\r\nl = x\r\n", "k=2", "[a]\r\nk\t=\t2\r\nl = x\r\n"},
    {"[a]\rk=1\r[b]\rk=1\r", "k=2", "[a]\rk=2\r[b]\rk=1\r"},
    {"[a] # why\nk=a=b # no ; comment\n", "k=2", "[a] # why\nk=2\n"},
    {"\xef\xbb\xbf[a]\nk=1\n", "k=2", "\xef\xbb\xbf[a]\nk=2\n"},
    /* one without a value */
    {"[a]\nk =\n", "k=2", "[a]\nk = 2\n"},
    {"[a]\nk = \n", "k=2", "[a]\nk = 2\n"},
    {"[a]\nk=\n", "k=2", "[a]\nk=2\n"},
    {"[a]\nk=", "k=2", "[a]\nk=2"},
    {"[a]\nk = 1\n", "k=", "[a]\nk = \n"},
    /* lines that continued the value go, comments between them stay */
    {"[a]\nk =\n  x = 1\n  # c\n\n  y = 2\nl = 1\n", "k=2", "[a]\nk = 2\n  # c\n\nl = 1\n"},
    /* what looks like the key and is not */
    {"[a]\ns =\n  k = 1\n", "k=2", "[a]\ns =\n  k = 1\nk = 2\n"},
    {"[a]\ns = x\n  [a]\nk=1\n", "k=2", "[a]\ns = x\n  [a]\nk=2\n"},
    {"[a]\nkk = 1\n", "k=2", "[a]\nkk = 1\nk = 2\n"},
    {"[ a]\nk=1\n[a ]\nk=1\n[A]\nk=1\n[a]\nk=1\n", "k=2",
     "[ a]\nk=1\n[a ]\nk=1\n[A]\nk=1\n[a]\nk=2\n"},
    /* a key that is not there: behind the last, before what leads up to the next section */
    {"[a]\nk = 1\n\n# of b\n[b]\nk=1\n", "l=2", "[a]\nk = 1\nl = 2\n\n# of b\n[b]\nk=1\n"},
    {"[a]\nk = 1", "l=2 m=3", "[a]\nk = 1\nl = 2\nm = 3\n"},
    {"[a]\nk = 1\n  more\n  # c\n", "l=2", "[a]\nk = 1\n  more\nl = 2\n  # c\n"},
    {"[a]\r\nk = 1", "l=2", "[a]\r\nk = 1\r\nl = 2\r\n"},
    {"[a]\nk = 1\r\n[b]\r\n", "l=2", "[a]\nk = 1\r\nl = 2\n[b]\r\n"},
    {"[a]", "k=1", "[a]\nk = 1\n"},
    {"[a]\n# c\n[b]\n", "k=1", "[a]\nk = 1\n# c\n[b]\n"},
    /* indented as its neighbours, so that neither continues the other */
    {"[a]\n\t k = 1\n\t [b]\nk=1\n", "l=2", "[a]\n\t k = 1\n\t l = 2\n\t [b]\nk=1\n"},
    {"[a]\n    k = 1\n  m = 1\n  [b]\n", "l=2", "[a]\n    k = 1\n  m = 1\n  l = 2\n  [b]\n"},
    {"[a]\n   [b]\nk=1\n", "l=2", "[a]\n   l = 2\n   [b]\nk=1\n"},
    {"  [a]\n[b]\nk=1\n", "l=2", "  [a]\n  l = 2\n[b]\nk=1\n"},
    /* nothing where nothing was */
    {"[a]\nk =\n", "k=", "[a]\nk =\n"},
    {"[a]\nk = \n", "k=", "[a]\nk = \n"},
    /* removed: with the lines that continue it */
    {"[a]\nk = 1\nl = 2\n", "k", "[a]\nl = 2\n"},
    {"[a]\nK =\n  x\n\n  # c\n  y\nl = 2\n", "k", "[a]\n\n  # c\nl = 2\n"},
    {"[a]\nl = 2\nk = 1", "k", "[a]\nl = 2\n"},
    {"[a]\nl = 2\n", "k", "[a]\nl = 2\n"},
    {"[a]\nk = 1\n[b]\nk = 1\n", "k", "[a]\n[b]\nk = 1\n"},
    {"[a]\nk = 1\n\n[b]\n", "k l=2 m=3", "[a]\nl = 2\nm = 3\n\n[b]\n"},
    /* a section that is not there comes last */
    {"", "k=1", "[a]\nk = 1\n"},
    {"\n", "k=1", "\n[a]\nk = 1\n"},
    {"[b]\nk = 1\n", "k=2 l=3", "[b]\nk = 1\n\n[a]\nk = 2\nl = 3\n"},
    {"[b]\nk = 1", "k=2", "[b]\nk = 1\n\n[a]\nk = 2\n"},
    {"[b]\nk = 1\n\n", "k=2", "[b]\nk = 1\n\n[a]\nk = 2\n"},
    {"# c\r\n[b]\r\nk = 1\r\n", "k=2", "# c\r\n[b]\r\nk = 1\r\n\r\n[a]\r\nk = 2\r\n"},
    {"# c\r", "k=2", "# c\r\r[a]\rk = 2\r"},
    {"# c", "k=2", "# c\n\n[a]\nk = 2\n"},
    {"[b]\nk = 1\n", "k l", "[b]\nk = 1\n"},
};

static void test_edits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(edits); i++) {
        struct buf out;
        struct err e;
        if (!edit(edits[i].text, "a", edits[i].changes, &out, &e))
            fail_msg("%s: %s", edits[i].text, e.text);
        same_text(edits[i].text, buf_str(&out), edits[i].want);
        buf_free(&out);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char both[] = "remove one of the two";
    static const struct {
        const char *text, *section, *changes, *message, *hint;
    } bad[] = {
        {"[a]\nk=1\n[a]\nl=1\n", "a", "k=2", "f:3: the same section stands in line 1 already",
         both},
        {"[a]\nk=1\nK=2\n", "a", "k=2", "f:3: k stands in line 2 already", both},
        {"[a]\nk=1\nwords\n", "b", "k=2", "f:3: neither [section] nor `key = value`", ""},
        {"k=1\n", "a", "k=2", "f:1: a setting before the first [section]", ""},
        {"[b\n", "a", "k=2", "f:1: section without a closing bracket", ""},
        {"", "", "k=2", "'' cannot be the name of a section", ""},
        {"", "a]b", "k=2", "'a]b' cannot be the name of a section", ""},
        {"", "a\n[b]", "k=2", "'a [b]' cannot be the name of a section", ""},
        {"", "a ", "k=2", "'a ' cannot be the name of a section", ""},
        {"", "a", "=2", "'' cannot be the name of a setting", ""},
        {"", "a", "#k=2", "'#k' cannot be the name of a setting", ""},
        {"", "a", "k:l=2", "'k:l' cannot be the name of a setting", ""},
        {"", "a", "k=2\nl=3", "the value of k is not one line, or has white space around it", ""},
        {"", "a", "k=2\rl=3", "the value of k is not one line, or has white space around it", ""},
        {"", "a", "k=\t2", "the value of k is not one line, or has white space around it", ""},
        {"", "a", "k=2\t", "the value of k is not one line, or has white space around it", ""},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct buf out;
        struct err e;
        assert_false(edit(bad[i].text, bad[i].section, bad[i].changes, &out, &e));
        same_error(bad[i].text, &e, ERR_INVALID, bad[i].message, bad[i].hint);
        same_text(bad[i].text, buf_str(&out), "");
        buf_free(&out);
    }
}

/* Others' sections and keys may stand twice: that is for their owner to see to. */
static void test_others_twice(void **state)
{
    (void)state;
    struct buf out;
    struct err e;
    assert_true(edit("[b]\nk=1\nk=2\n[b]\n[a]\nk=1\n", "a", "k=2", &out, &e));
    same_text("others", buf_str(&out), "[b]\nk=1\nk=2\n[b]\n[a]\nk=2\n");
    buf_free(&out);
}

static void test_long(void **state)
{
    (void)state;
    struct buf text, want, out;
    struct err e;
    buf_init(&text, 1 << 20);
    buf_init(&want, 1 << 20);
    for (int i = 0; i < 40; i++) {
        buf_printf(&text, "[p%d]\naws_session_token = ", i);
        buf_printf(&want, "[p%d]\naws_session_token = ", i);
        for (int n = 0; n < 1200 && i != 20; n++) {
            buf_text(&text, n % 9 ? "x" : "=");
            buf_text(&want, n % 9 ? "x" : "=");
        }
        buf_text(&want, i == 20 ? "new\r\n" : "\r\n");
        buf_text(&text, "\r\n");
    }
    assert_true(edit(buf_str(&text), "p20", "aws_session_token=new", &out, &e));
    same_bytes("long", out.data, out.len, want.data, want.len);
    buf_free(&text);
    buf_free(&want);
    buf_free(&out);
}

static void test_full(void **state)
{
    (void)state;
    static const struct ini_change change[] = {{"k", "0123456789"}};
    const struct ini_edit edit = {"the file", "a", change, 1};
    struct buf out;
    struct err e;
    buf_init(&out, 12);
    assert_false(ini_edit("", 0, &edit, &out, &e));
    same_error("full", &e, ERR_TOO_LARGE, "the file is larger than 12 bytes", "");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edits),        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_others_twice), cmocka_unit_test(test_long),
        cmocka_unit_test(test_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
