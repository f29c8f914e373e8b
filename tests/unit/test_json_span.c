/* Changing one member of a text: the others stay as they were, byte by byte. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_span.h"
#include "base/limits.h"

/* Every case is about the member "k" and the new value 9. */
static const struct {
    const char *text;
    const char *value;    /* NULL: not there */
    const char *replaced; /* by 9 */
    const char *removed;
} cases[] = {
    {"{}", NULL, "{\"k\":9}", "{}"},
    {" { } ", NULL, " {\"k\":9 } ", " { } "},
    {"{\"a\":1}", NULL, "{\"k\":9,\"a\":1}", "{\"a\":1}"},
    {"{\n  \"a\": 1\n}\n", NULL, "{\"k\":9,\n  \"a\": 1\n}\n", "{\n  \"a\": 1\n}\n"},
    {"{\"k\":1}", "1", "{\"k\":9}", "{}"},
    {"{ \"k\" : 1 }", "1", "{ \"k\" : 9 }", "{  }"},
    {"{\"k\":1,\"b\":2}", "1", "{\"k\":9,\"b\":2}", "{\"b\":2}"},
    {"{\"a\":0,\"k\":1,\"b\":2}", "1", "{\"a\":0,\"k\":9,\"b\":2}", "{\"a\":0,\"b\":2}"},
    {"{\"a\":0,\"k\":1}", "1", "{\"a\":0,\"k\":9}", "{\"a\":0}"},
    {"{\"a\":0 , \"k\" : 1 , \"b\":2}", "1", "{\"a\":0 , \"k\" : 9 , \"b\":2}",
     "{\"a\":0 ,  \"b\":2}"},
    {"{\n  \"a\": 0,\n  \"k\": 1\n}\n", "1", "{\n  \"a\": 0,\n  \"k\": 9\n}\n",
     "{\n  \"a\": 0\n}\n"},
    /* the same name deeper down, before and after */
    {"{\"a\":{\"k\":5},\"k\":1,\"b\":[{\"k\":6}]}", "1",
     "{\"a\":{\"k\":5},\"k\":9,\"b\":[{\"k\":6}]}", "{\"a\":{\"k\":5},\"b\":[{\"k\":6}]}"},
    {"{\"a\":{\"k\":5}}", NULL, "{\"k\":9,\"a\":{\"k\":5}}", "{\"a\":{\"k\":5}}"},
    {"{\"k\":{\"k\":5}}", "{\"k\":5}", "{\"k\":9}", "{}"},
    /* the name as a value, and names that only begin like it */
    {"{\"a\":\"k\",\"kk\":2,\"\":3}", NULL, "{\"k\":9,\"a\":\"k\",\"kk\":2,\"\":3}",
     "{\"a\":\"k\",\"kk\":2,\"\":3}"},
    /* braces, quotes, commas and escapes inside texts */
    {"{\"a\":\"}\\\"k\\\":1,{\",\"k\":\"]}\\\\\",\"b\":\"\\u007b\"}", "\"]}\\\\\"",
     "{\"a\":\"}\\\"k\\\":1,{\",\"k\":9,\"b\":\"\\u007b\"}",
     "{\"a\":\"}\\\"k\\\":1,{\",\"b\":\"\\u007b\"}"},
    /* numbers that a JSON library would change */
    {"{\"a\":12345678901234567890,\"k\":0.1,\"b\":1e400,\"c\":-0.0E-7}", "0.1",
     "{\"a\":12345678901234567890,\"k\":9,\"b\":1e400,\"c\":-0.0E-7}",
     "{\"a\":12345678901234567890,\"b\":1e400,\"c\":-0.0E-7}"},
    {"{\"k\":1e400}", "1e400", "{\"k\":9}", "{}"},
    {"{\"k\":[ 1 , {} ],\"a\":null}", "[ 1 , {} ]", "{\"k\":9,\"a\":null}", "{\"a\":null}"},
    {"{\"k\":true,\"a\":false}", "true", "{\"k\":9,\"a\":false}", "{\"a\":false}"},
    /* what texts mean is not looked at: bytes that are no UTF-8, a name written with an escape */
    {"{\"a\":\"\xff\",\"k\":\"\xc3\"}", "\"\xc3\"", "{\"a\":\"\xff\",\"k\":9}", "{\"a\":\"\xff\"}"},
    {"{\"\\u006b\":1}", NULL, "{\"k\":9,\"\\u006b\":1}", "{\"\\u006b\":1}"},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *text = cases[i].text;
        struct json_span span;
        struct buf out;
        struct err e;
        buf_init(&out, 1000);
        assert_true(json_span_find(text, strlen(text), "k", &span, &e));
        same_int(text, span.found, cases[i].value != NULL);
        if (span.found)
            same_bytes(text, text + span.at, span.len, cases[i].value, strlen(cases[i].value));
        assert_true(json_span_replace(text, strlen(text), "k", "9", 1, &out, &e));
        same_text(text, buf_str(&out), cases[i].replaced);
        buf_clear(&out);
        assert_true(json_span_remove(text, strlen(text), "k", &out, &e));
        same_text(text, buf_str(&out), cases[i].removed);
        buf_free(&out);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"", "not a JSON object"},
        {"[]", "not a JSON object"},
        {"null", "not a JSON object"},
        {"\xef\xbb\xbf{}", "not a JSON object"},
        {"{", "not JSON (at byte 1 of 1)"},
        {"{\"k\":1", "not JSON (at byte 6 of 6)"},
        {"{\"k\":1}x", "not JSON (at byte 7 of 8)"},
        {"{\"k\":1}{}", "not JSON (at byte 7 of 9)"},
        {"{\"k\":1,}", "not JSON (at byte 7 of 8)"},
        {"{,\"k\":1}", "not JSON (at byte 1 of 8)"},
        {"{\"k\" 1}", "not JSON (at byte 5 of 7)"},
        {"{\"k\":}", "not JSON (at byte 5 of 6)"},
        {"{k:1}", "not JSON (at byte 1 of 5)"},
        {"{\"k\":1 \"a\":2}", "not JSON (at byte 7 of 13)"},
        {"{\"k\":[1,]}", "not JSON (at byte 8 of 10)"},
        {"{\"k\":[1}", "not JSON (at byte 7 of 8)"},
        {"{\"k\":\"a}", "not JSON (at byte 8 of 8)"},
        {"{\"k\":\"a\nb\"}", "not JSON (at byte 8 of 11)"},
        {"{\"k\":\"\\x\"}", "not JSON (at byte 8 of 10)"},
        {"{\"k\":\"\\u12g4\"}", "not JSON (at byte 10 of 14)"},
        {"{\"k\":\"\\", "not JSON (at byte 7 of 7)"},
        {"{\"k\":\"\\u1", "not JSON (at byte 9 of 9)"},
        {"{\"k\":\"\\u12G4\"}", "not JSON (at byte 10 of 14)"},
        {"{\"k\":\"\\u12@4\"}", "not JSON (at byte 10 of 14)"},
        {"{\"k\":\"\\u12`4\"}", "not JSON (at byte 10 of 14)"},
        {"{\"k\":1e++1}", "not JSON (at byte 8 of 11)"},
        {"{\"k\":01}", "not JSON (at byte 6 of 8)"},
        {"{\"k\":-}", "not JSON (at byte 6 of 7)"},
        {"{\"k\":1.}", "not JSON (at byte 7 of 8)"},
        {"{\"k\":.5}", "not JSON (at byte 5 of 8)"},
        {"{\"k\":1e}", "not JSON (at byte 7 of 8)"},
        {"{\"k\":+1}", "not JSON (at byte 5 of 8)"},
        {"{\"k\":tru}", "not JSON (at byte 5 of 9)"},
        {"{\"k\":nul", "not JSON (at byte 5 of 8)"},
        {"{\"k\":NaN}", "not JSON (at byte 5 of 9)"},
        /* twice: which one counts is anybody's guess */
        {"{\"k\":1,\"k\":1}", "not JSON (at byte 12 of 13)"},
        {"{\"k\":1,\"a\":0,\"k\":2}", "not JSON (at byte 18 of 19)"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        size_t len = strlen(bad[i].text);
        struct json_span span = {.at = 77};
        struct buf out;
        struct err e;
        /* In a block of its own size, so that a look beyond the end is seen by the sanitizer. */
        char *text = malloc(len + !len);
        memcpy(text, bad[i].text, len);
        buf_init(&out, 100);
        assert_false(json_span_find(text, len, "k", &span, &e));
        same_error(bad[i].text, &e, ERR_INVALID, bad[i].message, "");
        same_int("untouched", (long long)span.at, 77);
        assert_false(json_span_replace(text, len, "k", "9", 1, &out, &e));
        assert_false(json_span_remove(text, len, "k", &out, &e));
        same_int("nothing written", (long long)out.len, 0);
        buf_free(&out);
        free(text);
    }
    struct json_span span;
    struct err e;
    assert_false(json_span_find("{}\0", 3, "k", &span, &e));
    same_text("a NUL at the end", e.text, "not JSON (at byte 2 of 3)");
    assert_false(json_span_find("{\"k\":\"\\\0\"}", 10, "k", &span, &e));
    same_text("an escaped NUL", e.text, "not JSON (at byte 8 of 10)");
    assert_true(json_span_find("{\"k\":\"\\uAFaf\"}", 14, "k", &span, &e));
    assert_true(json_span_find("{\"k\":1e+5}", 10, "k", &span, &e));
}

