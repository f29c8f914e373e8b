/* A login read into facts: text in, facts out. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "tool/description.h"
#include "tool/login.h"

#define FINGERPRINT "c8438892"

/* The parts that most cases have. */
#define ACCESS        "\"accessToken\":\"sk-ant-oat01-TEST\""
#define REFRESH       "\"refreshToken\":\"sk-ant-ort01-TEST\""
#define EXPIRES       "\"expiresAt\":1795464776123"
#define SCOPES        "\"scopes\":[\"user:inference\"]"
#define MONTH         "\"refreshTokenExpiresAt\":1798056776123"
#define PART(members) "{\"claudeAiOauth\":{" members "}}"

static const char whole[] = PART(ACCESS "," REFRESH "," EXPIRES "," MONTH "," SCOPES
                                        ",\"subscriptionType\":\"max\",\"rateLimitTier\":null");

static const struct {
    const char *what, *text;
    enum login_state state;
    const char *flaw;
    bool renewable;
    int64_t expires_at, deadline;
} cases[] = {
    {"full", whole, LOGIN_USABLE, "", true, INT64_C(1795464776123), INT64_C(1798056776123)},
    {"refresh-less", PART(ACCESS "," EXPIRES "," SCOPES), LOGIN_USABLE, "", false,
     INT64_C(1795464776123), 0},
    {"empty refresh token", PART(ACCESS ",\"refreshToken\":\"\"," EXPIRES "," SCOPES), LOGIN_USABLE,
     "", false, INT64_C(1795464776123), 0},
    {"null refresh token", PART(ACCESS ",\"refreshToken\":null," EXPIRES "," SCOPES), LOGIN_USABLE,
     "", false, INT64_C(1795464776123), 0},
    {"no scope in the scopes", PART(ACCESS "," EXPIRES ",\"scopes\":[]"), LOGIN_USABLE, "", false,
     INT64_C(1795464776123), 0},
    {"expiry as a float", PART(ACCESS ",\"expiresAt\":1795464776123.75," SCOPES), LOGIN_USABLE, "",
     false, INT64_C(1795464776123), 0},
    {"deadline in seconds",
     PART(ACCESS "," EXPIRES "," SCOPES ",\"refreshTokenExpiresAt\":1798056776"), LOGIN_USABLE, "",
     false, INT64_C(1795464776123), 0},
    {"deadline as a text", PART(ACCESS "," EXPIRES "," SCOPES ",\"refreshTokenExpiresAt\":\"x\""),
     LOGIN_USABLE, "", false, INT64_C(1795464776123), 0},
    {"long expired", PART(ACCESS ",\"expiresAt\":1500000000000," SCOPES), LOGIN_USABLE, "", false,
     INT64_C(1500000000000), 0},
    {"other members, spaces and bytes that are no UTF-8",
     "\n{ \"mcpOAuth\" : {\"claudeAiOauth\":1,\"n\":12345678901234567890,\"t\":\"\xff\"},\n"
     "\"claudeAiOauth\" : { " ACCESS ", " EXPIRES ", " SCOPES " } }\n",
     LOGIN_USABLE, "", false, INT64_C(1795464776123), 0},

    {"nothing", "", LOGIN_EMPTY, "", false, 0, 0},
    {"white space", " \n\t\r\n", LOGIN_EMPTY, "", false, 0, 0},
    {"a list", "[]", LOGIN_TORN, "", false, 0, 0},
    {"a word", "Not logged in", LOGIN_TORN, "", false, 0, 0},
    {"something after it", "{} x", LOGIN_TORN, "", false, 0, 0},
    {"the part twice", "{\"claudeAiOauth\":{},\"claudeAiOauth\":{}}", LOGIN_TORN, "", false, 0, 0},
    {"no part", "{}", LOGIN_NONE, "", false, 0, 0},
    {"other members only", "{\"mcpOAuth\":{}}", LOGIN_NONE, "", false, 0, 0},
    {"null part", "{\"claudeAiOauth\":null}", LOGIN_NONE, "", false, 0, 0},
    {"the stub of a refused refresh",
     PART("\"accessToken\":\"\",\"refreshToken\":\"\",\"expiresAt\":0," SCOPES), LOGIN_BLANK, "",
     false, 0, 0},
    {"an empty access token beside a refresh token",
     PART("\"accessToken\":\"\"," REFRESH "," EXPIRES "," SCOPES), LOGIN_BLANK, "", false, 0, 0},

    {"a list as part", "{\"claudeAiOauth\":[]}", LOGIN_MALFORMED, "it is not an object", false, 0,
     0},
    {"a text as part", "{\"claudeAiOauth\":\"x\"}", LOGIN_MALFORMED, "it is not an object", false,
     0, 0},
    {"a truth as part", "{\"claudeAiOauth\":true}", LOGIN_MALFORMED, "it is not an object", false,
     0, 0},
    {"empty part", PART(""), LOGIN_MALFORMED, "it has no access token", false, 0, 0},
    {"a number as token", PART("\"accessToken\":5," EXPIRES "," SCOPES), LOGIN_MALFORMED,
     "it has no access token", false, 0, 0},
    {"null as token", PART("\"accessToken\":null," EXPIRES "," SCOPES), LOGIN_MALFORMED,
     "it has no access token", false, 0, 0},
    {"no scopes", PART(ACCESS "," EXPIRES), LOGIN_MALFORMED, "it has no scopes", false, 0, 0},
    {"scopes as a text", PART(ACCESS "," EXPIRES ",\"scopes\":\"user:inference\""), LOGIN_MALFORMED,
     "it has no scopes", false, 0, 0},
    {"no expiry", PART(ACCESS "," SCOPES), LOGIN_MALFORMED,
     "its expiry is not a time in milliseconds", false, 0, 0},
    {"expiry 0", PART(ACCESS ",\"expiresAt\":0," SCOPES), LOGIN_MALFORMED,
     "its expiry is not a time in milliseconds", false, 0, 0},
    {"expiry in seconds", PART(ACCESS ",\"expiresAt\":1795464776," SCOPES), LOGIN_MALFORMED,
     "its expiry is not a time in milliseconds", false, 0, 0},
    {"expiry as a text", PART(ACCESS ",\"expiresAt\":\"1795464776123\"," SCOPES), LOGIN_MALFORMED,
     "its expiry is not a time in milliseconds", false, 0, 0},
    {"expiry after 2100", PART(ACCESS ",\"expiresAt\":4102444800001," SCOPES), LOGIN_MALFORMED,
     "its expiry is not a time in milliseconds", false, 0, 0},
    {"expiry of 18 digits", PART(ACCESS ",\"expiresAt\":999999999999999999," SCOPES),
     LOGIN_MALFORMED, "its expiry is not a time in milliseconds", false, 0, 0},
    {"expiry 1e300", PART(ACCESS ",\"expiresAt\":1e300," SCOPES), LOGIN_MALFORMED,
     "its expiry is not a time in milliseconds", false, 0, 0},
    {"expiry beyond any number", PART(ACCESS ",\"expiresAt\":1e400," SCOPES), LOGIN_MALFORMED,
     "it is not valid JSON", false, 0, 0},
    {"a token that is no UTF-8", PART("\"accessToken\":\"\xff\"," EXPIRES "," SCOPES),
     LOGIN_MALFORMED, "it is not valid JSON", false, 0, 0},
    {"a NUL in the token", PART("\"accessToken\":\"a\\u0000b\"," EXPIRES "," SCOPES),
     LOGIN_MALFORMED, "it is not valid JSON", false, 0, 0},
    {"the token twice", PART(ACCESS "," ACCESS "," EXPIRES "," SCOPES), LOGIN_MALFORMED,
     "it is not valid JSON", false, 0, 0},
};

