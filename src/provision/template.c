#include "provision/template.h"

#include <stdio.h>
#include <string.h>

#include "provision/policy.h"

const char template_policy_name[] = "credrelay";

void template_key_description(const struct aws_place *place, char out[256])
{
    snprintf(out, 256, "credrelay: the login in %.200s", place->path);
}

bool template_user_ok(const char *name, struct err *e)
{
    size_t len = strlen(name);
    if (len > 0 && len <= 64 &&
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+=,.@_-") ==
            len)
        return true;
    err_set(e, ERR_INVALID, "'%.80s' cannot be the name of an IAM user", name);
    return err_hint(e, "set reader-profile and writer-profile to letters, digits and +=,.@_-, at "
                       "most 64");
}

static bool alias_ok(const char *alias, struct err *e)
{
    static const char characters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_-";
    if (strncmp(alias, "alias/", 6) == 0 && alias[6] && alias[strspn(alias, characters)] == '\0' &&
        strncmp(alias, "alias/aws/", 10) != 0)
        return true;
    err_set(e, ERR_INVALID, "'%.80s' cannot be the alias of a customer-managed key", alias);
    return err_hint(e, "set kms-key-id = alias/NAME, of letters, digits and /_-");
}

bool template_check(const struct template_request *rq, struct err *e)
{
    if (rq->roles && rq->rotate_self)
        return err_set(e, ERR_USAGE, "roles have no keys of their own to rotate");
    return template_user_ok(rq->place->profile[ROLE_READER], e) &&
           template_user_ok(rq->place->profile[ROLE_WRITER], e) &&
           (!rq->kms || alias_ok(rq->place->alias, e));
}

/* ---- CloudFormation ---- */

static jv *sub(const char *text)
{
    jv *v = jv_object();
    jv_put_text(v, "Fn::Sub", text);
    return v;
}

static jv *ref(const char *name)
{
    jv *v = jv_object();
    jv_put_text(v, "Ref", name);
    return v;
}

static jv *tags(void)
{
    jv *list = jv_array(), *tag = jv_object();
    jv_put_text(tag, "Key", "managed-by");
    jv_put_text(tag, "Value", "credrelay");
    jv_push(list, tag);
    return list;
}

static jv *resource(const char *type, jv *properties)
{
    jv *r = jv_object();
    jv_put_text(r, "Type", type);
    jv_put(r, "Properties", properties);
    return r;
}

