/* INI files as RawConfigParser reads them: what comes out, key by key, and what is refused. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/ini.h"
#include "base/limits.h"

static bool note(void *ctx, const char *section, const char *key, const char *value, unsigned line,
                 struct err *e)
{
    if (!key) /* test_sections looks at those */
        return true;
    if (strcmp(key, "stop") == 0)
        return err_set(e, ERR_DENIED, "stopped");
    buf_printf(ctx, "%u[%s]%s=%s;", line, section, key, value);
    return true;
}

static const struct {
    const char *text;
    const char *keys; /* "LINE[SECTION]KEY=VALUE;" each */
} cases[] = {
    {"", ""},
    {"\n\n", ""},
    {"[a]\nk = v\n", "2[a]k=v;"},
    {"[a]\nk=v", "2[a]k=v;"},
    {"[a]\nk=\f\vv\v\f\n", "2[a]k=v;"},
    {"[a]\nk : v\n", "2[a]k=v;"},
    {"[a]\nk: v = w\n", "2[a]k=v = w;"},
    {"[a]\nk = v : w\n", "2[a]k=v : w;"},
    {"[a]\nKey-Name = Mixed\n", "2[a]key-name=Mixed;"},
    {"[a]\nk =\n", "2[a]k=;"},
    {"[a]\nk = \n\n\n[b]\nk=1\n", "2[a]k=;6[b]k=1;"},
    /* lines as Windows ends them, and its byte order mark */
    {"\xef\xbb\xbf[a]\r\nk = v\r\nl = w\r\n", "2[a]k=v;3[a]l=w;"},
    /* comments are whole lines only; a value keeps its # ; and quotes */
    {"# c\n; c\n[a]\n# k = 0\n  ; c\nk = v # no ; comment\nq = \"x\"\n",
     "6[a]k=v # no ; comment;7[a]q=\"x\";"},
    /* continuation: deeper than the key it continues */
    {"[a]\nk = one\n  two\n\tthree\nl = x\n", "2[a]k=one\ntwo\nthree;5[a]l=x;"},
    {"[a]\nk = one\n  # comment\n  two\n", "2[a]k=one\ntwo;"},
    {"[a]\nk = one\n\n  two\n\n\nl = x\n", "2[a]k=one\n\ntwo;7[a]l=x;"},
    {"[a]\nk = one\n  b = 2\n", "2[a]k=one\nb = 2;"},
    {"[a]\nk = one\n  [b]\n", "2[a]k=one\n[b];"},
    {"[a]\n  k = one\n  l = two\n", "2[a]k=one;3[a]l=two;"},
    {"  [a]\n    k = one\n      more\n    l = two\n  m = three\n",
     "2[a]k=one\nmore;4[a]l=two;5[a]m=three;"},
    {"[a]\n\tk = 1\n\t[b]\n\tl = 2\n", "2[a]k=1;4[b]l=2;"},
    {"[a]\nk = 1\n[b]\n  l = 2\n", "2[a]k=1;4[b]l=2;"},
    /* nested sections of ~/.aws/config */
    {"[services s]\nssm =\n  endpoint_url = http://127.0.0.1:1\n  x = y\nddb =\n  z = 1\n",
     "2[services s]ssm=\nendpoint_url = http://127.0.0.1:1\nx = y;5[services s]ddb=\nz = 1;"},
    /* section names: to the last bracket, what follows is not looked at */
    {"[profile x]\nk=1\n[ spaced ]\nk=2\n[a]b]\nk=3\n[c] # see\nk=4\n",
     "2[profile x]k=1;4[ spaced ]k=2;6[a]b]k=3;8[c]k=4;"},
    /* twice: each is told, in order; the caller decides */
    {"[a]\nk=1\nk=2\n[b]\n[a]\nk=3\n", "2[a]k=1;3[a]k=2;6[a]k=3;"},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf got;
        struct err e;
        buf_init(&got, 10000);
        if (!ini_parse(cases[i].text, strlen(cases[i].text), "f", note, &got, &e))
            fail_msg("%s: %s", cases[i].text, e.text);
        same_text(cases[i].text, buf_str(&got), cases[i].keys);
        buf_free(&got);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"k = v\n", "c.conf:1: a setting before the first [section]"},
        {"\n# c\nk = v\n[a]\n", "c.conf:3: a setting before the first [section]"},
        {"[a\nk = v\n", "c.conf:1: section without a closing bracket"},
        {"[]\n", "c.conf:1: section without a closing bracket"},
        {"[a]\nk = 1\njust words\n", "c.conf:3: neither [section] nor `key = value`"},
        {"[a]\n= v\n", "c.conf:2: neither [section] nor `key = value`"},
        {"[a]\n : v\n", "c.conf:2: neither [section] nor `key = value`"},
    };
    static const char nul[] = "[a]\nk\0x = 1\n";
    struct err why;
    assert_false(ini_parse(nul, sizeof nul - 1, "c.conf", note, NULL, &why));
    same_error("a NUL", &why, ERR_INVALID, "c.conf:2: a NUL byte", "");
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct buf got;
        struct err e;
        buf_init(&got, 1000);
        assert_false(ini_parse(bad[i].text, strlen(bad[i].text), "c.conf", note, &got, &e));
        same_error(bad[i].text, &e, ERR_INVALID, bad[i].message, "");
        buf_free(&got);
    }
}