static struct login parsed(const char *text, size_t len)
{
    struct login l = LOGIN_INIT(LOGIN_ABSENT);
    struct err e;
    /* A block of its own size: a look beyond the end is seen by the sanitizer. */
    char *copy = malloc(len + !len);
    memcpy(copy, text, len);
    assert_true(login_parse(&tool_claude, copy, len, &l, &e));
    free(copy);
    return l;
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *what = cases[i].what;
        struct login l = parsed(cases[i].text, strlen(cases[i].text));
        bool usable = cases[i].state == LOGIN_USABLE;
        same_text(what, login_state_name(l.facts.state), login_state_name(cases[i].state));
        same_text(what, l.facts.flaw, cases[i].flaw);
        same_int(what, l.facts.renewable, cases[i].renewable);
        same_int(what, l.facts.expires_at, cases[i].expires_at);
        same_int(what, l.facts.deadline, cases[i].deadline);
        same_int(what, l.part != NULL, usable);
        same_int(what, (long long)strlen(l.facts.fingerprint), usable ? 64 : 0);
        if (usable)
            same_int(what, strncmp(l.facts.fingerprint, FINGERPRINT, FINGERPRINT_SHOWN), 0);
        login_free(&l);
        same_int(what, l.facts.state, LOGIN_ABSENT);
        assert_null(l.part);
    }
}

