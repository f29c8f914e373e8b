/* Endpoints that are none, and which are on this machine.  That those of AWS are botocore's is for
 * tests/contract/test_aws_config.py. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "aws_config.h"
#include "aws_endpoint.h"
#include "this_machine.h"

#define X32  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X256 X32 X32 X32 X32 X32 X32 X32 X32

#define REGION_HINT "write the store as ssm://us-west-2/NAME, or set AWS_REGION"
#define URL_HINT    "an endpoint is https://HOST or https://HOST:PORT"

static const struct {
    const char *region, *chosen;
    const char *url, *host, *path; /* or */
    const char *error, *hint;
} rows[] = {
    {"r1", "http://h", "http://h/", "h", "/", NULL, NULL},
    {"r1", "https://h:1/a/b", "https://h:1/a/b", "h:1", "/a/b", NULL, NULL},
    {X32, NULL, "https://ssm." X32 ".amazonaws.com/", "ssm." X32 ".amazonaws.com", "/", NULL, NULL},
    {"r", NULL, NULL, NULL, NULL, "'r' is not the name of an AWS region", REGION_HINT},
    {X32 "x", NULL, NULL, NULL, NULL, "'" X32 "x' is not the name of an AWS region", REGION_HINT},
    {"r_1", NULL, NULL, NULL, NULL, "'r_1' is not the name of an AWS region", REGION_HINT},
    {"r1", "ftp://h", NULL, NULL, NULL, "'ftp://h' is not an endpoint URL", URL_HINT},
    {"r1", "http:///a", NULL, NULL, NULL, "'http:///a' is not an endpoint URL", URL_HINT},
    {"r1", "http://u@h", NULL, NULL, NULL, "'http://u@h' is not an endpoint URL", URL_HINT},
    {"r1", "http://h/" X256, NULL, NULL, NULL,
     "'http://h/" X32 X32 "xxxxxxx' is not an endpoint URL", URL_HINT},
    {"r1", "http://" X256 X256, NULL, NULL, NULL,
     "'http://" X32 X32 "xxxxxxxxx' is not an endpoint URL", URL_HINT},
};

static void test_endpoints(void **state)
{
    (void)state;
    struct aws_config *c;
    struct err e;
    assert_true(aws_config_parse("", "", &c, &e));
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *what = rows[i].chosen ? rows[i].chosen : rows[i].region;
        struct aws_endpoint to;
        bool ok = aws_endpoint_find(c, "default", "ssm", rows[i].region, rows[i].chosen, &to, &e);
        same_text(what, ok ? to.url : NULL, rows[i].url);
        same_text(what, ok ? to.host : NULL, rows[i].host);
        same_text(what, ok ? to.path : NULL, rows[i].path);
        if (!ok)
            same_error(what, &e, ERR_INVALID, rows[i].error, rows[i].hint);
    }
    aws_config_free(c);
}

static void test_this_machine(void **state)
{
    (void)state;
    static const struct {
        const char *authority;
        bool is;
    } cases[] = {{"127.0.0.1", true},    {"127.0.0.1:8080", true},
                 {"127.1.2.3", true},    {"localhost", true},
                 {"localhost:1", true},  {"[::1]", true},
                 {"[::1]:443", true},    {"128.0.0.1", false},
                 {"10.0.0.1:80", false}, {"localhost.x", false},
                 {"127.0.0.1.x", false}, {"[::2]", false},
                 {"[::1]x", false},      {"", false},
                 {X32 X32, false},       {"127.0.0.1" X256, false}};
    for (size_t i = 0; i < COUNT(cases); i++)
        same_int(cases[i].authority, is_this_machine(cases[i].authority), cases[i].is);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_WORLD(test_endpoints), IN_WORLD(test_this_machine)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