/* A section, a key and a value, each longer than a configuration may be. */
static void test_longer_than_a_file(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after, *message;
    } rows[] = {
        {"[", "]\nk = v\n", "f:1: line too long"},
        {"[a]\n", " = v\n", "f:2: line too long"},
        {"[a]\nk = ", "\n", "f:2: line too long"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf text;
        struct err e;
        buf_init(&text, 2 * LIMIT_CONFIG);
        buf_text(&text, rows[i].before);
        for (unsigned n = 0; n <= LIMIT_CONFIG; n++)
            buf_text(&text, "x");
        buf_text(&text, rows[i].after);
        assert_false(ini_parse(buf_str(&text), text.len, "f", note, NULL, &e));
        same_error(rows[i].before, &e, ERR_TOO_LARGE, rows[i].message, "");
        buf_free(&text);
    }
}

static bool note_section(void *ctx, const char *section, const char *key, const char *value,
                         unsigned line, struct err *e)
{
    (void)e;
    if (!key)
        buf_printf(ctx, "%u[%s]%s;", line, section, value ? value : "");
    return true;
}

/* Each is told where it stands, also one with no key in it. */
static void test_sections(void **state)
{
    static const char text[] = "[a]\n[b]\nk = 1\n  [no]\n[a]\n\n[c] # see\n";
    struct buf got;
    struct err e;
    (void)state;
    buf_init(&got, 1000);
    assert_true(ini_parse(text, strlen(text), "f", note_section, &got, &e));
    same_text("sections", buf_str(&got), "1[a];2[b];5[a];7[c];");
    buf_free(&got);
}

static void test_stop(void **state)
{
    (void)state;
    static const char *const texts[] = {"[a]\nk=1\nstop=1\nl=2\n", "[a]\nk=1\nstop=1"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct buf got;
        struct err e;
        buf_init(&got, 100);
        assert_false(ini_parse(texts[i], strlen(texts[i]), "f", note, &got, &e));
        same_error("the function's own error", &e, ERR_DENIED, "stopped", "");
        same_text("nothing after it", buf_str(&got), "2[a]k=1;");
        buf_free(&got);
    }
}

/* An AWS session token has 1,200 characters; libraries have cut lines at 200. */
static void test_long(void **state)
{
    (void)state;
    static const size_t lengths[] = {199, 200, 1200, 65536, 200 << 10};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct buf text, got, want;
        struct err e;
        buf_init(&text, 1 << 20);
        buf_init(&got, 1 << 20);
        buf_init(&want, 1 << 20);
        buf_text(&text, "[a]\nk = ");
        buf_text(&want, "2[a]k=");
        for (size_t n = 0; n < lengths[i]; n++) {
            buf_text(&text, n % 7 ? "x" : "=");
            buf_text(&want, n % 7 ? "x" : "=");
        }
        buf_text(&text, "\n");
        buf_text(&want, ";");
        assert_true(ini_parse(text.data, text.len, "f", note, &got, &e));
        same_bytes("long value", got.data, got.len, want.data, want.len);
        buf_free(&text);
        buf_free(&got);
        buf_free(&want);
    }
}

static void test_too_long(void **state)
{
    (void)state;
    struct buf text, got;
    struct err e;
    buf_init(&text, 1 << 20);
    buf_init(&got, 1 << 20);
    buf_text(&text, "[a]\nx = 1\nk = ");
    while (text.len < 300 << 10)
        buf_text(&text, "xxxxxxxx");
    assert_false(ini_parse(text.data, text.len, "f", note, &got, &e));
    same_error("beyond the limit", &e, ERR_TOO_LARGE, "f:3: line too long", "");
    same_text("nothing of it", buf_str(&got), "2[a]x=1;");
    buf_free(&text);
    buf_free(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_longer_than_a_file), cmocka_unit_test(test_cases),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_sections),
        cmocka_unit_test(test_stop),       cmocka_unit_test(test_long),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