/* Cut anywhere, it is never a login, and at every byte it is known for what it is. */
static void test_torn(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        struct login l = parsed(whole, len);
        same_text("cut", login_state_name(l.facts.state), len == 0 ? "empty" : "torn");
        login_free(&l);
    }
}

/* 300 KB of other keys have been seen; the part is relayed as it stood. */
static void test_part(void **state)
{
    (void)state;
    static const char part[] = "{ " ACCESS ",\n\t" EXPIRES ", " SCOPES " , \"new\": 0.10 }";
    struct buf text;
    struct login l;
    struct err e;
    buf_init(&text, LIMIT_LOGIN_FILE);
    buf_text(&text, "{\"mcpOAuth\":{\"");
    while (text.len < 300 << 10)
        buf_text(&text, "plugin|0123456789\":{\"accessToken\":\"x\"},\"");
    buf_printf(&text, "\":1}, \"claudeAiOauth\": %s}", part);
    assert_true(login_parse(&tool_claude, text.data, text.len, &l, &e));
    same_text("state", login_state_name(l.facts.state), "usable");
    size_t len;
    const char *got = secret_reveal(l.part, &len);
    char want[sizeof part + 32];
    int n = snprintf(want, sizeof want, "{\"claudeAiOauth\":%s}", part);
    same_bytes("part", got, len, want, (size_t)n);
    login_free(&l);
    buf_free(&text);
}

static void test_without_refresh(void **state)
{
    (void)state;
    static const struct {
        const char *with, *without;
    } forms[] = {
        {PART(ACCESS "," REFRESH "," EXPIRES "," SCOPES), PART(ACCESS "," EXPIRES "," SCOPES)},
        {PART(REFRESH "," ACCESS "," EXPIRES "," SCOPES), PART(ACCESS "," EXPIRES "," SCOPES)},
        {PART(ACCESS "," EXPIRES "," SCOPES "," REFRESH), PART(ACCESS "," EXPIRES "," SCOPES)},
        {PART(ACCESS "," EXPIRES "," SCOPES), PART(ACCESS "," EXPIRES "," SCOPES)},
        {PART(ACCESS "," REFRESH "," EXPIRES "," MONTH "," SCOPES ",\"o\":{" REFRESH "}"),
         PART(ACCESS "," EXPIRES "," MONTH "," SCOPES ",\"o\":{" REFRESH "}")},
    };
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct login l = parsed(forms[i].with, strlen(forms[i].with));
        struct login bare = LOGIN_INIT(LOGIN_ABSENT);
        struct buf out;
        struct err e;
        buf_init(&out, LIMIT_LOGIN);
        assert_true(login_without_refresh(&tool_claude, &l, &bare, &e));
        same_int("renewable", bare.facts.renewable, false);
        same_int("one login", login_same(&l.facts, &bare.facts), true);
        same_int("deadline kept", bare.facts.deadline, l.facts.deadline);
        assert_true(login_document(&bare, &out, &e));
        same_text("document", buf_str(&out), forms[i].without);
        login_free(&l);
        l = parsed(out.data, out.len);
        same_int("read again", login_same(&l.facts, &bare.facts), true);
        same_int("not renewable", l.facts.renewable, false);
        login_free(&l);
        login_free(&bare);
        buf_free(&out);
    }
}

/* The name written with an escape is the refresh token to every reader of JSON. */
static void test_hidden_refresh(void **state)
{
    (void)state;
    static const char hidden[] =
        PART(ACCESS ",\"refresh\\u0054oken\":\"sk-ant-ort01-TEST\"," EXPIRES "," SCOPES);
    struct login l = parsed(hidden, sizeof hidden - 1), bare = LOGIN_INIT(LOGIN_ABSENT);
    struct err e;
    same_int("renewable", l.facts.renewable, true);
    assert_false(login_without_refresh(&tool_claude, &l, &bare, &e));
    same_error("refused", &e, ERR_INVALID, "the refresh token cannot be taken out of the login",
               "log in again: claude /login");
    assert_null(bare.part);
    login_free(&l);
}

