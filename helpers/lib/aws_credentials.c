#include "aws_credentials.h"

#include <stdio.h>
#include <string.h>

#include "base/shell_word.h"

#include "aws_source.h"

/* ---- keys that lie ready ---- */

static enum found take(struct aws_keys *ret, const char *where, const struct aws_keys_text *text,
                       struct err *e)
{
    if (!text->id && !text->secret)
        return NOT_HERE;
    return aws_keys_take(ret, where, text, e) ? FOUND : UNUSABLE;
}

enum found aws_from_environment(const struct aws_search *s, struct aws_keys *ret, struct err *e)
{
    if (s->chosen)
        return NOT_HERE;
    struct aws_keys_text text = {.id = aws_env("AWS_ACCESS_KEY_ID"),
                                 .secret = aws_env("AWS_SECRET_ACCESS_KEY"),
                                 .token = aws_env("AWS_SESSION_TOKEN")};
    if (!text.token)
        text.token = aws_env("AWS_SECURITY_TOKEN"); /* its old name */
    enum found found = take(ret, "the environment", &text, e);
    if (found == FOUND) {
        snprintf(ret->owner, sizeof ret->owner, "the environment");
        ret->flag[0] = '\0';
    }
    return found;
}

static const char *file_token(const struct aws_config *c, enum aws_file file, const char *profile)
{
    const char *token = aws_config_get_in(c, file, profile, "aws_session_token");
    return token ? token : aws_config_get_in(c, file, profile, "aws_security_token");
}

static enum found from_file(const struct aws_search *s, enum aws_file file, struct aws_keys *ret,
                            struct err *e)
{
    const struct aws_config *c = s->config;
    const struct aws_keys_text text = {
        .id = aws_config_get_in(c, file, s->profile, "aws_access_key_id"),
        .secret = aws_config_get_in(c, file, s->profile, "aws_secret_access_key"),
        .token = file_token(c, file, s->profile)};
    return take(ret, ret->owner, &text, e);
}

static enum found from_credentials_file(const struct aws_search *s, struct aws_keys *ret,
                                        struct err *e)
{
    return from_file(s, AWS_FILE_CREDENTIALS, ret, e);
}

static enum found from_config_file(const struct aws_search *s, struct aws_keys *ret, struct err *e)
{
    return from_file(s, AWS_FILE_CONFIG, ret, e);
}

/* ---- keys that only the aws command can get ---- */

enum found aws_needs_aws_command(const struct aws_search *s, const struct aws_keys *k,
                                 const char *what, const char *key, struct err *e)
{
    err_set(e, ERR_BAD_CREDENTIALS, "%s %s (%s), which is not supported here", k->owner, what, key);
    err_hint(e,
             "use a profile with keys, or one with: credential_process = aws configure "
             "export-credentials --profile %s --format process",
             AS_WORD(s->profile));
    return UNUSABLE;
}

static enum found from_sso(const struct aws_search *s, struct aws_keys *ret, struct err *e)
{
    static const char *const keys[] = {"sso_session", "sso_start_url"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (aws_config_get(s->config, s->profile, keys[i]))
            return aws_needs_aws_command(s, ret, "signs in through SSO", keys[i], e);
    return NOT_HERE;
}

static enum found from_login(const struct aws_search *s, struct aws_keys *ret, struct err *e)
{
    if (!aws_config_get(s->config, s->profile, "login_session"))
        return NOT_HERE;
    return aws_needs_aws_command(s, ret, "signs in through the browser", "login_session", e);
}

/* ---- the order ---- */

/* Keys of an instance are no answer to the name of a profile that is not there. */
static enum found from_no_such_profile(const struct aws_search *s, struct aws_keys *ret,
                                       struct err *e)
{
    (void)ret;
    if (aws_config_has_profile(s->config, s->profile) ||
        (!s->chosen && strcmp(s->profile, "default") == 0))
        return NOT_HERE;
    err_set(e, ERR_BAD_CREDENTIALS, "there is no profile %s in %s", s->profile,
            aws_config_file_name(s->config, AWS_FILE_CREDENTIALS));
    err_hint(e, "enter its keys: aws configure --profile %s", AS_WORD(s->profile));
    return UNUSABLE;
}

/* As botocore's create_credential_resolver (credentials.py). */
static const struct {
    aws_source_fn *ask;
    bool of_profile; /* also asked when another profile names this one */
} sources[] = {
    {aws_from_environment, false}, {aws_from_role, false},
    {aws_from_web_identity, true}, {from_sso, true},
    {from_credentials_file, true}, {from_login, true},
    {aws_from_program, true},      {from_config_file, true},
    {from_no_such_profile, true},  {aws_from_container, false},
    {aws_from_instance, false},
};

static enum found ask(const struct aws_search *s, bool of_profile, struct aws_keys *ret,
                      struct err *e)
{
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        if (of_profile && !sources[i].of_profile)
            continue;
        enum found found = sources[i].ask(s, ret, e);
        if (found != NOT_HERE)
            return found;
    }
    return NOT_HERE;
}

void aws_keys_name(struct aws_keys *k, const char *profile)
{
    snprintf(k->owner, sizeof k->owner, "profile %s", profile);
    int n = snprintf(k->flag, sizeof k->flag, " --profile %s", AS_WORD(profile));
    if ((size_t)n >= sizeof k->flag)
        k->flag[0] = '\0'; /* half a word is worse than none */
}

enum found aws_from_profile(const struct aws_search *s, struct aws_keys *ret, struct err *e)
{
    aws_keys_name(ret, s->profile);
    return ask(s, true, ret, e);
}

/* ---- the search ---- */

static bool nothing(const struct aws_search *s, struct err *e)
{
    const char *file = aws_config_file_name(s->config, AWS_FILE_CREDENTIALS);
    if (aws_config_has_profile(s->config, s->profile))
        err_set(e, ERR_BAD_CREDENTIALS, "profile %s has no keys in %s", s->profile, file);
    else
        err_set(e, ERR_BAD_CREDENTIALS, "no AWS keys: neither in the environment nor in %s", file);
    return err_hint(e, "enter them: aws configure --profile %s", AS_WORD(s->profile));
}

bool aws_keys_find(const struct aws_search *s, struct aws_keys *ret, struct err *e)
{
    *ret = (struct aws_keys){0};
    aws_keys_name(ret, s->profile);
    switch (ask(s, false, ret, e)) {
    case FOUND: return true;
    case NOT_HERE: nothing(s, e); break;
    case UNUSABLE: break;
    }
    aws_keys_free(ret);
    return false;
}
