/* JSON through its one door: what is refused, what is kept, and that an error never quotes. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static jv *parsed(const char *text)
{
    struct err e;
    jv *v = jv_parse(text, strlen(text), &e);
    if (!v)
        fail_msg("%s: %s", text, e.text);
    return v;
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"", "not JSON (line 1, byte 0)"},
        {"{", "not JSON (line 1, byte 1)"},
        {"{\"a\":sk-ant-SECRET}", "not JSON (line 1, byte 6)"},
        {"\"sk-ant-SECRET", "not JSON (line 1, byte 14)"},
        {"{\"sk-ant-SECRET\":1,\"sk-ant-SECRET\":2}", "not JSON (line 1, byte 34)"},
        {"[1,\n2,\n]", "not JSON (line 3, byte 8)"},
        {"{} {}", "not JSON (line 1, byte 4)"},
        {"[\"\\u0000\"]", "not JSON (line 1, byte 9)"},
        {"[\"\xff\"]", "not JSON (line 1, byte 2)"},
        {"[01]", "not JSON (line 1, byte 3)"},
        {"[9223372036854775808]", "not JSON (line 1, byte 20)"},
        {"[1e400]", "not JSON (line 1, byte 6)"},
        {"[NaN]", "not JSON (line 1, byte 2)"},
        {"{'a':1}", "not JSON (line 1, byte 2)"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = {0};
        assert_null(jv_parse(cases[i].text, strlen(cases[i].text), &e));
        assert_null(strstr(e.text, "SECRET"));
        same_int(cases[i].text, strncmp(e.text, "not JSON (line ", 15), 0);
        same_int(cases[i].text, e.code, ERR_INVALID);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t as_int; /* 77: no number */
    } cases[] = {
        {"0", 0},
        {"-1", -1},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"1.9", 1},
        {"-1.9", -1},
        {"1795464776123.0", INT64_C(1795464776123)},
        {"1.795464776123e12", INT64_C(1795464776123)},
        {"1e300", INT64_MAX},
        {"-1e300", INT64_MIN},
        {"9.3e18", INT64_MAX},
        {"\"5\"", 77},
        {"null", 77},
        {"true", 77},
        {"[5]", 77},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        jv *v = parsed(cases[i].text);
        same_int(cases[i].text, jv_int(v, 77), cases[i].as_int);
        same_int(cases[i].text, jv_is_number(v), cases[i].as_int != 77);
        jv_free(v);
    }
    same_int("of nothing", jv_int(NULL, 77), 77);
}

static void test_members(void **state)
{
    (void)state;
    jv *v = parsed("{\"s\":\"text\",\"n\":5,\"t\":true,\"f\":false,\"z\":null,\"a\":[1,\"two\"],"
                   "\"o\":{\"k\":\"v\"}}");
    same_text("s", jv_text(v, "s"), "text");
    same_text("a number is no text", jv_text(v, "n"), NULL);
    same_text("absent", jv_text(v, "x"), NULL);
    same_int("n", jv_number(v, "n", 77), 5);
    same_int("a text is no number", jv_number(v, "s", 77), 77);
    same_int("t", jv_flag(v, "t"), true);
    same_int("f", jv_flag(v, "f"), false);
    same_int("a text is no flag", jv_flag(v, "s"), false);
    same_int("z", jv_is_null(jv_get(v, "z")), true);
    same_int("absent is not null", jv_is_null(jv_get(v, "x")), false);
    same_int("size of an object", (long long)jv_size(v), 7);
    same_int("size of an array", (long long)jv_size(jv_get(v, "a")), 2);
    same_int("size of a text", (long long)jv_size(jv_get(v, "s")), 0);
    same_text("element", jv_string(jv_at(jv_get(v, "a"), 1)), "two");
    assert_null(jv_at(jv_get(v, "a"), 2));
    assert_null(jv_at(v, 0));
    same_text("nested", jv_text(jv_get(v, "o"), "k"), "v");
    same_text("of a text", jv_text(jv_get(v, "s"), "k"), NULL);
    same_text("of nothing", jv_text(NULL, "k"), NULL);
    same_int("size of nothing", (long long)jv_size(NULL), 0);
    jv_free(v);
    jv_free(NULL);
}