static void test_too_large(void **state)
{
    (void)state;
    struct buf text, out;
    struct err e;
    buf_init(&text, 1 << 20);
    buf_text(&text, "{\"claudeAiOauth\":{" ACCESS "," EXPIRES "," SCOPES ",\"x\":\"");
    while (text.len < LIMIT_LOGIN + 100)
        buf_text(&text, "xxxxxxxx");
    buf_text(&text, "\"}}");
    struct login l = parsed(text.data, text.len), bare = LOGIN_INIT(LOGIN_ABSENT);
    assert_false(login_without_refresh(&tool_claude, &l, &bare, &e));
    same_error("without", &e, ERR_TOO_LARGE, "the login is larger than 65536 bytes", "");
    buf_init(&out, LIMIT_LOGIN);
    assert_false(login_document(&l, &out, &e));
    same_error("document", &e, ERR_TOO_LARGE, "the login is larger than 65536 bytes", "");
    buf_free(&out);
    buf_free(&text);
    login_free(&l);
}

static void test_same(void **state)
{
    (void)state;
    struct login one = parsed(whole, sizeof whole - 1), two = parsed(whole, sizeof whole - 1);
    static const char other[] = PART("\"accessToken\":\"sk-ant-oat01-OTHER\"," EXPIRES "," SCOPES);
    struct login three = parsed(other, sizeof other - 1), none = LOGIN_INIT(LOGIN_ABSENT);
    same_int("itself", login_same(&one.facts, &two.facts), true);
    same_int("another", login_same(&one.facts, &three.facts), false);
    same_int("two that are none", login_same(&none.facts, &none.facts), false);
    login_move(&one, &three);
    same_int("moved", login_same(&one.facts, &two.facts), false);
    same_int("left absent", three.facts.state, LOGIN_ABSENT);
    assert_null(three.part);
    login_free(&one);
    login_free(&two);
}

static void test_explain(void **state)
{
    (void)state;
    static const struct {
        enum login_state state;
        const char *flaw;
        enum err_code code;
        const char *text;
    } rows[] = {
        {LOGIN_ABSENT, "", ERR_NOT_FOUND, "F does not exist"},
        {LOGIN_EMPTY, "", ERR_INVALID, "F is empty"},
        {LOGIN_TORN, "", ERR_INVALID, "F is not one whole JSON object"},
        {LOGIN_NONE, "", ERR_INVALID, "F holds no login: logged out"},
        {LOGIN_BLANK, "", ERR_INVALID, "F holds a blank login: a refresh was refused"},
        {LOGIN_MALFORMED, "it has no scopes", ERR_INVALID,
         "F holds a malformed login: it has no scopes"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct login_facts f = {.state = rows[i].state, .flaw = rows[i].flaw};
        struct err e;
        assert_false(login_explain(&tool_claude, &f, "F", &e));
        same_error(rows[i].text, &e, rows[i].code, rows[i].text,
                   "credrelay pull, or log in: claude /login");
    }
}

/* Only the expiry is said otherwise; every other byte stays. */
static void test_with_expiry(void **state)
{
    (void)state;
    static const char with[] = PART(ACCESS "," REFRESH "," EXPIRES " , " SCOPES);
    struct login l = parsed(with, strlen(with)), soon = LOGIN_INIT(LOGIN_ABSENT);
    struct buf out;
    struct err e;
    buf_init(&out, LIMIT_LOGIN);
    assert_true(login_with_expiry(&tool_claude, &l, 1795000000000, &soon, &e));
    same_int("expires", soon.facts.expires_at, 1795000000000);
    same_int("one login", login_same(&l.facts, &soon.facts), true);
    assert_true(login_document(&soon, &out, &e));
    same_text("document", buf_str(&out),
              PART(ACCESS "," REFRESH ",\"expiresAt\":1795000000000 , " SCOPES));
    login_free(&l);
    login_free(&soon);
    buf_free(&out);
}

/* A tool that says times in seconds, has required members that are no lists, and a refresh token that
 * its client cannot do without. */
static const char lamp[] =
    "[tool]\nproduct = Lamp\nprogram = lamp\nlogin-command = lamp login\n"
    "[login]\nfolder = .lamp\nfile = s.json\nparts = session\naccess = session.token\n"
    "refresh = session.refresh\nexpiry = session.ends, s\n"
    "required = session.id, session.ends, session.refresh\n";

#define SESSION(members) "{\"session\":{\"token\":\"t\",\"refresh\":\"r\"," members "}}"

static void test_other_tools(void **state)
{
    (void)state;
    static const struct {
        const char *text, *flaw;
        int64_t expires_at;
    } rows[] = {
        {SESSION("\"id\":1,\"ends\":1795464776"), "", INT64_C(1795464776000)},
        {SESSION("\"id\":null,\"ends\":1795464776"), "it has no id", 0},
        {SESSION("\"id\":1,\"ends\":4102444801"), "its expiry is not a time", 0},
        {SESSION("\"id\":1,\"ends\":9000000000000000000"), "its expiry is not a time", 0},
    };
    struct err e;
    struct tool *t = description_parse("lamp", lamp, strlen(lamp), "F", &e);
    assert_non_null(t);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct login_facts f;
        assert_true(login_look(t, rows[i].text, strlen(rows[i].text), &f, &e));
        same_int(rows[i].text, f.state, rows[i].flaw[0] ? LOGIN_MALFORMED : LOGIN_USABLE);
        same_text(rows[i].text, f.flaw, rows[i].flaw);
        same_int(rows[i].text, f.expires_at, rows[i].expires_at);
    }
    struct login l = LOGIN_INIT(LOGIN_ABSENT), other = LOGIN_INIT(LOGIN_ABSENT);
    assert_true(login_parse(t, rows[0].text, strlen(rows[0].text), &l, &e));
    assert_true(login_with_expiry(t, &l, 1795000000000, &other, &e));
    same_text("in seconds", secret_reveal(other.part, NULL),
              SESSION("\"id\":1,\"ends\":1795000000"));
    login_free(&other);
    assert_false(login_without_refresh(t, &l, &other, &e));
    same_error("not without", &e, ERR_INVALID, "the refresh token cannot be taken out of the login",
               "log in again: lamp login");
    login_free(&l);
    description_free(t);
}

