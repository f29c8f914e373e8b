#include "provision/aws_setup.h"

#include <stdio.h>
#include <string.h>

#include "provision/policy.h"
#include "provision/rotate.h"
#include "provision/template.h"

struct setting_up {
    const struct aws_setup_request *rq;
    struct aws_admin admin;
    struct aws_identity me;
    char kms_key[256]; /* for the policies: its ARN, or what the configuration says */
    bool kms_unknown;  /* it would be made first */
};

static void tell(const struct setting_up *s, enum aws_setup_item item,
                 enum aws_setup_outcome outcome, const char *name)
{
    s->rq->told(s->rq->ctx, item, outcome, name);
}

/* ---- the key that encrypts ---- */

static bool find_kms(struct setting_up *s, const char *description, bool *ret_found,
                     bool *ret_aliased, struct err *e)
{
    struct err why = {.code = ERR_NONE};
    *ret_found = aws_admin_find_kms(&s->admin, s->rq->place->alias, description, s->kms_key,
                                    ret_aliased, &why);
    if (*ret_found || why.code == ERR_NOT_FOUND)
        return true;
    *e = why;
    return false;
}

static bool set_up_kms(struct setting_up *s, struct err *e)
{
    const char *alias = s->rq->place->alias;
    char description[256];
    bool found = false, aliased = false, dry = s->rq->dry_run;
    template_key_description(s->rq->place, description);
    if (!find_kms(s, description, &found, &aliased, e))
        return false;
    s->kms_unknown = !found && dry;
    if (!found && !dry && !aws_admin_make_kms(&s->admin, description, s->kms_key, e))
        return false;
    tell(s, AWS_SETUP_KMS_KEY,
         found ? AWS_SETUP_THERE
         : dry ? AWS_SETUP_WOULD
               : AWS_SETUP_DONE,
         found || !dry ? s->kms_key : description);
    /* Also of one that was made when a set-up was stopped; one with the alias is as its owner has it. */
    if (!aliased && !dry &&
        (!aws_admin_rotate_kms(&s->admin, s->kms_key, e) ||
         !aws_admin_alias_kms(&s->admin, s->kms_key, alias, e)))
        return false;
    tell(s, AWS_SETUP_ALIAS,
         aliased ? AWS_SETUP_THERE
         : dry   ? AWS_SETUP_WOULD
                 : AWS_SETUP_DONE,
         alias);
    return true;
}

/* ---- a user ---- */

static bool set_up_user(const struct setting_up *s, const char *user, bool *ret_there,
                        struct err *e)
{
    struct err why = {.code = ERR_NONE};
    *ret_there = aws_admin_user(&s->admin, user, &why);
    if (!*ret_there && why.code != ERR_NOT_FOUND) {
        *e = why;
        return false;
    }
    if (!*ret_there && !s->rq->dry_run && !aws_admin_make_user(&s->admin, user, e))
        return false;
    tell(s, AWS_SETUP_USER,
         *ret_there       ? AWS_SETUP_THERE
         : s->rq->dry_run ? AWS_SETUP_WOULD
                          : AWS_SETUP_DONE,
         user);
    return true;
}

static jv *policy_of(const struct setting_up *s, enum role role, struct err *e)
{
    const struct aws_place *p = s->rq->place;
    const struct policy_words words = {.partition = policy_partition(s->me.region),
                                       .account = s->me.account,
                                       .user = "${aws:username}"};
    const struct policy_request rq = {.role = role,
                                      .region = s->me.region,
                                      .path = p->path,
                                      .plain = p->plain,
                                      .kms_key = s->kms_key,
                                      .tier = p->tier,
                                      .rotate_self = s->rq->rotate_self};
    return policy_make(&rq, &words, e);
}

