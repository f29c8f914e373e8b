/* The parts of the URL of a parameter, and what is none. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "store/ssm_url.h"

#define LONG64  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LONG512 LONG64 LONG64 LONG64 LONG64 LONG64 LONG64 LONG64 LONG64
#define QUERY   "after '?' it takes profile=NAME and endpoint=URL"

static void test_parts(void **state)
{
    (void)state;
    static const struct {
        const char *url, *region, *profile, *endpoint;
    } rows[] = {
        {"ssm://us-west-2/claude/oauth", "us-west-2", "", ""},
        {"ssm:///claude/oauth", "", "", ""},
        {"ssm://us-west-2", "us-west-2", "", ""},
        {"ssm://r/n?profile=p", "r", "p", ""},
        {"ssm://r/n?profile=p&endpoint=http://127.0.0.1:1", "r", "p", "http://127.0.0.1:1"},
        {"ssm://r/n?profile=p&", "r", "p", ""},
        {"ssm://r/n?profile=a%20b%2F%c3%BC", "r", "a b/\xc3\xbc", ""},
        /* no two digits of hexadecimal: as it stands */
        {"ssm://r/n?profile=50%", "r", "50%", ""},
        {"ssm://r/n?profile=50%2", "r", "50%2", ""},
        {"ssm://r/n?profile=50%2x", "r", "50%2x", ""},
        {"ssm://r/n?profile=50%x2", "r", "50%x2", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ssm_url u;
        struct err e;
        if (!ssm_url_parse(rows[i].url, &u, &e))
            fail_msg("%s: %s", rows[i].url, e.text);
        same_text(rows[i].url, u.region, rows[i].region);
        same_text(rows[i].url, u.profile, rows[i].profile);
        same_text(rows[i].url, u.endpoint, rows[i].endpoint);
    }
}

static void test_none(void **state)
{
    (void)state;
    static const struct {
        const char *url, *why;
    } rows[] = {
        {"local:", "it does not begin with ssm://"},
        {"ssm:/r/n", "it does not begin with ssm://"},
        {"ssm://" LONG512 "/n", "the region is no name"},
        {"ssm://a%0ab/n", "the region is no name"},
        {"ssm://r/n?profile=", QUERY},
        {"ssm://r/n?profil=p", QUERY},
        {"ssm://r/n?profile=p&x", QUERY},
        {"ssm://r/n?profile=a%00b", QUERY},
        {"ssm://r/n?profile=" LONG512 LONG512, QUERY},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ssm_url u;
        struct err e;
        assert_false(ssm_url_parse(rows[i].url, &u, &e));
        same_int(rows[i].url, e.code, ERR_INVALID);
        const char *colon = strstr(e.text, "is not the URL of a parameter: ");
        assert_non_null(colon);
        same_text(rows[i].url, colon + strlen("is not the URL of a parameter: "), rows[i].why);
        same_text(rows[i].url, e.hint,
                  "write it as ssm://REGION/NAME, for instance "
                  "ssm://us-west-2/claude/oauth/credentials");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_WORLD(test_parts), IN_WORLD(test_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
