/* The two values of a store: what is written is read again, and damage is a state. */
#include "unit.h"

#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "relay/value.h"

#define BARE                                                                                       \
    "{\"claudeAiOauth\":{\"accessToken\":\"sk-ant-oat01-TEST\",\"expiresAt\":1795464776123,"       \
    "\"scopes\":[ \"a\" ]}}"
#define FULL                                                                                       \
    "{\"claudeAiOauth\":{\"accessToken\":\"sk-ant-oat01-TEST\",\"refreshToken\":\"sk-ant-"         \
    "ort01-TEST\",\"expiresAt\":1795464776123,\"scopes\":[ \"a\" ]}}"

static struct login login(const char *text)
{
    struct login l = LOGIN_INIT(LOGIN_ABSENT);
    struct err e;
    assert_true(login_parse(&tool_claude, text, strlen(text), &l, &e));
    return l;
}

static void test_shared(void **state)
{
    (void)state;
    static const struct {
        bool with_refresh;
        const char *value;
    } cases[] = {{false, BARE}, {true, FULL}};
    struct login l = login("{\"x\":1, \"claudeAiOauth\" : "
                           "{\"accessToken\":\"sk-ant-oat01-TEST\",\"refreshToken\":\"sk-ant-"
                           "ort01-TEST\",\"expiresAt\":1795464776123,\"scopes\":[ \"a\" ]}}");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct login again;
        struct buf out;
        struct err e;
        buf_init(&out, LIMIT_LOGIN);
        assert_true(value_write_shared(&tool_claude, &l, cases[i].with_refresh, &out, &e));
        same_text("value", buf_str(&out), cases[i].value);
        assert_true(value_read_shared(&tool_claude, out.data, out.len, &again, &e));
        same_int("the same login", login_same(&l.facts, &again.facts), true);
        same_int("renewable", again.facts.renewable, cases[i].with_refresh);
        login_free(&again);
        buf_free(&out);
    }
    login_free(&l);
}

static void test_renewable(void **state)
{
    (void)state;
    static const struct {
        struct tenure of;
        const char *value;
    } cases[] = {
        {{"mac-mini.local", false}, "{\"holder\":\"mac-mini.local\",\"login\":" FULL "}"},
        {{"mac-mini.local", true},
         "{\"holder\":\"mac-mini.local\",\"renewing\":true,\"login\":" FULL "}"},
        {{"", false}, "{\"holder\":\"\",\"login\":" FULL "}"},
        {{"a \"quoted\\one\"", false},
         "{\"holder\":\"a \\\"quoted\\\\one\\\"\",\"login\":" FULL "}"},
        {{"Z\xc3\xbcrich \xf0\x9f\x94\x91", false},
         "{\"holder\":\"Z\xc3\xbcrich \xf0\x9f\x94\x91\",\"login\":" FULL "}"},
        {{"}\",\"login\":{}", false}, "{\"holder\":\"}\\\",\\\"login\\\":{}\",\"login\":" FULL "}"},
    };
    struct login l = login(FULL);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct login again;
        struct buf out;
        struct err e;
        struct tenure of = {"x", true};
        buf_init(&out, LIMIT_LOGIN);
        assert_true(value_write_renewable(&l, &cases[i].of, &out, &e));
        same_text("value", buf_str(&out), cases[i].value);
        assert_true(value_read_renewable(&tool_claude, out.data, out.len, &again, &of, &e));
        same_text("holder", of.holder, cases[i].of.holder);
        same_int("renewing", of.renewing, cases[i].of.renewing);
        same_int("the same login", login_same(&l.facts, &again.facts), true);
        same_int("renewable", again.facts.renewable, true);
        login_free(&again);
        buf_free(&out);
    }
    login_free(&l);
}

/* A host name in Latin-1 must not make a value that nobody can read. */
static void test_holder_refused(void **state)
{
    (void)state;
    struct login l = login(FULL);
    struct buf out;
    struct err e;
    buf_init(&out, LIMIT_LOGIN);
    const struct tenure of = {"Z\xfcrich", false};
    assert_false(value_write_renewable(&l, &of, &out, &e));
    same_error("not UTF-8", &e, ERR_INVALID, "the machine's name 'Z?rich' is not valid UTF-8",
               "give it another: CREDRELAY_MACHINE=NAME");
    buf_free(&out);
    login_free(&l);
}

static void test_too_large(void **state)
{
    (void)state;
    const struct tenure of = {"mac", false};
    struct login l = login(FULL);
    const size_t whole = strlen("{\"holder\":\"mac\",\"login\":}") + strlen(FULL);
    for (size_t limit = 0; limit < whole; limit++) {
        struct buf out;
        struct err e;
        buf_init(&out, limit);
        assert_false(value_write_renewable(&l, &of, &out, &e));
        same_int("code", e.code, ERR_TOO_LARGE);
        buf_free(&out);
    }
    login_free(&l);
}

static void test_damaged(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *login_state, *holder;
    } cases[] = {
        {"", "torn", ""},
        {"[]", "torn", ""},
        {"{\"holder\":\"a\",\"login\":{", "torn", ""},
        {"{\"holder\":\"a\",\"holder\":\"b\",\"login\":" FULL "}", "torn", ""},
        {"{\"renewing\":true,\"renewing\":true,\"login\":" FULL "}", "torn", ""},
        {"{\"login\":" FULL ",\"login\":" FULL "}", "torn", ""},
        {"{}", "none", ""},
        {"{\"holder\":\"a\"}", "none", "a"},
        {"{\"holder\":\"a\\u001b[2J\",\"login\":" FULL "}", "usable", "a?[2J"},
        {"{\"holder\":5,\"login\":" FULL "}", "usable", ""},
        {"{\"holder\":null,\"login\":" FULL "}", "usable", ""},
        {"{\"login\":" FULL "}", "usable", ""},
        {"{\"holder\":\"a\",\"renewing\":1,\"login\":" FULL "}", "usable", "a"},
        {"{\"holder\":\"a\",\"login\":null}", "torn", "a"},
        {"{\"holder\":\"a\",\"login\":{}}", "none", "a"},
        {FULL, "none", ""}, /* the plain layout's value */
        {"{\"holder\":\"a\",\"login\":{\"claudeAiOauth\":{\"accessToken\":\"\"}}}", "blank", "a"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct login l;
        struct err e;
        struct tenure of = {"x", true};
        assert_true(
            value_read_renewable(&tool_claude, cases[i].text, strlen(cases[i].text), &l, &of, &e));
        same_text(cases[i].text, login_state_name(l.facts.state), cases[i].login_state);
        same_text(cases[i].text, of.holder, cases[i].holder);
        same_int(cases[i].text, of.renewing, false);
        login_free(&l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_shared),    IN_WORLD(test_renewable), IN_WORLD(test_holder_refused),
        IN_WORLD(test_too_large), IN_WORLD(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
