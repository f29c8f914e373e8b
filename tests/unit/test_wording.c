/* Texts and what they mean, when they are all that a failed run printed; and where a text that
 * is none is recognised as such. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tool/tool.h"
#include "tool/wording.h"

#define DOT "\xc2\xb7"

static const struct {
    const char *text;
    enum failure_class meaning; /* FAILURE_NONE: no known form, so the run's own affair */
} cases[] = {
    /* seen elsewhere, or only in the text of a program */
    {"Login expired " DOT " Please run /login", FAILURE_LAPSED},
    {"Please run /login " DOT " API Error: 401 {\"type\":\"error\"}", FAILURE_LAPSED},
    {"Please run /login " DOT " API Error: 403 {\"type\":\"error\"}", FAILURE_OTHER},
    {"OAuth token has expired " DOT " Please run /login", FAILURE_LAPSED},
    {"This login reached its time limit and cannot be renewed. Please run /login", FAILURE_LAPSED},
    {"Login expired: this login reached its time limit and cannot be renewed " DOT
     " Please run /login",
     FAILURE_LAPSED},
    {"Failed to authenticate: this login reached its time limit and cannot be renewed",
     FAILURE_LAPSED},

    /* a 401 in any wording */
    {"API Error: 401", FAILURE_LAPSED},
    {"API Error: 401 OAuth access token is invalid", FAILURE_LAPSED},
    {"API Error: 401 status code (no body)", FAILURE_LAPSED},
    {"API Error: 401 {\n  \"type\": \"error\"\n} " DOT " Please run /login", FAILURE_LAPSED},
    {"API Error: 401 {\"message\":\"a } and a \\\" in it\"}", FAILURE_LAPSED},
    {"API Error: 401 {\"type\":\"err", FAILURE_LAPSED},
    {"Failed to authenticate. API Error: 401 <html>", FAILURE_LAPSED},
    {"Failed to authenticate. API Error: 401 <html>\n<body>no</body>\n</html>\n", FAILURE_LAPSED},
    {"Failed to authenticate: Request failed with status code 401", FAILURE_LAPSED},
    {"Error: 401 Unauthorized", FAILURE_LAPSED},

    /* the families */
    {"Session expired. Please run /login", FAILURE_LAPSED},
    {"Session expired. Please run /login to sign in again.", FAILURE_LAPSED},
    {"OAuth session expired", FAILURE_LAPSED},
    {"Credentials expired", FAILURE_LAPSED},
    {"Your session has expired. Please log in again.", FAILURE_LAPSED},
    {"Your login has expired - run `claude /login`", FAILURE_LAPSED},
    {"OAuth token has been revoked. Please log in again or contact your organization's "
     "administrator.",
     FAILURE_LAPSED},
    {"OAuth refresh token is invalid or expired", FAILURE_LAPSED},
    {"OAuth refresh token is no longer valid", FAILURE_LAPSED},
    {"Not logged in", FAILURE_LAPSED},
    {"NOT LOGGED IN \xe2\x80\xa2 please run /login", FAILURE_LAPSED},
    {"Not logged in\nPlease run /login", FAILURE_LAPSED},
    {"Not logged in\t" DOT "\tPlease run /login\t", FAILURE_LAPSED},
    {"Not logged in. Login expired. OAuth token revoked. Please run /login", FAILURE_LAPSED},
    {"Not logged in " DOT " Sign in with claude.ai", FAILURE_LAPSED},
    {"You are not logged in. Run claude auth login", FAILURE_LAPSED},
    {"\r\n  Not logged in " DOT " Please run /login\r\n\r\n", FAILURE_LAPSED},
    {"Run /login", FAILURE_LAPSED},
    {"Please log in again", FAILURE_LAPSED},
    {"Failed to authenticate", FAILURE_LAPSED},
    {"Failed to authenticate: your subscription has been moved", FAILURE_LAPSED},
    {"Failed to refresh OAuth token: invalid_grant", FAILURE_LAPSED},
    {"Authentication failed. Please log in again", FAILURE_LAPSED},
    {"Error: Not logged in " DOT " Please run /login", FAILURE_LAPSED},
    {"Invalid or expired OAuth token", FAILURE_LAPSED},
    {"You must log in. Run /login", FAILURE_LAPSED},
    {"Could not authenticate " DOT " Please run /login", FAILURE_LAPSED},
    {"OAuth token refresh failed: invalid_grant", FAILURE_LAPSED},
    {"OAuth token has expired. Please obtain a new token or refresh your existing token.",
     FAILURE_LAPSED},
    {"OAuth account information not found in config. Please run /login", FAILURE_LAPSED},
    {"OAuth account information is printed by /login when asked", FAILURE_NONE},
    {"OAuth account unknown. Run `claude /login`!", FAILURE_LAPSED},
    {"OAuth account unknown (please run /login)\r\n", FAILURE_LAPSED},
    {"OAuth account information is shown at http://localhost/login", FAILURE_NONE},
    {"OAuth account information is shown at /login/", FAILURE_NONE},
    {"OAuth account information is in src/login", FAILURE_NONE},
    {"OAuth relogin again, blog in again", FAILURE_NONE},
    {"OAuth works; try /login\nand then /logout", FAILURE_NONE},
    {"\xe2\x9c\x97 Not logged in " DOT " Please run /login", FAILURE_LAPSED},
    {"\xe2\x9a\xa0\xef\xb8\x8f  API Error: 401 Invalid bearer token", FAILURE_LAPSED},
    {"\xe2\x9c\x93 Login page fixed", FAILURE_NONE},

    /* revoked, or the organization's word */
    {"API Error: 403 {\"error\":{\"message\":\"OAuth token has been revoked. Please obtain a new "
     "token.\"}}",
     FAILURE_LAPSED},
    {"Failed to authenticate. API Error: 403 This organization does not allow it",
     FAILURE_FORBIDDEN},
    {"Failed to authenticate: this organization has been disabled", FAILURE_FORBIDDEN},
    {"Your organization requires single sign-on " DOT " Please run /login", FAILURE_FORBIDDEN},
    {"This organization has been disabled.", FAILURE_FORBIDDEN},
    {"Your account has been suspended", FAILURE_FORBIDDEN},

    /* not the login */
    {"Invalid API key " DOT " Fix external API key", FAILURE_OVERRIDDEN},
    {"Your ANTHROPIC_API_KEY belongs to a disabled organization " DOT
     " Unset the environment variable to use your subscription instead",
     FAILURE_OVERRIDDEN},
    {"API Error: 403 <html><body>token revoked by the proxy: log in again</body></html>",
     FAILURE_OTHER},
    {"API Error: 403 <!DOCTYPE html>\n<p>Forbidden</p>\n", FAILURE_OTHER},
    {"API Error: 403 {\"error\":{\"message\":\"Request not allowed\"}} " DOT " Please run /login",
     FAILURE_OTHER},
    {"API Error: 400 {\"error\":{\"message\":\"prompt is too long\"}}", FAILURE_OTHER},
    {"API Error: 529 Overloaded", FAILURE_OTHER},
    {"Failed to authenticate. API Error: 500 Internal server error", FAILURE_OTHER},
    {"Failed to authenticate. API Error: Unable to connect to API", FAILURE_OTHER},
    {"Failed to refresh OAuth token: another Claude Code process is refreshing it or exited "
     "mid-refresh. Sign in again",
     FAILURE_OTHER},
    {"Prompt is too long", FAILURE_NONE},
    {"5-hour limit reached " DOT " resets 5pm", FAILURE_NONE},
    {"Session limit reached \xe2\x88\x99 resets 5pm", FAILURE_NONE},
    {"Claude usage limit reached. Your limit will reset at 5pm", FAILURE_NONE},
    {"You've hit your limit " DOT " resets 5pm", FAILURE_NONE},
    {"Your credit balance is too low", FAILURE_NONE},
    {"Connection error", FAILURE_NONE},

    /* answers that begin with a failure's words and go on */
    {"Not logged in " DOT " Please run /login\n\nis what it prints.", FAILURE_NONE},
    {"Not logged in " DOT " Please run /login is what it prints",
     FAILURE_LAPSED}, /* after the dot */
    {"Please run /login is what it prints", FAILURE_NONE},
    {"Not logged in users cannot see it.", FAILURE_NONE},
    {"Session expired tokens are kept for a day.", FAILURE_NONE},
    {"API Error: 401 Invalid bearer token\n\nThe above means that", FAILURE_NONE},
    {"API Error: 401 {\"type\":\"error\"}\nThe above means that", FAILURE_NONE},
    {"API Error: 401 <html>\n</html>\nis a page\nof lines", FAILURE_NONE},
    {"API Error: 4010 things", FAILURE_NONE},
    {"Failed to authenticate: it says\nthat the login is over", FAILURE_NONE},
    {"Failed to authenticate with GitHub", FAILURE_NONE},
    {"The message \"Not logged in " DOT " Please run /login\" means", FAILURE_NONE},
    {"Not logged in \xc2", FAILURE_NONE},
    {"Not logged in Please run /login", FAILURE_NONE},
    {"Not logged in. Not logged in. Not logged in. Not logged in. Not logged in.", FAILURE_NONE},
    {"", FAILURE_NONE},
    {" \n", FAILURE_NONE},
};