static void written_is(const jv *v, const char *want)
{
    struct buf out;
    buf_init(&out, 1000);
    assert_true(jv_write(v, &out));
    same_text("written", buf_str(&out), want);
    buf_free(&out);
}

static void test_writing(void **state)
{
    (void)state;
    jv *v = jv_object(), *a = jv_array();
    assert_true(jv_put_text(v, "z", "1\n\"\\\x01\xc3\xbc/"));
    assert_true(jv_put_int(v, "b", INT64_MIN));
    assert_true(jv_put_bool(v, "a", true));
    assert_true(jv_put_text(v, "n", NULL));
    assert_true(jv_put_bytes(v, "bytes", "abcdef", 3));
    assert_true(jv_push(a, parsed("0.1")));
    assert_true(jv_push(a, parsed("1795464776123")));
    assert_true(jv_put(v, "list", a));
    assert_true(jv_put_int(v, "b", 2)); /* in its old place */
    written_is(v, "{\"z\":\"1\\n\\\"\\\\\\u0001\xc3\xbc/\",\"b\":2,\"a\":true,\"n\":null,\"bytes\":"
                  "\"abc\",\"list\":[0.10000000000000001,1795464776123]}");
    jv *copy = jv_copy(v);
    assert_true(jv_put_int(v, "more", 1));
    same_int("a copy of its own", (long long)jv_size(copy), 6);
    jv_free(copy);
    jv_free(v);
}

static void test_not_written(void **state)
{
    (void)state;
    jv *v = jv_object();
    assert_false(jv_put_text(v, "k", "\xff"));
    assert_false(jv_put_bytes(v, "k", "\xc3\xbc", 1));
    assert_false(jv_put(v, "k", NULL));
    assert_false(jv_put_text(NULL, "k", "x"));
    assert_false(jv_push(NULL, jv_object()));
    written_is(v, "{}");
    struct buf small;
    buf_init(&small, 3);
    jv_put_int(v, "k", 1);
    assert_false(jv_write(v, &small));
    assert_false(jv_write(NULL, &small));
    assert_true(small.failed);
    buf_free(&small);
    struct err e;
    assert_ptr_equal(jv_whole(v, true, &e), v);
    assert_null(jv_whole(v, false, &e)); /* and freed */
    same_error("half", &e, ERR_NO_MEMORY, "out of memory", "");
}

static bool collect(void *ctx, const char *key, const jv *value)
{
    struct buf *out = ctx;
    buf_printf(out, "%s=%lld ", key, (long long)jv_int(value, -1));
    return strcmp(key, "stop") != 0;
}

static void test_each(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool whole;
        const char *seen;
    } cases[] = {
        {"{\"z\":1,\"a\":2,\"m\":3}", true, "z=1 a=2 m=3 "},
        {"{\"z\":1,\"stop\":2,\"m\":3}", false, "z=1 stop=2 "},
        {"{}", true, ""},
        {"[1]", true, ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf out;
        buf_init(&out, 100);
        jv *v = parsed(cases[i].text);
        same_int(cases[i].text, jv_each(v, collect, &out), cases[i].whole);
        same_text(cases[i].text, buf_str(&out), cases[i].seen);
        buf_free(&out);
        jv_free(v);
    }
}

static void test_seconds_with_a_fraction(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"[1795404.123]", 1795404123},
        {"[0.0004]", 0},
        {"[0.0005]", 1},
        {"[-1.5]", -1500},
        {"[2]", 2000},
        {"[17954.1e23]", INT64_MAX},
        {"[-17954.1e23]", INT64_MIN},
        {"[9223372036854775807]", INT64_MAX},
        {"[\"1.5\"]", 77},
        {"[]", 77},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        jv *v = parsed(cases[i].text);
        same_int(cases[i].text, jv_millis(jv_at(v, 0), 77), cases[i].ms);
        jv_free(v);
    }
}

static void test_nothing_is_not_written(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 100);
    assert_false(jv_write(NULL, &out));
    assert_false(jv_write_indented(NULL, &out));
    same_text("nothing", buf_str(&out), "");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_nothing_is_not_written),
        IN_WORLD(test_seconds_with_a_fraction),
        IN_WORLD(test_refused),
        IN_WORLD(test_numbers),
        IN_WORLD(test_members),
        IN_WORLD(test_writing),
        IN_WORLD(test_not_written),
        IN_WORLD(test_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
