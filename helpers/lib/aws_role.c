/* A profile that assumes a role: `role_arn` with `source_profile`, which may assume a role itself,
 * or with `credential_source`.  As botocore's AssumeRoleProvider. */
#include <stdio.h>
#include <string.h>

#include "aws_cache.h"
#include "aws_source.h"
#include "aws_sts.h"

/* Roles one after the other; AWS lets a chained role last an hour, nobody has eight. */
#define LIMIT_ROLES 8

/* What determines the keys of a chain: the settings of eight profiles. */
#define LIMIT_IDENTITY (64u << 10)

struct chain {
    const char *profiles[LIMIT_ROLES]; /* with a role each; the first is the one asked for */
    size_t count;
    const char *base;            /* the profile whose own keys come first, or ... */
    const struct origin *source; /* ... what credential_source names */
    const struct aws_search *search;
};

/* ---- credential_source ---- */

static const struct origin {
    const char *name;
    aws_source_fn *ask;
    const char *variables[3]; /* what determines the keys */
} origins[] = {
    {"Environment", aws_from_environment, {"AWS_ACCESS_KEY_ID"}},
    {"EcsContainer",
     aws_from_container,
     {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"}},
    {"Ec2InstanceMetadata", aws_from_instance, {"AWS_EC2_METADATA_SERVICE_ENDPOINT"}},
};

static const struct origin *origin_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++)
        if (strcmp(origins[i].name, name) == 0)
            return &origins[i];
    return NULL;
}

/* ---- from the profile to where its keys begin ---- */

static const char *setting(const struct chain *c, const char *profile, const char *key)
{
    return aws_config_get(c->search->config, profile, key);
}

static bool assumes_role(const struct chain *c, const char *profile)
{
    return setting(c, profile, "role_arn") && !setting(c, profile, "web_identity_token_file");
}

static bool has_keys(const struct chain *c, const char *profile)
{
    return setting(c, profile, "aws_access_key_id") || setting(c, profile, "aws_secret_access_key");
}

static bool visited(const struct chain *c, const char *profile)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->profiles[i], profile) == 0)
            return true;
    return false;
}

static bool bad(const char *profile, struct err *e, const char *what, const char *value)
{
    err_set(e, ERR_BAD_CREDENTIALS, "profile %s %s%s", profile, what, value);
    return err_hint(e, "mend ~/.aws/config: a profile with role_arn has either source_profile or "
                       "credential_source (Environment, Ec2InstanceMetadata, EcsContainer)");
}

/* Where the keys come from that PROFILE's role is assumed with; *ret_next: the next role. */
static bool follow(struct chain *c, const char *profile, const char **ret_next, struct err *e)
{
    const char *source = setting(c, profile, "source_profile");
    const char *named = setting(c, profile, "credential_source");
    *ret_next = NULL;
    if (!source == !named)
        return bad(profile, e, "assumes a role (role_arn) with ",
                   source ? "both source_profile and credential_source"
                          : "neither source_profile nor credential_source");
    if (named)
        return (c->source = origin_by_name(named)) ||
               bad(profile, e, "has an unknown credential_source: ", named);
    if (!aws_config_has_profile(c->search->config, source))
        return bad(profile, e, "has a source_profile that is not there: ", source);
    bool itself = strcmp(source, profile) == 0;
    if (visited(c, source) && !(itself && has_keys(c, source)))
        return bad(profile, e, "assumes its role in a circle: source_profile = ", source);
    if (has_keys(c, source) || !assumes_role(c, source))
        c->base = source;
    else
        *ret_next = source;
    return true;
}

static bool build(struct chain *c, struct err *e)
{
    for (const char *profile = c->search->profile; profile;) {
        if (c->count == LIMIT_ROLES)
            return bad(c->search->profile, e, "assumes too many roles one after the other", "");
        c->profiles[c->count++] = profile;
        if (!follow(c, profile, &profile, e))
            return false;
    }
    return true;
}

/* ---- the keys ---- */

static bool base_keys(const struct chain *c, struct aws_keys *ret, struct err *e)
{
    struct aws_search s = *c->search;
    *ret = (struct aws_keys){0};
    s.profile = c->base ? c->base : s.profile;
    s.chosen = c->base != NULL; /* credential_source = Environment means it */
    aws_keys_name(ret, s.profile);
    if (!c->base)
        ret->flag[0] = '\0';
    enum found found = c->base ? aws_from_profile(&s, ret, e) : c->source->ask(&s, ret, e);
    if (found == NOT_HERE) {
        err_set(e, ERR_BAD_CREDENTIALS, "the role of profile %s: there are no keys in %s %s",
                c->profiles[c->count - 1], c->base ? "profile" : "credential_source",
                c->base     ? c->base
                : c->source ? c->source->name
                            : "");
        err_hint(e, "see what it has: aws configure list%s", ret->flag);
    }
    return found == FOUND;
}

