/* Keys of an EC2 instance's role from its metadata service, version 2 alone: a token first, which a
 * forged request through a proxy cannot get
 * (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html).
 *
 * Most machines are no instance, so each step has one attempt and a second; where nobody answers,
 * there are no such keys, and that is no error. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "aws_source.h"
#include "base/clock.h"

#define ROLES "latest/meta-data/iam/security-credentials/"

enum { PATIENCE_MS = 1000 };

#define LIMIT_TOKEN (4u << 10)

/* IAM's limit is 64. */
#define ROLE_SIZE 130

static const char *base_url(const struct aws_search *s)
{
    const char *url = aws_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode = aws_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    if (!url)
        url = aws_config_get(s->config, s->profile, "ec2_metadata_service_endpoint");
    if (!mode)
        mode = aws_config_get(s->config, s->profile, "ec2_metadata_service_endpoint_mode");
    if (url)
        return url;
    return mode && strcasecmp(mode, "ipv6") == 0 ? "http://[fd00:ec2::254]"
                                                 : "http://169.254.169.254";
}

/* One step.  *GOT is the caller's to free, always; true: it has a body that may be looked at. */
static bool ask(const struct aws_search *s, const char *method, const char *path,
                const struct http_header *header, struct http_response *got)
{
    char url[1024];
    struct err ignored;
    const char *base = base_url(s);
    int64_t deadline = clock_steady_ms() + PATIENCE_MS;
    size_t len = strlen(base);
    snprintf(url, sizeof url, "%s%s%s", base, len && base[len - 1] == '/' ? "" : "/", path);
    const struct http_request rq = {.method = method,
                                    .url = url,
                                    .headers = header,
                                    .header_count = 1,
                                    .deadline = deadline < s->deadline ? deadline : s->deadline,
                                    .no_proxy = true};
    return http_perform(s->http, &rq, got, &ignored) && got->status == 200 && got->body.len;
}

/* A body that must fit into a header or a path. */
static bool is_word(const struct buf *body, size_t most)
{
    return body->len < most && !strpbrk(buf_str(body), " \t\r\n/?#");
}

static enum found take(const struct buf *body, struct aws_keys *ret, struct err *e)
{
    struct err ignored;
    jv *doc = jv_parse(buf_str(body), body->len, &ignored);
    const struct aws_keys_text text = aws_keys_members(doc, "Token");
    enum found found = NOT_HERE; /* {"Code":"AssumeRoleUnauthorizedAccess",...}: no keys, as none */
    if (text.id && text.secret)
        found = aws_keys_take(ret, ret->owner, &text, e) ? FOUND : UNUSABLE;
    jv_free(doc);
    return found;
}

static enum found keys_of(const struct aws_search *s, const struct http_header *token,
                          const char *role, struct aws_keys *ret, struct err *e)
{
    char path[sizeof ROLES + ROLE_SIZE];
    struct http_response got;
    snprintf(path, sizeof path, "%s%s", ROLES, role);
    enum found found = ask(s, "GET", path, token, &got) ? take(&got.body, ret, e) : NOT_HERE;
    http_response_free(&got);
    return found;
}

static enum found of_role(const struct aws_search *s, const char *token, struct aws_keys *ret,
                          struct err *e)
{
    const struct http_header header = {"x-aws-ec2-metadata-token", token};
    struct http_response got;
    enum found found = NOT_HERE;
    if (ask(s, "GET", ROLES, &header, &got) && is_word(&got.body, ROLE_SIZE))
        found = keys_of(s, &header, buf_str(&got.body), ret, e);
    http_response_free(&got);
    return found;
}

enum found aws_from_instance(const struct aws_search *s, struct aws_keys *ret, struct err *e)
{
    static const struct http_header lifetime = {"x-aws-ec2-metadata-token-ttl-seconds", "21600"};
    const char *disabled = aws_env("AWS_EC2_METADATA_DISABLED");
    struct http_response got;
    enum found found = NOT_HERE;
    if (disabled && strcasecmp(disabled, "true") == 0)
        return NOT_HERE;
    struct aws_keys keys = {.owner = "this instance"};
    if (ask(s, "PUT", "latest/api/token", &lifetime, &got) && is_word(&got.body, LIMIT_TOKEN))
        found = of_role(s, buf_str(&got.body), &keys, e);
    http_response_free(&got);
    if (found == FOUND)
        *ret = keys;
    return found;
}