static void nested(struct buf *out, unsigned depth)
{
    buf_text(out, "{\"k\":");
    for (unsigned i = 0; i < depth; i++)
        buf_text(out, "[");
    for (unsigned i = 0; i < depth; i++)
        buf_text(out, "]");
    buf_text(out, "}");
}

static void test_depth(void **state)
{
    (void)state;
    static const unsigned depths[] = {LIMIT_JSON_DEPTH, LIMIT_JSON_DEPTH + 1, 100000};
    for (size_t i = 0; i < COUNT(depths); i++) {
        struct json_span span;
        struct buf text;
        struct err e;
        buf_init(&text, 1 << 20);
        nested(&text, depths[i]);
        same_int("depth", json_span_find(text.data, text.len, "k", &span, &e),
                 depths[i] <= LIMIT_JSON_DEPTH);
        buf_free(&text);
    }
}

static void test_too_large(void **state)
{
    (void)state;
    static char big[1001];
    struct buf out;
    struct err e;
    memset(big, '1', sizeof big - 1);
    buf_init(&out, 1000);
    assert_false(json_span_replace("{\"k\":1}", 7, "k", big, 1000, &out, &e));
    same_error("replace", &e, ERR_TOO_LARGE, "the file is larger than 1000 bytes", "");
    buf_free(&out);
}

