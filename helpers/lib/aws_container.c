/* Keys from the agent beside a container: ECS's, and EKS's Pod Identity
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html). */
#include "aws_container.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "aws_source.h"
#include "base/clock.h"
#include "base/file.h"

#define AGENT "http://169.254.170.2"

/* As the SDKs: the agent may be starting. */
enum { ATTEMPTS = 3, PAUSE_MS = 1000, PATIENCE_MS = 2000 };

#define LIMIT_TOKEN (16u << 10)

/* ---- where ---- */

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static bool host_allowed(const char *host)
{
    static const char *const agents[] = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23",
                                         "localhost"};
    for (size_t i = 0; i < sizeof agents / sizeof agents[0]; i++)
        if (strcmp(host, agents[i]) == 0)
            return true;
    return is_loopback(host);
}

/* Of http://HOST[:PORT]/...; IPv6 in brackets. */
static bool host_of(const char *url, char *out, size_t size)
{
    const char *host = url + strlen("http://");
    size_t len = strcspn(host, "/?#");
    if (memchr(host, '@', len))
        return false;
    bool bracket = *host == '[';
    host += bracket;
    snprintf(out, size, "%.*s", (int)strcspn(host, bracket ? "]" : ":/?#"), host);
    return true;
}

static bool full_allowed(const char *url)
{
    char host[256];
    if (url[strcspn(url, " \t\r\n")])
        return false;
    return strncmp(url, "https://", 8) == 0 ||
           (strncmp(url, "http://", 7) == 0 && host_of(url, host, sizeof host) &&
            host_allowed(host));
}

bool aws_container_url(const char *relative, const char *full, char *out, size_t size,
                       struct err *e)
{
    if (relative ? relative[0] != '/' || strpbrk(relative, "@ \t\r\n") : !full_allowed(full)) {
        err_set(e, ERR_BAD_CREDENTIALS, "AWS_CONTAINER_CREDENTIALS_%s_URI is not allowed: %.120s",
                relative ? "RELATIVE" : "FULL", relative ? relative : full);
        return err_hint(e, relative ? "it must be a path: /v2/credentials/..."
                                    : "it must be https, or on 127.0.0.1, 169.254.170.2 or "
                                      "169.254.170.23");
    }
    int n = snprintf(out, size, "%s%s", relative ? AGENT : "", relative ? relative : full);
    return (size_t)n < size ||
           err_set(e, ERR_BAD_CREDENTIALS, "the URL of the container's keys is too long");
}

/* ---- the request ---- */

/* The token in *OUT, "" for none. */
static bool read_token(struct buf *out, struct err *e)
{
    const char *file = aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (file && !file_read(file, out, e))
        return err_context(e, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    if (!file && token && !buf_text(out, token))
        return buf_error(out, "the container's authorization token", e);
    if (strpbrk(buf_str(out), "\r\n")) {
        err_set(e, ERR_BAD_CREDENTIALS,
                "the container's authorization token has more than one line");
        return err_hint(e, "look at %s", file ? file : "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    }
    return true;
}

static bool take(const char *url, const struct http_response *got, struct aws_keys *ret,
                 struct err *e)
{
    struct err ignored;
    char host[300];
    http_authority(url, host, sizeof host);
    jv *doc = got->status == 200 ? jv_parse(buf_str(&got->body), got->body.len, &ignored) : NULL;
    const struct aws_keys_text text = aws_keys_members(doc, "Token");
    bool ok = text.id && text.secret;
    if (ok)
        ok = aws_keys_take(ret, ret->owner, &text, e);
    else if (got->status == 200)
        err_set(e, ERR_BAD_CREDENTIALS, "%s did not answer with keys for this container", host);
    else
        err_set(e, ERR_BAD_CREDENTIALS, "%s refuses keys for this container (status %d)", host,
                got->status);
    if (!ok)
        err_hint(e, "check the role of the task or pod, and its AWS_CONTAINER_* variables");
    jv_free(doc);
    return ok;
}

static bool ask_once(const struct aws_search *s, const char *url, const struct buf *token,
                     struct aws_keys *ret, bool *ret_again, struct err *e)
{
    const struct http_header headers[] = {{"accept", "application/json"},
                                          {"authorization", buf_str(token)}};
    int64_t deadline = clock_steady_ms() + PATIENCE_MS;
    const struct http_request rq = {.method = "GET",
                                    .url = url,
                                    .headers = headers,
                                    .header_count = token->len ? 2 : 1,
                                    .deadline = deadline < s->deadline ? deadline : s->deadline,
                                    .no_proxy = true};
    struct http_response got;
    bool ok = http_perform(s->http, &rq, &got, e);
    *ret_again = !ok || got.status >= 500 || got.status == 429;
    ok = ok && take(url, &got, ret, e);
    http_response_free(&got);
    return ok;
}

static bool ask(const struct aws_search *s, const char *url, const struct buf *token,
                struct aws_keys *ret, struct err *e)
{
    for (int attempt = 1;; attempt++) {
        bool again;
        if (ask_once(s, url, token, ret, &again, e))
            return true;
        if (!again || attempt == ATTEMPTS || clock_steady_ms() + PAUSE_MS >= s->deadline)
            return false;
        clock_sleep_ms(PAUSE_MS);
    }
}

enum found aws_from_container(const struct aws_search *s, struct aws_keys *ret, struct err *e)
{
    const char *relative = aws_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = aws_env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    char url[1024];
    struct buf token;
    if (!relative && !full)
        return NOT_HERE;
    snprintf(ret->owner, sizeof ret->owner, "this container");
    ret->flag[0] = '\0';
    buf_init(&token, LIMIT_TOKEN);
    bool ok = aws_container_url(relative, full, url, sizeof url, e) && read_token(&token, e) &&
              ask(s, url, &token, ret, e);
    buf_free(&token);
    return ok ? FOUND : UNUSABLE;
}
