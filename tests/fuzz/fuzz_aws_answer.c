/* Whatever AWS, or what stands in its place, answers to a call of Parameter Store, STS or IAM: an
 * answer with its members, or an error.  http_perform() is ours: nothing is sent. */
#include "fuzz.h"

#include <stdio.h>

#include "aws_client.h"
#include "aws_errors.h"
#include "aws_sts.h"
#include "base/clock.h"
#include "http.h"
#include "ops.h"
#include "xml.h"

static struct {
    const uint8_t *data;
    size_t size;
    int status;
    int asked;
} answer;

struct http {
    int unused;
};

/* ---- in place of helpers/lib/http.c ---- */

struct http *http_open(enum http_use use, const char *ca_file)
{
    static struct http one;
    (void)use;
    (void)ca_file;
    return &one;
}

void http_close(struct http *h)
{
    (void)h;
}

const char *http_trust(const struct http *h)
{
    (void)h;
    return "nobody";
}

void http_watch_certificate(struct http *h)
{
    (void)h;
}

bool http_perform(struct http *h, const struct http_request *rq, struct http_response *ret,
                  struct err *e)
{
    (void)h;
    must(rq->url && rq->method);
    *ret = (struct http_response){.status = answer.status, .date = clock_wall_ms() / 1000};
    buf_init(&ret->body, LIMIT_HTTP_ANSWER);
    buf_init(&ret->headers, LIMIT_HTTP_HEADERS);
    /* A history of endless pages gets 100 of them. */
    must(++answer.asked <= 200);
    return buf_bytes(&ret->body, answer.data, answer.size) || buf_error(&ret->body, "body", e);
}

void http_response_free(struct http_response *rs)
{
    buf_free(&rs->body);
    buf_free(&rs->headers);
}

bool http_response_header(const struct http_response *rs, const char *name, char *out, size_t size)
{
    (void)rs;
    (void)name;
    (void)out;
    (void)size;
    return false;
}

int64_t http_retry_after_ms(const struct http_response *rs)
{
    (void)rs;
    return -1;
}

void http_authority(const char *url, char *out, size_t size)
{
    (void)url;
    snprintf(out, size, "127.0.0.1");
}

/* ---- the calls ---- */

static void prepare(void)
{
    clearenv();
    setenv("HOME", "/nonexistent", 1);
    setenv("AWS_ACCESS_KEY_ID", "AKIATEST", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "TEST", 1);
    setenv("AWS_MAX_ATTEMPTS", "1", 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
}

FUZZ_INIT(prepare())

static void ask_store(serve_fn *op, const char *value)
{
    struct err e = {.code = ERR_NONE};
    jv *options = jv_object(), *out = jv_object();
    const struct request rq = {.store = "ssm://us-west-2/x?endpoint=http://127.0.0.1:1",
                               .path = "/x",
                               .role = "writer",
                               .machine = "m",
                               .options = options,
                               .limit = 100,
                               .deadline = clock_steady_ms() + 5000,
                               .value = value,
                               .value_len = value ? strlen(value) : 0};
    if (!op(&rq, out, &e))
        must_say(&e);
    else if (op == ssm_get)
        must(jv_number(out, "version", 0) > 0 && jv_text(out, "value"));
    jv_free(options);
    jv_free(out);
}

static void explain(void)
{
    struct aws_failure f;
    struct err e;
    const struct aws_subject about = {"GetParameter", "/x", "us-west-2", "h", "k", "",
                                      "kms:Decrypt"};
    aws_failure_read(&f, answer.status, "", (const char *)answer.data, answer.size);
    must(memchr(f.code, 0, sizeof f.code) && memchr(f.message, 0, sizeof f.message));
    must(!aws_failure_explain(&f, &about, &e));
    must_say(&e);
}

static void find_element(void)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    (void)xml_text((const char *)answer.data, answer.size, "AccessKeyId", &out);
    (void)xml_text_at((const char *)answer.data, answer.size, "AccessKeyId", 1, &out);
    buf_free(&out);
}

static void assume(void)
{
    struct aws_config *config;
    struct aws_keys keys = {.id = ""};
    struct err e = {.code = ERR_NONE};
    const struct aws_keys_text text = {.id = "AKIATEST", .secret = "TEST"};
    struct aws_keys with = {.id = ""};
    const struct aws_sts_role role = {.arn = "arn:aws:iam::123456789012:role/r"};
    must(aws_config_parse("", "", &config, &e));
    must(aws_keys_take(&with, "the test", &text, &e));
    const struct aws_search s = {.config = config,
                                 .profile = "default",
                                 .http = http_open(HTTP_FOR_AWS, NULL),
                                 .region = "us-west-2",
                                 .endpoint = "http://127.0.0.1:1",
                                 .deadline = clock_steady_ms() + 5000};
    if (aws_sts_assume(&s, &with, &role, &keys, &e))
        must(keys.id[0]);
    else
        must_say(&e);
    aws_keys_free(&keys);
    aws_keys_free(&with);
    aws_config_free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 200, 200, 400, 403, 500, 503, 307};
    if (size < 1)
        return 0;
    answer.data = data + 1;
    answer.size = size - 1;
    answer.status = statuses[data[0] >> 5];
    answer.asked = 0;
    switch (data[0] % 6) {
    case 0: ask_store(ssm_get, NULL); break;
    case 1: ask_store(ssm_history, NULL); break;
    case 2: ask_store(ssm_put, "{}"); break;
    case 3: explain(); break;
    case 4: find_element(); break;
    case 5: assume(); break;
    default: break;
    }
    return 0;
}