/* {"Version":...,"Statement":[{EFFECT to the account's root}]}: what IAM says decides. */
static jv *to_the_account(const char *sid, const char *action, bool of_key)
{
    jv *document = jv_object(), *list = jv_array(), *s = jv_object(), *principal = jv_object();
    jv_put(principal, "AWS", sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root"));
    jv_put_text(s, "Sid", sid);
    jv_put_text(s, "Effect", "Allow");
    jv_put(s, "Principal", principal);
    jv_put_text(s, "Action", action);
    if (of_key)
        jv_put_text(s, "Resource", "*");
    jv_push(list, s);
    jv_put_text(document, "Version", "2012-10-17");
    jv_put(document, "Statement", list);
    return document;
}

static void put_key(const struct template_request *rq, jv *resources)
{
    char description[256];
    jv *key = jv_object(), *alias = jv_object();
    template_key_description(rq->place, description);
    jv_put_text(key, "Description", description);
    jv_put_bool(key, "EnableKeyRotation", true);
    jv_put(key, "KeyPolicy", to_the_account("IAMPoliciesDecide", "kms:*", true));
    jv_put(key, "Tags", tags());
    jv *r = resource("AWS::KMS::Key", key);
    /* Without the key the login is gone for all machines that have none yet. */
    jv_put_text(r, "DeletionPolicy", "Retain");
    jv_put_text(r, "UpdateReplacePolicy", "Retain");
    jv_put(resources, "Key", r);
    jv_put_text(alias, "AliasName", rq->place->alias);
    jv_put(alias, "TargetKeyId", ref("Key"));
    jv_put(resources, "Alias", resource("AWS::KMS::Alias", alias));
}

static jv *policy(const struct template_request *rq, enum role role,
                  const struct policy_words *words, struct err *e)
{
    const struct policy_request p = {.role = role,
                                     .region = rq->region,
                                     .path = rq->place->path,
                                     .plain = rq->place->plain,
                                     .kms_key = rq->place->kms_key,
                                     .tier = rq->place->tier,
                                     .rotate_self = rq->rotate_self};
    return policy_make(&p, words, e);
}

static void put_user_or_role(const struct template_request *rq, enum role role, const char *name,
                             jv *resources)
{
    jv *properties = jv_object();
    jv_put_text(properties, rq->roles ? "RoleName" : "UserName", rq->place->profile[role]);
    if (rq->roles)
        jv_put(properties, "AssumeRolePolicyDocument",
               to_the_account("IAMPoliciesDecide", "sts:AssumeRole", false));
    jv_put(properties, "Tags", tags());
    jv_put(resources, name, resource(rq->roles ? "AWS::IAM::Role" : "AWS::IAM::User", properties));
}

static bool put_policy(const struct template_request *rq, enum role role, const char *name,
                       jv *resources, struct err *e)
{
    const struct policy_words words = {.partition = "${AWS::Partition}",
                                       .account = "${AWS::AccountId}",
                                       .user = "${!aws:username}",
                                       .kms_arn = rq->kms ? "${Key.Arn}" : NULL,
                                       .substituted = true};
    char policy_name[32];
    jv *document = policy(rq, role, &words, e);
    if (!document)
        return false;
    jv *properties = jv_object(), *whose = jv_array();
    jv_push(whose, ref(name));
    jv_put_text(properties, "PolicyName", template_policy_name);
    jv_put(properties, rq->roles ? "Roles" : "Users", whose);
    jv_put(properties, "PolicyDocument", document);
    snprintf(policy_name, sizeof policy_name, "%sPolicy", name);
    jv_put(resources, policy_name, resource("AWS::IAM::Policy", properties));
    return true;
}

static void describe(const struct template_request *rq, struct buf *out)
{
    buf_printf(out, "credrelay: who may read and publish the login in %s in %s. Deploy it in %s.",
               rq->place->path, rq->region, rq->region);
    if (!rq->roles)
        buf_text(out, " It makes no access keys: credrelay aws setup does, on the machine that is "
                      "to have them.");
    if (rq->kms)
        buf_printf(out, " Writers then say kms-key-id = %s.", rq->place->alias);
    else if (!rq->place->kms_key[0])
        buf_printf(out, " NOTE: %s.", policy_default_key_warning);
}

bool template_cloudformation(const struct template_request *rq, struct buf *out, struct err *e)
{
    struct buf description;
    if (!template_check(rq, e))
        return false;
    jv *document = jv_object(), *resources = jv_object();
    buf_init(&description, 1024); /* CloudFormation's bound */
    describe(rq, &description);
    jv_put_text(document, "AWSTemplateFormatVersion", "2010-09-09");
    jv_put_text(document, "Description", buf_str(&description));
    if (rq->kms)
        put_key(rq, resources);
    put_user_or_role(rq, ROLE_READER, "Reader", resources);
    put_user_or_role(rq, ROLE_WRITER, "Writer", resources);
    bool ok = (!description.failed || buf_error(&description, "the description", e)) &&
              put_policy(rq, ROLE_READER, "Reader", resources, e) &&
              put_policy(rq, ROLE_WRITER, "Writer", resources, e);
    jv_put(document, "Resources", resources);
    ok = ok && ((jv_write_indented(document, out) && buf_text(out, "\n")) ||
                buf_error(out, "the template", e));
    buf_free(&description);
    jv_free(document);
    return ok;
}

/* ---- Terraform ---- */

static void terraform_head(const struct template_request *rq, struct buf *out)
{
    struct buf description;
    buf_init(&description, 1024);
    describe(rq, &description);
    buf_printf(out,
               "# %s\n\n"
               "terraform {\n"
               "  required_providers {\n"
               "    aws = {\n"
               "      source = \"hashicorp/aws\"\n"
               "    }\n"
               "  }\n"
               "}\n\n"
               "data \"aws_caller_identity\" \"current\" {}\n\n"
               "data \"aws_partition\" \"current\" {}\n",
               buf_str(&description));
    buf_free(&description);
}

static void terraform_key(const struct template_request *rq, struct buf *out)
{
    char description[256];
    template_key_description(rq->place, description);
    buf_printf(out,
               "\nresource \"aws_kms_key\" \"credrelay\" {\n"
               "  description         = \"%s\"\n"
               "  enable_key_rotation = true\n\n"
               "  tags = {\n"
               "    managed-by = \"credrelay\"\n"
               "  }\n\n"
               "  lifecycle {\n"
               "    prevent_destroy = true\n"
               "  }\n"
               "}\n\n"
               "resource \"aws_kms_alias\" \"credrelay\" {\n"
               "  name          = \"%s\"\n"
               "  target_key_id = aws_kms_key.credrelay.key_id\n"
               "}\n",
               description, rq->place->alias);
}

/* DOCUMENT as the value of ATTRIBUTE: a text, which Terraform fills in. */
static void terraform_policy(const char *attribute, const jv *document, struct buf *out)
{
    struct buf text;
    buf_init(&text, LIMIT_STATE);
    jv_write_indented(document, &text);
    buf_printf(out, "  %s = <<-EOT\n", attribute);
    for (const char *line = buf_str(&text); *line;) {
        size_t len = strcspn(line, "\n");
        buf_printf(out, "    %.*s\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
    buf_text(out, "  EOT\n");
    if (text.failed)
        out->failed = true;
    buf_free(&text);
}

static void terraform_trust(struct buf *out)
{
    buf_text(out, "\n"
                  "  assume_role_policy = jsonencode({\n"
                  "    Version = \"2012-10-17\"\n"
                  "    Statement = [{\n"
                  "      Sid       = \"IAMPoliciesDecide\"\n"
                  "      Effect    = \"Allow\"\n"
                  "      Action    = \"sts:AssumeRole\"\n"
                  "      Principal = { AWS = \"arn:${data.aws_partition.current.partition}:iam::"
                  "${data.aws_caller_identity.current.account_id}:root\" }\n"
                  "    }]\n"
                  "  })\n");
}

static bool terraform_principal(const struct template_request *rq, enum role role, struct buf *out,
                                struct err *e)
{
    const struct policy_words words = {.partition = "${data.aws_partition.current.partition}",
                                       .account = "${data.aws_caller_identity.current.account_id}",
                                       .user = "$${aws:username}",
                                       .kms_arn = rq->kms ? "${aws_kms_key.credrelay.arn}" : NULL};
    const char *kind = rq->roles ? "role" : "user", *name = role_name(role);
    jv *document = policy(rq, role, &words, e);
    if (!document)
        return false;
    buf_printf(out, "\nresource \"aws_iam_%s\" \"%s\" {\n  name = \"%s\"\n", kind, name,
               rq->place->profile[role]);
    if (rq->roles)
        terraform_trust(out);
    buf_printf(out,
               "\n  tags = {\n"
               "    managed-by = \"credrelay\"\n"
               "  }\n"
               "}\n\n"
               "resource \"aws_iam_%s_policy\" \"%s\" {\n"
               "  name   = \"%s\"\n"
               "  %s   = aws_iam_%s.%s.name\n",
               kind, name, template_policy_name, kind, kind, name);
    terraform_policy("policy", document, out);
    buf_text(out, "}\n");
    jv_free(document);
    return true;
}

bool template_terraform(const struct template_request *rq, struct buf *out, struct err *e)
{
    if (!template_check(rq, e))
        return false;
    terraform_head(rq, out);
    if (rq->kms)
        terraform_key(rq, out);
    return terraform_principal(rq, ROLE_READER, out, e) &&
           terraform_principal(rq, ROLE_WRITER, out, e) &&
           (!out->failed || buf_error(out, "the template", e));
}