/* ---- random documents; the seed is fixed, so that a failure comes back ---- */

static uint64_t seed = 0x2545F4914F6CDD1D;

static unsigned below(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % n;
}

static void random_space(struct buf *out)
{
    static const char *const spaces[] = {"", "", "", " ", "\n  ", "\t", "\r\n"};
    buf_text(out, spaces[below(COUNT(spaces))]);
}

static void random_value(struct buf *out, unsigned depth)
{
    static const char *const leaves[] = {
        "0",          "-1",           "12345678901234567890",
        "1e400",      "0.10",         "true",
        "false",      "null",         "\"\"",
        "\"}{][,:\"", "\"\\\"\\\\\"", "\"\\u00fc\"",
        "{}",         "\"\xc3\xbc\"", "[ ]",
        "\"target\"", "1E-2",         "\"\\/\\b\"",
    };
    unsigned kind = depth ? below(4) : 3;
    if (kind >= 2) {
        buf_text(out, leaves[below(COUNT(leaves))]);
        return;
    }
    unsigned n = 1 + below(3);
    buf_text(out, kind ? "[" : "{");
    for (unsigned i = 0; i < n; i++) {
        random_space(out);
        if (!kind)
            buf_printf(out, i ? "\"m%u\":" : "\"target\":", i);
        random_value(out, depth - 1);
        random_space(out);
        buf_text(out, i + 1 < n ? "," : "");
    }
    buf_text(out, kind ? "]" : "}");
}

