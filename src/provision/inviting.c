#include "provision/inviting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shell_word.h"
#include "provision/aws_profile.h"
#include "provision/profile_names.h"
#include "store/ssm_url.h"

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

#define SSM "ssm://"

/* A URL without a region means what this machine's environment and profile say; another machine's
 * say something else. */
static void fix_region(struct section *s, const char *of_profile)
{
    char *url = s->value[SECTION_STORE], fixed[SECTION_VALUE_SIZE];
    const char *region = getenv("AWS_REGION");
    if (!region || !*region)
        region = getenv("AWS_DEFAULT_REGION");
    if (!region || !*region)
        region = of_profile;
    if (!begins(url, SSM "/") || !*region)
        return;
    int n = snprintf(fixed, sizeof fixed, SSM "%s%s", region, url + strlen(SSM));
    if ((size_t)n < sizeof fixed)
        memcpy(url, fixed, (size_t)n + 1);
}

/* ---- keys ---- */

/* HOW: what it is set up with instead. */
static bool no_own_key(const char *profile, const char *how, const struct section *s, struct err *e)
{
    err_set(e, ERR_UNSUPPORTED, "profile %s has no key of its own to give away: it is set up %s",
            profile, how);
    return err_hint(e,
                    "set up such a profile on the new machine, then: credrelay init --role %s "
                    "--store %s --%s-profile %s",
                    s->value[SECTION_ROLE], QUOTED(s->value[SECTION_STORE]), s->value[SECTION_ROLE],
                    AS_WORD(profile));
}

static bool not_a_key(const char *profile, const struct aws_profile *p, const struct section *s,
                      struct err *e)
{
    char how[sizeof p->source + 8];
    snprintf(how, sizeof how, "with %s", p->source);
    if (p->source[0])
        return no_own_key(profile, how, s, e);
    err_set(e, ERR_NOT_FOUND, "profile %s has no key", profile);
    return err_hint(e, "enter it: aws configure --profile %s", AS_WORD(profile));
}

/* In the configuration alone stand those that get keys by SSO, a role or a program. */
static bool not_read(const char *profile, const struct section *s, struct err *e)
{
    struct profile_names names;
    struct err ignored;
    if (e->code == ERR_NOT_FOUND && profile_names(&names, &ignored) &&
        profile_named(&names, profile))
        return no_own_key(profile, "in AWS's configuration file", s, e);
    return false;
}

static bool add_key(const char *profile, struct invitation *i, struct err *e)
{
    struct invitation_key *key = &i->keys[i->key_count];
    struct aws_profile p;
    if (!aws_profile_read(profile, &p, e))
        return not_read(profile, &i->section, e);
    bool ok = (!p.source[0] && p.key_id[0] && p.secret) || not_a_key(profile, &p, &i->section, e);
    if (ok && ((size_t)snprintf(key->profile, sizeof key->profile, "%s", profile) >=
                   sizeof key->profile ||
               (size_t)snprintf(key->id, sizeof key->id, "%s", p.key_id) >= sizeof key->id))
        ok = err_set(e, ERR_TOO_LARGE, "the name or the key of profile %.64s is too long", profile);
    if (ok) {
        fix_region(&i->section, p.region);
        key->secret = p.secret;
        p.secret = NULL;
        i->key_count++;
    }
    aws_profile_free(&p);
    return ok;
}

static bool no_profile(const struct relay *r, enum role role, struct err *e)
{
    err_set(e, ERR_NOT_FOUND, "which key is the %s's is not told: [%s] has no %s-profile",
            role_name(role), r->name, role_name(role));
    return err_hint(e, "put the key into a profile of ~/.aws/credentials and name it in "
                       "credrelay.conf");
}

/* A profile in the URL is that of every role: what this machine uses, whatever it is allowed. */
static bool add_url_key(const struct relay *r, enum role role, const char *profile,
                        struct invitation *i, struct err *e)
{
    if (r->role == role)
        return add_key(profile, i, e);
    err_set(e, ERR_DENIED, "the store's URL has profile=%s for every role, which is the %s's key",
            profile, role_name(r->role));
    return err_hint(e, "take it out of the URL and name reader-profile and writer-profile");
}

static bool same_key(const struct invitation *i, const char *profile)
{
    struct aws_profile p;
    struct err ignored;
    if (!aws_profile_read(profile, &p, &ignored))
        return false;
    bool same = i->key_count > 0 && strcmp(i->keys[0].id, p.key_id) == 0;
    aws_profile_free(&p);
    return same;
}

static bool add_keys(const struct relay *r, enum role role, struct invitation *i, struct err *e)
{
    struct ssm_url url;
    const char *reader = jv_text(r->store_options, "reader-profile");
    const char *writer = jv_text(r->store_options, "writer-profile");
    if (!ssm_url_parse(r->store_url, &url, e))
        return false;
    if (url.profile[0])
        return add_url_key(r, role, url.profile, i, e);
    if (!(role == ROLE_READER ? reader : writer))
        return no_profile(r, role, e);
    if (reader && !add_key(reader, i, e))
        return false;
    if (role == ROLE_WRITER)
        return (reader && strcmp(reader, writer) == 0) || add_key(writer, i, e);
    if (!writer || !same_key(i, writer))
        return true;
    err_set(e, ERR_DENIED, "profile %s has the writers' key: a reader must not get it", reader);
    return err_hint(e, "give the readers a key of their own: credrelay aws setup");
}

/* ---- the whole ---- */

static bool may_invite(const struct relay *r, enum role role, struct err *e)
{
    if (begins(r->store_url, "local:")) {
        err_set(e, ERR_UNSUPPORTED,
                "the store %s is this machine's own: there is nothing to share with another",
                r->store_url);
        return err_hint(e, "a store that machines share: store = ssm://REGION/NAME");
    }
    if (r->role == ROLE_WRITER || role == ROLE_READER)
        return true;
    err_set(e, ERR_DENIED, "this machine is a reader, and a reader can invite readers only");
    return err_hint(e, "invite a writer from a writer");
}

bool invitation_make(const struct relay *r, enum role role, int64_t now, int64_t lifetime_ms,
                     struct invitation *ret, struct err *e)
{
    struct invitation i = {.made_at = now, .expires_at = now + lifetime_ms};
    if (!may_invite(r, role, e))
        return false;
    snprintf(i.by, sizeof i.by, "%s", r->machine);
    section_of_relay(r, role, &i.section);
    if (begins(r->store_url, SSM) && !add_keys(r, role, &i, e)) {
        invitation_free(&i);
        return false;
    }
    *ret = i;
    return true;
}
