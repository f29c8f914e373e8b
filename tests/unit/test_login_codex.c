/* A login of several members: a JWT that says its end, an order of its own, a bare form with an
 * empty refresh token (tools/codex.ini). */
#include "unit.h"

#include <string.h>

#include "base/limits.h"
#include "tool/jwt.h"
#include "tool/login.h"

/* {"alg":"none"} . {"exp":1795464776} . x */
#define JWT "eyJhbGciOiJub25lIn0.eyJleHAiOjE3OTU0NjQ3NzZ9.x"

#define ID         "\"id_token\":\"id-TEST\""
#define ACCESS     "\"access_token\":\"" JWT "\""
#define REFRESH    "\"refresh_token\":\"rt-TEST\""
#define TOKENS(m)  "\"tokens\":{" m "}"
#define REFRESHED  "\"last_refresh\":\"2026-11-23T20:12:56.123456789Z\""
#define ENDS       INT64_C(1795464776000)
#define REFRESH_AT INT64_C(1795464776123)

static const struct {
    const char *what, *text;
    enum login_state state;
    const char *flaw;
    bool renewable;
    int64_t expires_at, fresh_at;
    const char *document; /* what is relayed */
} cases[] = {
    {"full", "{\"OPENAI_API_KEY\":null," TOKENS(ID "," ACCESS "," REFRESH) "," REFRESHED "}",
     LOGIN_USABLE, "", true, ENDS, REFRESH_AT,
     "{" TOKENS(ID "," ACCESS "," REFRESH) "," REFRESHED "}"},
    {"in another order", "{" REFRESHED ", " TOKENS(" " ACCESS ", " ID) ", \"n\":1.10}",
     LOGIN_USABLE, "", false, ENDS, REFRESH_AT, "{" TOKENS(" " ACCESS ", " ID) "," REFRESHED "}"},
    {"no last refresh", "{" TOKENS(ID "," ACCESS) "}", LOGIN_USABLE, "", false, ENDS, 0,
     "{" TOKENS(ID "," ACCESS) "}"},
    {"a last refresh that is none", "{" TOKENS(ID "," ACCESS) ",\"last_refresh\":\"soon\"}",
     LOGIN_USABLE, "", false, ENDS, 0, "{" TOKENS(ID "," ACCESS) ",\"last_refresh\":\"soon\"}"},
    {"a token that does not say its end",
     "{" TOKENS(ID ",\"access_token\":\"opaque\"") "," REFRESHED "}", LOGIN_USABLE, "", false, 0,
     REFRESH_AT, "{" TOKENS(ID ",\"access_token\":\"opaque\"") "," REFRESHED "}"},
    {"logged out", "{\"OPENAI_API_KEY\":null}", LOGIN_NONE, "", false, 0, 0, NULL},
    {"a key alone", "{\"OPENAI_API_KEY\":\"sk\",\"tokens\":null}", LOGIN_NONE, "", false, 0, 0,
     NULL},
    {"blank", "{" TOKENS(ID ",\"access_token\":\"\"") "}", LOGIN_BLANK, "", false, 0, 0, NULL},
    {"no access token", "{" TOKENS(ID "," REFRESH) "}", LOGIN_MALFORMED, "it has no access token",
     false, 0, 0, NULL},
    {"no id token", "{" TOKENS(ACCESS) "}", LOGIN_MALFORMED, "it has no id_token", false, 0, 0,
     NULL},
    {"tokens in a list", "{\"tokens\":[]}", LOGIN_MALFORMED, "it is not an object", false, 0, 0,
     NULL},
    {"the last refresh twice", "{" TOKENS(ID "," ACCESS) "," REFRESHED "," REFRESHED "}",
     LOGIN_TORN, "", false, 0, 0, NULL},
};

static struct login parsed(const char *text)
{
    struct login l = LOGIN_INIT(LOGIN_ABSENT);
    struct err e;
    assert_true(login_parse(&tool_codex, text, strlen(text), &l, &e));
    return l;
}

