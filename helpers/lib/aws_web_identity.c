/* A role for a token that somebody else vouches for: Kubernetes (IRSA), CI systems.  The file is
 * named by AWS_WEB_IDENTITY_TOKEN_FILE or the profile. */
#include <stdio.h>

#include "aws_cache.h"
#include "aws_source.h"
#include "aws_sts.h"
#include "base/ascii.h"
#include "base/file.h"

/* As many characters as STS takes, and room to spare. */
#define LIMIT_TOKEN (32u << 10)

struct identity {
    const struct aws_search *search;
    const char *file, *arn, *session_name;
};

/* A profile asked for by name is not mixed with the environment. */
static const char *setting(const struct aws_search *s, const char *variable, const char *key)
{
    const char *value = s->chosen ? NULL : aws_env(variable);
    return value ? value : aws_config_get(s->config, s->profile, key);
}

static bool read_token(const struct identity *w, struct buf *out, struct err *e)
{
    if (!file_read(w->file, out, e))
        return err_context(e, "the web identity token");
    while (out->len && ascii_is_space(out->data[out->len - 1]))
        out->data[--out->len] = '\0';
    if (out->len)
        return true;
    err_set(e, ERR_BAD_CREDENTIALS, "the web identity token in %s is empty", w->file);
    return err_hint(e, "look at what writes it (web_identity_token_file)");
}

static bool fetch(void *ctx, struct aws_keys *ret, struct err *e)
{
    const struct identity *w = ctx;
    struct buf token;
    buf_init(&token, LIMIT_TOKEN);
    bool ok = read_token(w, &token, e);
    const struct aws_sts_role role = {
        .arn = w->arn, .session_name = w->session_name, .web_token = buf_str(&token)};
    ok = ok && aws_sts_assume(w->search, NULL, &role, ret, e);
    buf_free(&token);
    return ok;
}

static void describe(const struct identity *w, struct buf *out)
{
    const char *const parts[] = {
        "web identity",
        w->file,
        w->arn,
        w->session_name,
        w->search->region,
        w->search->endpoint,
        aws_config_endpoint_url(w->search->config, w->search->profile, "sts")};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        buf_printf(out, "%s\n", parts[i] ? parts[i] : "");
}

enum found aws_from_web_identity(const struct aws_search *s, struct aws_keys *ret, struct err *e)
{
    struct identity w = {
        .search = s,
        .file = setting(s, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file"),
        .arn = setting(s, "AWS_ROLE_ARN", "role_arn"),
        .session_name = setting(s, "AWS_ROLE_SESSION_NAME", "role_session_name"),
    };
    struct buf identity;
    if (!w.file)
        return NOT_HERE;
    if (!w.arn) {
        err_set(
            e, ERR_BAD_CREDENTIALS,
            "there is a web identity token (%s), but neither AWS_ROLE_ARN nor role_arn says for "
            "which role",
            w.file);
        err_hint(e, "set AWS_ROLE_ARN");
        return UNUSABLE;
    }
    buf_init(&identity, LIMIT_TOKEN);
    describe(&w, &identity);
    bool ok = (!identity.failed || buf_error(&identity, "the settings of a role", e)) &&
              aws_cache_get(&identity, s->deadline, fetch, &w, ret, e);
    buf_free(&identity);
    return ok ? FOUND : UNUSABLE;
}
