/* What the helpers know of AWS and of mail while the memory runs out, and a machine without a home. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aws_config.h"
#include "aws_errors.h"
#include "aws_keys.h"
#include "base/limits.h"
#include "refuse.h"
#include "sigv4.h"
#include "xml.h"

static bool parse_config(struct err *e)
{
    struct aws_config *c;
    if (!aws_config_parse("[x]\naws_access_key_id = a\naws_access_key_id = b\n",
                          "[profile x]\nservices = s\n[services s]\nssm =\n  endpoint_url_x = n\n"
                          "  endpoint_url = http://127.0.0.1\n",
                          &c, e))
        return false;
    same_text("the last", aws_config_get(c, "x", "aws_access_key_id"), "b");
    same_text("nested", aws_config_endpoint_url(c, "x", "ssm"), "http://127.0.0.1");
    aws_config_free(c);
    return true;
}

static bool load_config(struct err *e)
{
    struct aws_config *c;
    if (!aws_config_load(&c, e))
        return false;
    aws_config_free(c);
    return true;
}

static bool take_keys(struct err *e)
{
    const struct aws_keys_text text = {
        .id = "AKIATEST1", .secret = "s", .token = "t", .expires = "2026-11-24T07:00:00Z"};
    struct aws_keys k = {.owner = "the test"};
    bool ok = aws_keys_take(&k, "the test", &text, e);
    aws_keys_free(&k);
    return ok;
}

/* Without memory there is no such element. */
static bool find_element(struct err *e)
{
    static const char xml[] = "<a><Code>x</Code></a>";
    struct buf out;
    buf_init(&out, 100);
    bool ok = xml_text(xml, strlen(xml), "Code", &out);
    buf_free(&out);
    return ok || err_no_memory(e);
}

static bool sign(struct err *e)
{
    static const struct sigv4_header headers[] = {{"host", "h"},
                                                  {"x-amz-date", "20150830T123600Z"}};
    struct secret *secret = secret_copy("s", 1);
    const struct sigv4_request rq = {.method = "POST",
                                     .path = "/",
                                     .query = "",
                                     .headers = headers,
                                     .header_count = 2,
                                     .body = "",
                                     .region = "r",
                                     .service = "ssm",
                                     .time = "20150830T123600Z",
                                     .key_id = "AKIATEST1",
                                     .secret = secret};
    struct buf out;
    buf_init(&out, 1000);
    bool ok = secret && sigv4_authorization(&rq, &out);
    buf_free(&out);
    secret_free(secret);
    return ok || err_no_memory(e);
}

static void test_starved(void **state)
{
    (void)state;
    starve_each("a configuration", parse_config);
    assert_int_equal(mkdir(in_home(".aws"), 0700), 0);
    put_file(in_home(".aws/config"), "[default]\nregion = r\n", 0600);
    starve_each("the files", load_config);
    starve_each("keys", take_keys);
    starve_each("an element", find_element);
    starve_each("a signature", sign);
}

/* ---- places ---- */

static void test_without_a_home(void **state)
{
    (void)state;
    struct aws_config *c;
    struct err e;
    unsetenv("HOME");
    refuse("fopen", EVERY, EACCES); /* the list of users cannot be read */
    assert_true(aws_config_load(&c, &e));
    assert_true(was_refused());
    same_text("its name", aws_config_file_name(c, AWS_FILE_CONFIG), "~/.aws/config");
    same_text("its place", aws_config_file_path(c, AWS_FILE_CONFIG), "//.aws/config");
    aws_config_free(c);
}

static void test_bad_places(void **state)
{
    (void)state;
    static char longer[LIMIT_PATH];
    struct aws_config *c;
    struct err e;
    memset(longer, 'x', sizeof longer - 4);
    longer[0] = '/';
    setenv("HOME", longer, 1);
    assert_false(aws_config_load(&c, &e));
    same_error("too long", &e, ERR_INVALID, "~/.aws/credentials: the path is too long", "");
    setenv("HOME", in_home(""), 1);
    refuse("open", 1, EACCES);
    assert_false(aws_config_load(&c, &e));
    assert_true(was_refused());
    same_int("not ours", e.code, ERR_DENIED);
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    assert_true(aws_config_load(&c, &e));
    assert_null(aws_config_endpoint_url(c, "default",
                                        "a-service-whose-name-is-longer-than-any-"
                                        "variable-of-the-environment-for-it"));
    aws_config_free(c);
}