static enum failure_class meaning_of(const char *text, size_t len)
{
    enum failure_class meaning = FAILURE_NONE;
    wording_read(&tool_claude.failures, text, len, true, &meaning);
    return meaning;
}

static void texts_mean_what_they_say(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum failure_class got = meaning_of(cases[i].text, strlen(cases[i].text));
        if (got != cases[i].meaning) {
            print_error("%s: %s, want %s\n", cases[i].text, failure_class_name(got),
                        failure_class_name(cases[i].meaning));
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* A failure must not be given up half-way, nor a NO be taken back. */
static void beginnings_agree_with_the_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = cases[i].text;
        enum failure_class unused;
        bool no = false;
        for (size_t n = 0; n <= strlen(text); n++) {
            enum wording w = wording_read(&tool_claude.failures, text, n, false, &unused);
            assert_int_not_equal(w, WORDING_YES);
            if (no || cases[i].meaning != FAILURE_NONE)
                assert_int_equal(w, no ? WORDING_NO : WORDING_OPEN);
            no = w == WORDING_NO;
        }
    }
}

static void an_answer_is_let_go_with_the_byte_that_shows_it(void **state)
{
    static const struct {
        const char *text;
        size_t at; /* bytes after which it can be no failure any more */
    } answers[] = {
        {"Done", 1},
        {"ok", 2},
        {"{\"a\":1}", 1},
        {"Here is", 1},
        {"Not sure", 6},
        {"Not logged in users", 15},
        {"Not logged in " DOT " x\ny", 20},
        {"Please run the tests", 12},
        {"Your question", 6},
        {"I cannot", 2},
        {"API Error: 4010", 15},
        {"API Errors", 10},
        {"Failed to authenticate. x\n\ny", 28},
        {"Login page fixed.\n", 18},
        {"\xe2\x9c\x93 Done", 5},
        {"\xe3\x81\x82", 1},
    };
    (void)state;
    enum failure_class unused;
    int wrong = 0;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        size_t n = 0;
        while (wording_read(&tool_claude.failures, answers[i].text, n, false, &unused) ==
               WORDING_OPEN)
            n++;
        if (n == answers[i].at)
            continue;
        print_error("%s: after %zu, want %zu\n", answers[i].text, n, answers[i].at);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void names_are_those_of_the_log(void **state)
{
    (void)state;
    assert_string_equal(failure_class_name(FAILURE_NONE), "fine");
    assert_string_equal(failure_class_name(FAILURE_LAPSED), "lapsed");
    assert_string_equal(failure_class_name(FAILURE_OVERRIDDEN), "overridden");
    assert_string_equal(failure_class_name(FAILURE_FORBIDDEN), "forbidden");
    assert_string_equal(failure_class_name(FAILURE_OTHER), "other");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_mean_what_they_say),
        cmocka_unit_test(beginnings_agree_with_the_end),
        cmocka_unit_test(an_answer_is_let_go_with_the_byte_that_shows_it),
        cmocka_unit_test(names_are_those_of_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
