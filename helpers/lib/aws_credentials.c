#include "aws_credentials.h"

#include <stdio.h>
#include <string.h>

#include "aws_program.h"
#include "base/json.h"

enum found { NOT_HERE, FOUND, UNUSABLE };

struct search {
    const struct aws_config *config;
    const char *profile;
    bool chosen;      /* asked for by name, rather than the machine's own choice */
    int64_t deadline; /* on the steady clock */
};

/* ---- keeping what was found ---- */

static bool keep(struct aws_keys *k, const char *id, const char *secret, const char *token,
                 struct err *e)
{
    snprintf(k->id, sizeof k->id, "%s", id);
    k->secret = secret_copy(secret, strlen(secret));
    k->token = token ? secret_copy(token, strlen(token)) : NULL;
    return (k->secret && (k->token || !token)) || err_no_memory(e);
}

/* They go into headers, where a stray character is a puzzle of its own. */
static bool plain(const char *text)
{
    return text[strcspn(text, " \t\r\n")] == '\0';
}

static enum found take(struct aws_keys *ret, const char *where, const char *id, const char *secret,
                       const char *token, struct err *e)
{
    if (!id && !secret)
        return NOT_HERE;
    if (!id || !secret) {
        err_set(e, ERR_BAD_CREDENTIALS, "%s has %s without %s", where,
                id ? "an access key" : "a secret key", id ? "a secret key" : "an access key");
        err_hint(e, "enter both: aws configure%s", ret->flag);
        return UNUSABLE;
    }
    if (strlen(id) >= sizeof ret->id || !plain(id) || !plain(secret) || (token && !plain(token))) {
        err_set(e, ERR_BAD_CREDENTIALS,
                "the keys of %s have white space inside, or more than keys have", where);
        err_hint(e, "enter them again: aws configure%s", ret->flag);
        return UNUSABLE;
    }
    return keep(ret, id, secret, token, e) ? FOUND : UNUSABLE;
}

/* ---- the sources ---- */

static enum found from_environment(const struct search *s, struct aws_keys *ret, struct err *e)
{
    if (s->chosen)
        return NOT_HERE;
    const char *token = aws_env("AWS_SESSION_TOKEN");
    if (!token)
        token = aws_env("AWS_SECURITY_TOKEN"); /* its old name */
    enum found found = take(ret, "the environment", aws_env("AWS_ACCESS_KEY_ID"),
                            aws_env("AWS_SECRET_ACCESS_KEY"), token, e);
    if (found == FOUND) {
        snprintf(ret->owner, sizeof ret->owner, "the environment");
        ret->flag[0] = '\0';
    }
    return found;
}

static enum found from_file(const struct search *s, enum aws_file file, struct aws_keys *ret,
                            struct err *e)
{
    const struct aws_config *c = s->config;
    return take(ret, ret->owner, aws_config_get_in(c, file, s->profile, "aws_access_key_id"),
                aws_config_get_in(c, file, s->profile, "aws_secret_access_key"),
                aws_config_get_in(c, file, s->profile, "aws_session_token"), e);
}

static enum found from_credentials_file(const struct search *s, struct aws_keys *ret, struct err *e)
{
    return from_file(s, AWS_FILE_CREDENTIALS, ret, e);
}

static enum found from_config_file(const struct search *s, struct aws_keys *ret, struct err *e)
{
    return from_file(s, AWS_FILE_CONFIG, ret, e);
}

/* Settings that mean keys must be fetched in a way that only the aws command knows. */
static enum found needs_aws_command(const struct search *s, struct aws_keys *ret, struct err *e)
{
    static const struct {
        const char *key, *what;
    } ways[] = {
        {"role_arn", "assumes a role"},
        {"sso_session", "signs in through SSO"},
        {"sso_start_url", "signs in through SSO"},
        {"login_session", "signs in through the browser"},
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        if (!aws_config_get(s->config, s->profile, ways[i].key))
            continue;
        err_set(e, ERR_BAD_CREDENTIALS, "%s %s (%s), which is not supported here", ret->owner,
                ways[i].what, ways[i].key);
        err_hint(e,
                 "use a profile with keys, or one with: credential_process = aws configure "
                 "export-credentials --profile %s --format process",
                 s->profile);
        return UNUSABLE;
    }
    return NOT_HERE;
}

static bool no_keys_printed(const struct aws_keys *k, struct err *e)
{
    err_set(e, ERR_BAD_CREDENTIALS,
            "the credential_process of %s did not print keys (JSON, Version 1)", k->owner);
    return err_hint(e, "run it by hand; its format: docs.aws.amazon.com/sdkref/latest/guide/"
                       "feature-process-credentials.html");
}

static enum found from_program(const struct search *s, struct aws_keys *ret, struct err *e)
{
    const char *command = aws_config_get(s->config, s->profile, "credential_process");
    if (!command)
        return NOT_HERE;
    struct buf out;
    struct err ignored;
    char what[sizeof ret->owner + 32];
    snprintf(what, sizeof what, "the credential_process of %s", ret->owner);
    buf_init(&out, LIMIT_PROGRAM_OUTPUT);
    enum found found = UNUSABLE;
    if (aws_program_run(command, s->deadline, what, &out, e)) {
        jv *doc = jv_parse(buf_str(&out), out.len, &ignored);
        const char *id = jv_text(doc, "AccessKeyId"), *secret = jv_text(doc, "SecretAccessKey");
        if (jv_number(doc, "Version", 0) != 1 || !id || !secret)
            no_keys_printed(ret, e);
        else
            found = take(ret, what, id, secret, jv_text(doc, "SessionToken"), e);
        jv_free(doc);
    }
    buf_free(&out);
    return found;
}

/* In the order of the SDKs. */
static enum found (*const sources[])(const struct search *s, struct aws_keys *ret,
                                     struct err *e) = {
    from_environment, needs_aws_command, from_credentials_file, from_program, from_config_file,
};

/* ---- the search ---- */

static bool nothing(const struct search *s, struct err *e)
{
    const char *file = aws_config_file_name(s->config, AWS_FILE_CREDENTIALS);
    if (aws_config_has_profile(s->config, s->profile))
        err_set(e, ERR_BAD_CREDENTIALS, "profile %s has no keys in %s", s->profile, file);
    else if (s->chosen || strcmp(s->profile, "default") != 0)
        err_set(e, ERR_BAD_CREDENTIALS, "there is no profile %s in %s", s->profile, file);
    else
        err_set(e, ERR_BAD_CREDENTIALS, "no AWS keys: neither in the environment nor in %s", file);
    return err_hint(e, "enter them: aws configure --profile %s", s->profile);
}

bool aws_keys_find(const struct aws_config *c, const char *chosen, int64_t deadline,
                   struct aws_keys *ret, struct err *e)
{
    struct search s = {.config = c,
                       .profile = aws_config_profile(chosen),
                       .chosen = chosen && *chosen,
                       .deadline = deadline};
    *ret = (struct aws_keys){0};
    snprintf(ret->owner, sizeof ret->owner, "profile %s", s.profile);
    snprintf(ret->flag, sizeof ret->flag, " --profile %s", s.profile);
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        enum found found = sources[i](&s, ret, e);
        if (found == FOUND)
            return true;
        if (found == UNUSABLE) {
            aws_keys_free(ret);
            return false;
        }
    }
    return nothing(&s, e);
}

void aws_keys_free(struct aws_keys *k)
{
    secret_free(k->secret);
    secret_free(k->token);
    *k = (struct aws_keys){0};
}