enum { MEMBERS = 6 };

/* A document of up to MEMBERS members of which number AT is the target; the values beside. */
static unsigned random_document(struct buf *out, struct buf values[MEMBERS], unsigned *ret_at)
{
    unsigned n = below(MEMBERS + 1);
    *ret_at = below(2) ? below(MEMBERS) : MEMBERS;
    random_space(out);
    buf_text(out, "{");
    for (unsigned i = 0; i < n; i++) {
        buf_clear(&values[i]);
        random_value(&values[i], 3);
        random_space(out);
        if (i == *ret_at)
            buf_text(out, "\"target\"");
        else
            buf_printf(out, "\"n%u\"", i);
        random_space(out);
        buf_text(out, ":");
        random_space(out);
        buf_bytes(out, values[i].data, values[i].len);
        random_space(out);
        buf_text(out, i + 1 < n ? "," : "");
    }
    random_space(out);
    buf_text(out, "}");
    random_space(out);
    return n;
}

static void others_stand(const struct buf *text, const struct buf values[MEMBERS], unsigned n,
                         unsigned at)
{
    for (unsigned i = 0; i < n; i++) {
        char name[] = {'n', (char)('0' + i), '\0'};
        struct json_span span;
        struct err e;
        if (i == at)
            continue;
        assert_true(json_span_find(text->data, text->len, name, &span, &e));
        assert_true(span.found);
        same_bytes(buf_str(text), text->data + span.at, span.len, values[i].data, values[i].len);
    }
}

static void test_random(void **state)
{
    (void)state;
    struct buf text, value, out, values[MEMBERS];
    buf_init(&text, 1 << 16);
    buf_init(&value, 1 << 16);
    buf_init(&out, 1 << 16);
    for (unsigned i = 0; i < MEMBERS; i++)
        buf_init(&values[i], 1 << 16);
    for (unsigned round = 0; round < 20000; round++) {
        struct json_span span;
        struct err e;
        unsigned at;
        buf_clear(&text);
        buf_clear(&value);
        unsigned n = random_document(&text, values, &at);
        random_value(&value, 3);

        assert_true(json_span_find(text.data, text.len, "target", &span, &e));
        same_int(buf_str(&text), span.found, at < n);
        if (span.found)
            same_bytes(buf_str(&text), text.data + span.at, span.len, values[at].data,
                       values[at].len);

        buf_clear(&out);
        assert_true(
            json_span_replace(text.data, text.len, "target", value.data, value.len, &out, &e));
        assert_true(json_span_find(out.data, out.len, "target", &span, &e));
        assert_true(span.found);
        same_bytes(buf_str(&text), out.data + span.at, span.len, value.data, value.len);
        others_stand(&out, values, n, at);

        buf_clear(&out);
        assert_true(json_span_remove(text.data, text.len, "target", &out, &e));
        assert_true(json_span_find(out.data, out.len, "target", &span, &e));
        assert_false(span.found);
        others_stand(&out, values, n, at);
    }
    for (unsigned i = 0; i < MEMBERS; i++)
        buf_free(&values[i]);
    buf_free(&text);
    buf_free(&value);
    buf_free(&out);
}

/* A text cut short anywhere is never taken for whole. */
static void test_torn(void **state)
{
    (void)state;
    static const char whole[] = "{\"a\":[1,{\"b\":\"}\"}],\"k\":{\"x\":-1.5e3},\"c\":true}";
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        struct json_span span;
        struct err e;
        char *text = malloc(len + !len);
        memcpy(text, whole, len);
        assert_false(json_span_find(text, len, "k", &span, &e));
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_cases),     IN_WORLD(test_refused), IN_WORLD(test_depth),
        IN_WORLD(test_too_large), IN_WORLD(test_random),  IN_WORLD(test_torn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
