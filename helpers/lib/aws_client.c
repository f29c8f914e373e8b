#include "aws_client.h"

#include <stdio.h>

#include "aws_cache.h"
#include "aws_credentials.h"

static bool given(const char *text)
{
    return text && *text;
}

static bool find_region(struct aws_client *c, const char *chosen, struct err *e)
{
    const char *region = given(chosen) ? chosen : aws_config_region(c->config, c->profile);
    if (!region) {
        err_set(e, ERR_INVALID,
                "no AWS region: neither in the store's URL nor in AWS_REGION nor in profile %s",
                c->profile);
        return err_hint(e, "write the store as ssm://us-west-2/NAME");
    }
    snprintf(c->region, sizeof c->region, "%s", region);
    return true;
}

static bool take_given(const struct aws_keys_text *text, struct aws_keys *ret, struct err *e)
{
    *ret = (struct aws_keys){.owner = ""};
    snprintf(ret->owner, sizeof ret->owner, "%s", text->id);
    if (aws_keys_take(ret, "the request", text, e))
        return true;
    aws_keys_free(ret);
    return false;
}

static bool find_keys(const struct aws_client *c, struct aws_keys *ret, struct err *e)
{
    const struct aws_search search = {
        .config = c->config,
        .profile = c->profile,
        .chosen = c->chosen,
        .http = c->http,
        .region = c->region,
        .endpoint = c->endpoint,
        .endpoint_service = c->endpoint_service,
        .deadline = c->deadline,
    };
    return aws_keys_find(&search, ret, e);
}

/* Cached keys can be refused before their time: a role was deleted, sessions were revoked. */
static bool renew_cached(struct aws_client *c, struct err *e)
{
    struct aws_keys fresh;
    if (!c->keys.cached[0])
        return false;
    aws_cache_drop(&c->keys);
    if (!find_keys(c, &fresh, e))
        return false;
    aws_keys_free(&c->keys);
    c->keys = fresh;
    return true;
}

bool aws_client_open(struct aws_client *c, const struct aws_choice *choice, int64_t deadline,
                     struct err *e)
{
    *c = (struct aws_client){.deadline = deadline,
                             .bucket = AWS_BUCKET_FULL,
                             .chosen = given(choice->profile),
                             .endpoint = given(choice->endpoint) ? choice->endpoint : NULL,
                             .endpoint_service = choice->service,
                             .renew = renew_cached,
                             .clock_seen_s = INT64_MIN};
    if (!aws_config_load(&c->loaded, e))
        return false;
    c->config = c->loaded;
    c->profile = aws_config_profile(choice->profile);
    c->max_attempts = aws_config_max_attempts(c->config, c->profile);
    c->http = http_open(HTTP_FOR_AWS, aws_config_ca_bundle(c->config, c->profile));
    if (!c->http)
        return err_no_memory(e);
    return find_region(c, choice->region, e) &&
           (choice->keys ? take_given(choice->keys, &c->keys, e) : find_keys(c, &c->keys, e));
}

void aws_client_close(struct aws_client *c)
{
    http_close(c->http);
    aws_keys_free(&c->keys);
    aws_config_free(c->loaded);
    *c = (struct aws_client){0};
}