static void same_document(const char *what, const struct login *l, const char *want)
{
    size_t len;
    const char *got = secret_reveal(l->part, &len);
    same_bytes(what, got, len, want, strlen(want));
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *what = cases[i].what;
        struct login l = parsed(cases[i].text);
        same_text(what, login_state_name(l.facts.state), login_state_name(cases[i].state));
        same_text(what, l.facts.flaw, cases[i].flaw);
        same_int(what, l.facts.renewable, cases[i].renewable);
        same_int(what, l.facts.expires_at, cases[i].expires_at);
        same_int(what, l.facts.fresh_at, cases[i].fresh_at);
        same_int(what, l.part != NULL, cases[i].document != NULL);
        if (l.part && cases[i].document)
            same_document(what, &l, cases[i].document);
        login_free(&l);
    }
}

/* The client's reader wants the member. */
static void test_without_refresh(void **state)
{
    (void)state;
    static const struct {
        const char *with, *without;
    } forms[] = {
        {"{" TOKENS(ID "," ACCESS "," REFRESH) "," REFRESHED "}",
         "{" TOKENS(ID "," ACCESS ",\"refresh_token\":\"\"") "," REFRESHED "}"},
        {"{" TOKENS(REFRESH " , " ID "," ACCESS) "}",
         "{" TOKENS("\"refresh_token\":\"\" , " ID "," ACCESS) "}"},
        {"{" TOKENS(ID "," ACCESS) "}", "{" TOKENS(ID "," ACCESS) "}"},
    };
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct login l = parsed(forms[i].with), bare = LOGIN_INIT(LOGIN_ABSENT);
        struct err e;
        assert_true(login_without_refresh(&tool_codex, &l, &bare, &e));
        same_document("bare", &bare, forms[i].without);
        same_int("renewable", bare.facts.renewable, false);
        same_int("one login", login_same(&l.facts, &bare.facts), true);
        same_int("as fresh", bare.facts.fresh_at == l.facts.fresh_at, true);
        login_free(&bare);
        login_free(&l);
    }
}

/* A JWT says itself when it expires. */
static void test_with_expiry(void **state)
{
    (void)state;
    struct login l = parsed("{" TOKENS(ID "," ACCESS "," REFRESH) "}"), soon;
    struct err e;
    assert_false(login_with_expiry(&tool_codex, &l, 1795000000000, &soon, &e));
    same_error("refused", &e, ERR_UNSUPPORTED,
               "Codex does not let anybody else say when a login expires", "");
    login_free(&l);
}

static void test_hidden_refresh(void **state)
{
    (void)state;
    struct login l = parsed("{" TOKENS(ID "," ACCESS ",\"refresh\\u005ftoken\":\"rt-TEST\"") "}");
    struct login bare = LOGIN_INIT(LOGIN_ABSENT);
    struct err e;
    same_int("renewable", l.facts.renewable, true);
    assert_false(login_without_refresh(&tool_codex, &l, &bare, &e));
    same_error("refused", &e, ERR_INVALID, "the refresh token cannot be taken out of the login",
               "log in again: codex login");
    login_free(&l);
}

