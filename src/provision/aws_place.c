#include "provision/aws_place.h"

#include <stdio.h>
#include <string.h>

static const char *option(const struct relay *r, const char *key)
{
    const char *text = jv_text(r->store_options, key);
    return text ? text : "";
}

/* What the relay's section names, else one that tells in CloudTrail what it is for. */
static void name_profile(const struct relay *r, enum role role, struct aws_place *p)
{
    static const char *const keys[] = {
        [ROLE_READER] = "reader-profile", [ROLE_WRITER] = "writer-profile"};
    const char *named = p->url.profile[0] ? p->url.profile : option(r, keys[role]);
    if (*named)
        snprintf(p->profile[role], sizeof p->profile[role], "%s", named);
    else
        snprintf(p->profile[role], sizeof p->profile[role], "%s-creds-%s", r->tool_name,
                 role_name(role));
}

bool aws_place_of(const struct relay *r, struct aws_place *ret, struct err *e)
{
    struct aws_place p = {.plain = r->plain};
    struct store s;
    if (strncmp(r->store_url, "ssm:", 4) != 0) {
        err_set(e, ERR_UNSUPPORTED, "the store of relay %s is %s, not AWS Parameter Store", r->name,
                r->store_url);
        return err_hint(e, "write store = ssm://REGION/NAME in its section of credrelay.conf");
    }
    if (!ssm_url_parse(r->store_url, &p.url, e) || !store_open(r->store_url, r->name, &s, e))
        return false;
    snprintf(p.path, sizeof p.path, "%s", s.path);
    snprintf(p.kms_key, sizeof p.kms_key, "%s", option(r, "kms-key-id"));
    snprintf(p.tier, sizeof p.tier, "%s", option(r, "tier"));
    if (strncmp(p.kms_key, "alias/", 6) == 0)
        snprintf(p.alias, sizeof p.alias, "%s", p.kms_key);
    else
        snprintf(p.alias, sizeof p.alias, "alias/%s-creds", r->tool_name);
    name_profile(r, ROLE_READER, &p);
    name_profile(r, ROLE_WRITER, &p);
    *ret = p;
    return true;
}