/* The whole file is the token's, and there is no refresh token to take out. */
static void test_least(void **state)
{
    (void)state;
    static const char least[] =
        "[tool]\nproduct = Lamp\nprogram = lamp\nlogin-command = lamp login\n"
        "[login]\nfolder = .lamp\nfile = s.json\nparts = token\naccess = token\n";
    static const char text[] = "{\"token\":\"t\"}";
    char out[LIMIT_PATH];
    struct login l = LOGIN_INIT(LOGIN_ABSENT), bare = LOGIN_INIT(LOGIN_ABSENT);
    struct err e;
    struct tool *t = description_parse("lamp", least, strlen(least), "F", &e);
    assert_non_null(t);
    assert_true(login_parse(t, text, strlen(text), &l, &e));
    same_int("usable", l.facts.state, LOGIN_USABLE);
    assert_true(login_without_refresh(t, &l, &bare, &e));
    same_text("the same", secret_reveal(bare.part, NULL), text);
    assert_true(tool_folder(t, out, &e));
    same_text("no variable moves it", out, in_home(".lamp"));
    login_free(&l);
    login_free(&bare);
    description_free(t);
}

/* A login that never expires has no member to say when. */
static void test_without_expiry(void **state)
{
    (void)state;
    struct err e;
    struct buf text;
    buf_init(&text, 2000);
    buf_printf(&text, "%.*s", (int)(strstr(lamp, "expiry") - lamp), lamp);
    struct tool *t = description_parse("lamp", text.data, text.len, "F", &e);
    assert_non_null(t);
    static const char eternal[] = SESSION("\"id\":1");
    struct login l = LOGIN_INIT(LOGIN_ABSENT), other;
    assert_true(login_parse(t, eternal, strlen(eternal), &l, &e));
    same_int("not known", l.facts.expires_at, 0);
    assert_false(login_with_expiry(t, &l, 1795000000000, &other, &e));
    same_error("refused", &e, ERR_UNSUPPORTED,
               "Lamp does not let anybody else say when a login expires", "");
    login_free(&l);
    description_free(t);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_cases),           IN_WORLD(test_torn),        IN_WORLD(test_part),
        IN_WORLD(test_least),           IN_WORLD(test_other_tools), IN_WORLD(test_without_expiry),
        IN_WORLD(test_without_refresh), IN_WORLD(test_with_expiry), IN_WORLD(test_hidden_refresh),
        IN_WORLD(test_too_large),       IN_WORLD(test_same),        IN_WORLD(test_explain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