static void test_merge(void **state)
{
    (void)state;
    static const struct {
        const char *file, *merged;
    } files[] = {
        {"{}", "{" TOKENS(ID "," ACCESS) "," REFRESHED "}"},
        {"{ \"OPENAI_API_KEY\": null, \"n\": 1.10 }",
         "{" TOKENS(ID "," ACCESS) "," REFRESHED ", \"OPENAI_API_KEY\": null, \"n\": 1.10 }"},
        {"{\n  \"last_refresh\": \"2020-01-01T00:00:00Z\",\n  \"x\": \"\xff\",\n  \"tokens\": "
         "null\n}\n",
         "{\n  \"last_refresh\": \"2026-11-23T20:12:56.123456789Z\",\n  \"x\": \"\xff\",\n  "
         "\"tokens\": "
         "{" ID "," ACCESS "}\n}\n"},
    };
    struct login l = parsed("{" TOKENS(ID "," ACCESS) "," REFRESHED "}");
    for (size_t i = 0; i < COUNT(files); i++) {
        struct buf out;
        struct err e;
        buf_init(&out, LIMIT_LOGIN_FILE);
        assert_true(login_merge(&tool_codex, &l, files[i].file, strlen(files[i].file), &out, &e));
        same_text("merged", buf_str(&out), files[i].merged);
        buf_free(&out);
    }
    login_free(&l);
}

/* A time of another login's must not stay beside this one. */
static void test_merge_into_none(void **state)
{
    (void)state;
    struct login l = parsed("{" TOKENS(ID "," ACCESS "," REFRESH) "}");
    struct buf out;
    struct err e;
    buf_init(&out, 1000);
    assert_false(login_merge(&tool_codex, &l, "[]", 2, &out, &e));
    same_error("a list", &e, ERR_INVALID, "not a JSON object", "");
    same_text("nothing written", buf_str(&out), "");
    buf_free(&out);
    login_free(&l);
}

static void test_merge_without(void **state)
{
    (void)state;
    struct login l = parsed("{" TOKENS(ID "," ACCESS) "}");
    static const char file[] = "{\"a\":1," REFRESHED "," TOKENS(ID) "}";
    struct buf out;
    struct err e;
    buf_init(&out, LIMIT_LOGIN_FILE);
    assert_true(login_merge(&tool_codex, &l, file, sizeof file - 1, &out, &e));
    same_text("merged", buf_str(&out), "{\"a\":1," TOKENS(ID "," ACCESS) "}");
    buf_free(&out);
    login_free(&l);
}

static void test_jwt(void **state)
{
    (void)state;
    static const struct {
        const char *token;
        int64_t expiry; /* 0: none */
    } tokens[] = {
        {JWT, ENDS},
        {"a.eyJleHAiOjE3OTU0NjQ3NzYuNX0.x", ENDS}, /* 1795464776.5 */
        {"", 0},
        {"sk-TEST", 0},
        {"a.b", 0},
        {"..", 0},
        {"a.!!!.x", 0},
        {"a.e30.x", 0},                                  /* {} */
        {"a.W10.x", 0},                                  /* [] */
        {"a.eyJleHAiOiIxNzk1NDY0Nzc2In0.x", 0},          /* a text */
        {"a.eyJleHAiOi01fQ.x", 0},                       /* -5 */
        {"a.eyJleHAiOjkyMjMzNzIwMzY4NTQ3NzU4MDd9.x", 0}, /* 2^63 - 1 */
        {"a.eyJleHAiOjE3OTU0NjQ3NzZ9", 0},
    };
    for (size_t i = 0; i < COUNT(tokens); i++) {
        int64_t ms = 0;
        same_int(tokens[i].token, jwt_expiry(tokens[i].token, &ms), tokens[i].expiry != 0);
        same_int(tokens[i].token, ms, tokens[i].expiry);
    }
}

static void test_expired(void **state)
{
    (void)state;
    struct login_facts f = {.state = LOGIN_USABLE, .flaw = "", .expires_at = 1000};
    same_int("before", login_expired(&f, 999), false);
    same_int("at", login_expired(&f, 1000), true);
    f.expires_at = 0;
    same_int("not known", login_expired(&f, INT64_MAX), false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_merge_into_none), IN_WORLD(test_cases),       IN_WORLD(test_without_refresh),
        IN_WORLD(test_hidden_refresh),  IN_WORLD(test_with_expiry), IN_WORLD(test_merge),
        IN_WORLD(test_merge_without),   IN_WORLD(test_jwt),         IN_WORLD(test_expired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