/* ---- keys ---- */

static void test_bad_keys(void **state)
{
    (void)state;
    static const char text[] =
        "the keys of the test have white space inside, or more than keys have";
    static char longer[200];
    memset(longer, 'x', sizeof longer - 1);
    const struct aws_keys_text rows[] = {
        {.id = longer, .secret = "s"},
        {.id = "a b", .secret = "s"},
        {.id = "a", .secret = "s\t"},
        {.id = "a", .secret = "s", .token = "t\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct aws_keys k = {.flag = " --profile x"};
        struct err e;
        assert_false(aws_keys_take(&k, "the test", &rows[i], &e));
        same_error("bad", &e, ERR_BAD_CREDENTIALS, text,
                   "enter them again: aws configure --profile x");
    }
}

/* ---- answers ---- */

static const struct aws_subject about = {.action = "ssm:GetParameter",
                                         .name = "/n",
                                         .region = "r",
                                         .host = "h",
                                         .keys = "k",
                                         .profile_flag = "",
                                         .kms_action = "kms:Decrypt"};

static void test_told_by_words(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        bool kms, skewed;
    } rows[] = {
        {"{\"__type\":\"AccessDeniedException\",\"message\":\"The ciphertext is another's\"}", true,
         false},
        {"{\"__type\":\"AccessDeniedException\",\"message\":\"no such customer master key\"}", true,
         false},
        {"{\"__type\":\"AccessDeniedException\",\"message\":\"User: u is not allowed\"}", false,
         false},
        {"{\"__type\":\"AccessDeniedException\",\"message\":\"User: u may not perform: a\"}", false,
         false},
        {"{\"__type\":\"RequestExpired\"}", false, true},
        {"{\"__type\":\"RequestInTheFuture\"}", false, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct aws_failure f;
        struct err e;
        aws_failure_read(&f, 400, "", rows[i].body, strlen(rows[i].body));
        assert_false(aws_failure_explain(&f, &about, &e));
        same_int(rows[i].body, f.kms, rows[i].kms);
        same_int(rows[i].body, f.skewed, rows[i].skewed);
    }
}

/* A server's trouble is told by its status alone, and may be over in a moment. */
static void test_told_by_status(void **state)
{
    (void)state;
    static const int statuses[] = {500, 502, 503, 504};
    for (size_t i = 0; i < COUNT(statuses); i++) {
        struct aws_failure f;
        struct err e;
        char want[64];
        aws_failure_read(&f, statuses[i], "", "", 0);
        assert_false(aws_failure_explain(&f, &about, &e));
        snprintf(want, sizeof want, "h answered with status %d", statuses[i]);
        same_text("status", e.text, want);
        same_int("code", e.code, ERR_UNREACHABLE);
        same_int("again", f.retry, RETRY_TRANSIENT);
    }
}

/* A command that names a long name is cut, and stays a line. */
static void test_a_long_name(void **state)
{
    (void)state;
    static char name[1201];
    static const char body[] = "{\"__type\":\"ParameterVersionNotFound\"}";
    memset(name, 'x', sizeof name - 1);
    struct aws_subject far = about;
    far.name = name;
    struct aws_failure f;
    struct err e;
    aws_failure_read(&f, 400, "", body, strlen(body));
    assert_false(aws_failure_explain(&f, &far, &e));
    same_int("code", e.code, ERR_NOT_FOUND);
    same_int("cut", (long long)strlen(e.hint), (long long)sizeof e.hint - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_starved),     IN_WORLD(test_without_a_home), IN_WORLD(test_bad_places),
        IN_WORLD(test_bad_keys),    IN_WORLD(test_told_by_status), IN_WORLD(test_told_by_words),
        IN_WORLD(test_a_long_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
