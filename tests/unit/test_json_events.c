/* What the push scanner reports of JSON in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "run/json_events.h"

static const char *const wanted[] = {"a", "m.a", "list[]", "stop", NULL};

/* Events as text: { and } for an object, INDEX=VALUE for a member (strings quoted). */
static const struct {
    const char *json, *events;
} cases[] = {
    {"{}", "{}"},
    {"{\"a\":1}", "{0=1 }"},
    {" {\"b\":1 , \"a\" : -1.5e3 } ", "{0=-1.5e3 }"},
    {"{\"a\":true}{\"a\":null}\n{\"a\":false}", "{0=true }{0=null }{0=false }"},
    {"{\"a\":\"x\\n\\\"\\u00b7\\ud83d\\ude00\\/\"}", "{0='x\n\"\xc2\xb7\xf0\x9f\x98\x80/' }"},
    {"{\"a\":\"\\ud83d\\u0041\\ude00\"}", "{0='\xef\xbf\xbd"
                                          "A\xef\xbf\xbd' }"},
    {"{\"\\u0061\":1}", "{0=1 }"},
    {"{\"m\":{\"a\":1,\"b\":{\"a\":2},\"a\":3},\"a\":4}", "{1=1 1=3 0=4 }"},
    {"{\"m\":[{\"a\":1}],\"x\":{\"m\":{\"a\":2}},\"a\":{\"a\":1},\"m.a\":5}", "{1=5 }"},
    {"{\"list\":[1,\"b\",[2],{\"a\":3},null]}", "{2=1 2='b' }"},
    {"[{\"a\":1},{\"m\":{\"a\":2}}]{\"a\":3}", "{0=1 }{1=2 }{0=3 }"},
    {"[1,{\"a\":1}]", ""},
    {"[]{\"a\":1}", "{0=1 }"},
    {"{\"a\":1,\"stop\":0,\"a\":2}\n{\"a\":3}", "{0=1 3=0 {0=3 }"},
    {"[{\"stop\":0,\"a\":[{\"a\":9}],\"list\":[8]},{\"a\":3}]", "{3=0 {0=3 }"},
    {"noise {\"a\":1}\n{\"a\":2}", "{0=2 }"},
    {"{\"a\":1,}\n{\"a\":2}", "{0=1 {0=2 }"},
    {"{\"a\":\"x\n{\"a\":2}", "{{0=2 }"},
    {"{\"a\":\"\\x\"}\n{\"a\":2}", "{{0=2 }"},
    {"{\"a\":tru}\n{\"a\":2}", "{{0=2 }"},
    {"{\"a\":[1}\n{\"a\":2}", "{{0=2 }"},
    {"{\"a\" 1}\n{\"a\":2}", "{{0=2 }"},
    {"{\"0123456789012345678901234567890123456789012345678901234567890123456789\":{\"a\":1},\"a\":"
     "2}",
     "{0=2 }"},
    {"{\"a\":1", "{"},
    {"{\"a\":x}\n{\"a\":2}", "{{0=2 }"},
    {"{\"a\":\"\\u00zz\"}\n{\"a\":2}", "{{0=2 }"},
    {"{\"a\":\"\\ue000\"}", "{0='\xee\x80\x80' }"},
    {"{\"x\":\"\\u0041\\ud83d\\ude00\\ud83d.\",\"a\":1}", "{0=1 }"},
};

static void on_begin(void *ctx)
{
    buf_text(ctx, "{");
}

static bool on_member(void *ctx, const struct json_member *m)
{
    const char *quote = m->kind == JSON_STRING ? "'" : "";
    assert_int_equal(strlen(m->text), m->len);
    buf_printf(ctx, "%d=%s%s%s ", m->which, quote, m->text, quote);
    return strcmp(wanted[m->which], "stop") != 0;
}

static void on_end(void *ctx)
{
    buf_text(ctx, "}");
}

static const struct json_sink sink = {on_begin, on_member, on_end};

static void members_are_reported_whatever_the_pieces(void **state)
{
    (void)state;
    static struct json_events s;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = strlen(cases[i].json);
        for (size_t piece = 1; piece <= len; piece++) {
            struct buf events;
            buf_init(&events, 1000);
            json_events_init(&s, wanted, &sink, &events);
            for (size_t at = 0; at < len; at += piece)
                json_events_feed(&s, cases[i].json + at, piece < len - at ? piece : len - at);
            assert_string_equal(buf_str(&events), cases[i].events);
            buf_free(&events);
        }
    }
}

static bool count_cut(void *ctx, const struct json_member *m)
{
    assert_int_equal(m->len, LIMIT_FAILURE_TEXT - 1);
    *(int *)ctx += m->cut;
    return true;
}

static void ignore(void *ctx)
{
    (void)ctx;
}

static void a_long_string_is_cut_and_says_so(void **state)
{
    (void)state;
    static struct json_events s;
    static const struct json_sink cut_sink = {ignore, count_cut, ignore};
    int cut = 0;
    json_events_init(&s, wanted, &cut_sink, &cut);
    json_events_feed(&s, "{\"a\":\"", 6);
    for (size_t i = 0; i < LIMIT_FAILURE_TEXT; i++)
        json_events_feed(&s, "x", 1);
    json_events_feed(&s, "\"}", 2);
    assert_int_equal(cut, 1);
}

/* Names as long as a path may be and longer, on both levels, before members that are wanted. */
static void a_long_name_is_not_wanted(void **state)
{
    (void)state;
    static struct json_events s;
    static const size_t lengths[] = {LIMIT_JSON_PATH - 2, LIMIT_JSON_PATH - 1, LIMIT_JSON_PATH,
                                     LIMIT_FAILURE_TEXT + 1};
    static const char *const frames[] = {"{\"%s\":1,\"a\":2}", "{\"%s\":[1],\"a\":2}",
                                         "{\"m\":{\"%s\":1},\"a\":2}"};
    static char name[LIMIT_FAILURE_TEXT + 2], text[LIMIT_FAILURE_TEXT + 40];
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (size_t f = 0; f < sizeof frames / sizeof *frames; f++) {
            struct buf events;
            memset(name, 'n', lengths[i]);
            name[lengths[i]] = '\0';
            const char *hole = strstr(frames[f], "%s");
            snprintf(text, sizeof text, "%.*s%s%s", (int)(hole - frames[f]), frames[f], name,
                     hole + 2);
            buf_init(&events, 1000);
            json_events_init(&s, wanted, &sink, &events);
            json_events_feed(&s, text, strlen(text));
            assert_string_equal(buf_str(&events), "{0=2 }");
            buf_free(&events);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_name_is_not_wanted),
        cmocka_unit_test(members_are_reported_whatever_the_pieces),
        cmocka_unit_test(a_long_string_is_cut_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