/* *RET: is it there, and does it say this? */
static bool has_policy(const struct setting_up *s, const char *user, const jv *wanted, bool *ret,
                       struct err *e)
{
    struct err why = {.code = ERR_NONE};
    jv *there = aws_admin_policy(&s->admin, user, template_policy_name, &why);
    *ret = there && jv_equal(there, wanted);
    jv_free(there);
    if (there || why.code == ERR_NOT_FOUND)
        return true;
    *e = why;
    return false;
}

static bool set_up_policy(const struct setting_up *s, enum role role, bool user_there,
                          struct err *e)
{
    const char *user = s->rq->place->profile[role];
    bool same = false, dry = s->rq->dry_run;
    jv *wanted = policy_of(s, role, e);
    bool ok = wanted && (!user_there || has_policy(s, user, wanted, &same, e));
    same = same && !s->kms_unknown;
    if (ok && !same && !dry)
        ok = aws_admin_put_policy(&s->admin, user, template_policy_name, wanted, e);
    if (ok)
        tell(s, AWS_SETUP_POLICY,
             same  ? AWS_SETUP_THERE
             : dry ? AWS_SETUP_WOULD
                   : AWS_SETUP_DONE,
             user);
    jv_free(wanted);
    return ok;
}

/* ---- its key, in the profile ---- */

static bool set_up_key(const struct setting_up *s, enum role role, bool user_there, struct err *e)
{
    const char *profile = s->rq->place->profile[role];
    const struct rotate_request rq = {.relay = s->rq->relay,
                                      .place = s->rq->place,
                                      .role = role,
                                      .admin_profile = s->rq->admin_profile,
                                      .grace_ms = ROTATE_GRACE_NOT_SAID,
                                      .first = true,
                                      .dry_run = s->rq->dry_run};
    struct rotate_report report;
    struct aws_profile before = {.secret = NULL};
    struct err ignored;
    if (s->rq->dry_run && !user_there) {
        tell(s, AWS_SETUP_KEY, AWS_SETUP_WOULD, profile);
        return true;
    }
    bool had_key = aws_profile_read(profile, &before, &ignored) && before.key_id[0];
    aws_profile_free(&before);
    if (!rotate(&rq, &report, e))
        return false;
    tell(s, AWS_SETUP_KEY,
         had_key          ? AWS_SETUP_THERE
         : s->rq->dry_run ? AWS_SETUP_WOULD
                          : AWS_SETUP_DONE,
         profile);
    return true;
}

/* ---- together ---- */

static bool set_up_role(const struct setting_up *s, enum role role, struct err *e)
{
    bool there = false;
    return set_up_user(s, s->rq->place->profile[role], &there, e) &&
           set_up_policy(s, role, there, e) && set_up_key(s, role, there, e);
}

/* A user by that name must not be made because a URL's ?profile= is for both roles. */
static bool two_names(const struct aws_place *p, struct err *e)
{
    if (strcmp(p->profile[ROLE_READER], p->profile[ROLE_WRITER]) != 0)
        return true;
    err_set(e, ERR_INVALID, "readers and writers have one profile, %s: they would have one user",
            p->profile[ROLE_READER]);
    return err_hint(e,
                    "name one each: reader-profile and writer-profile, and no ?profile= in store");
}

bool aws_setup(const struct aws_setup_request *rq, char ret_account[16], struct err *e)
{
    struct setting_up s = {.rq = rq};
    const struct template_request names = {.place = rq->place, .kms = rq->kms};
    ret_account[0] = '\0';
    if (!template_check(&names, e) || !two_names(rq->place, e) ||
        !aws_admin_open(rq->place, rq->admin_profile, &s.admin, e) ||
        !aws_admin_identity(&s.admin, NULL, &s.me, e))
        return false;
    snprintf(ret_account, 16, "%s", s.me.account);
    snprintf(s.kms_key, sizeof s.kms_key, "%s", rq->place->kms_key);
    bool ok = !rq->kms || set_up_kms(&s, e);
    for (int role = ROLE_READER; ok && role <= ROLE_WRITER; role++)
        ok = !rq->wanted[role] || set_up_role(&s, (enum role)role, e);
    return ok;
}