static bool assume(const struct chain *c, const char *profile, const struct aws_keys *with,
                   struct aws_keys *ret, struct err *e)
{
    const struct aws_sts_role role = {
        .arn = setting(c, profile, "role_arn"),
        .session_name = setting(c, profile, "role_session_name"),
        .external_id = setting(c, profile, "external_id"),
        .duration_s = setting(c, profile, "duration_seconds"),
    };
    return aws_sts_assume(c->search, with, &role, ret, e);
}

/* From the base outwards: each role is assumed with the keys of the one before.  *RET_STALE: AWS
 * refused keys of the base that came from the cache, where they are no more. */
static bool assume_all(const struct chain *c, struct aws_keys *ret, bool *ret_stale, struct err *e)
{
    struct aws_keys with, got;
    bool ok = base_keys(c, &with, e);
    for (size_t i = c->count; ok && i-- > 0;) {
        got = (struct aws_keys){0};
        aws_keys_name(&got, c->profiles[i]);
        ok = assume(c, c->profiles[i], &with, &got, e);
        *ret_stale = !ok && e->code == ERR_BAD_CREDENTIALS && with.cached[0];
        if (*ret_stale)
            aws_cache_drop(&with);
        aws_keys_free(&with);
        with = got;
    }
    if (ok)
        *ret = with;
    else
        aws_keys_free(&with);
    return ok;
}

static bool fetch(void *ctx, struct aws_keys *ret, struct err *e)
{
    const struct chain *c = ctx;
    struct aws_keys keys;
    bool stale = false, ignored = false;
    if (!assume_all(c, &keys, &stale, e) && !(stale && assume_all(c, &keys, &ignored, e)))
        return false;
    memcpy(keys.owner, ret->owner, sizeof keys.owner);
    memcpy(keys.flag, ret->flag, sizeof keys.flag);
    *ret = keys;
    return true;
}

/* ---- the cache ---- */

static void put_line(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "%s=%s\n", name, value ? value : "");
}

static void describe_base(const struct chain *c, struct buf *out)
{
    static const char *const keys[] = {"aws_access_key_id", "credential_process", "role_arn",
                                       "web_identity_token_file"};
    if (c->base) {
        put_line(out, "source_profile", c->base);
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
            put_line(out, keys[i], setting(c, c->base, keys[i]));
    } else if (c->source) {
        put_line(out, "credential_source", c->source->name);
        for (size_t i = 0; c->source->variables[i]; i++)
            put_line(out, c->source->variables[i], aws_env(c->source->variables[i]));
    }
}

static void describe(const struct chain *c, struct buf *out)
{
    static const char *const keys[] = {"role_arn", "role_session_name", "external_id",
                                       "duration_seconds"};
    const struct aws_search *s = c->search;
    put_line(out, "sts", s->endpoint);
    put_line(out, "configured", aws_config_endpoint_url(s->config, s->profile, "sts"));
    put_line(out, "region", s->region);
    for (size_t i = 0; i < c->count; i++)
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
            put_line(out, keys[k], setting(c, c->profiles[i], keys[k]));
    describe_base(c, out);
}

enum found aws_from_role(const struct aws_search *s, struct aws_keys *ret, struct err *e)
{
    struct chain c = {.search = s};
    struct buf identity;
    if (!assumes_role(&c, s->profile))
        return NOT_HERE;
    if (!build(&c, e))
        return UNUSABLE;
    for (size_t i = 0; i < c.count; i++)
        if (setting(&c, c.profiles[i], "mfa_serial"))
            return aws_needs_aws_command(s, ret, "asks for a code (MFA)", "mfa_serial", e);
    buf_init(&identity, LIMIT_IDENTITY);
    describe(&c, &identity);
    bool ok = (!identity.failed || buf_error(&identity, "the settings of a role", e)) &&
              aws_cache_get(&identity, s->deadline, fetch, &c, ret, e);
    buf_free(&identity);
    return ok ? FOUND : UNUSABLE;
}
