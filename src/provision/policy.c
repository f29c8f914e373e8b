#include "provision/policy.h"

#include <stdio.h>
#include <string.h>

const char policy_default_key_warning[] =
    "the account's default key aws/ssm lets every principal of the account decrypt through "
    "Parameter Store: whoever may get the parameter can read the login. A customer-managed key "
    "(kms-key-id) is the way to real least privilege";

enum { ARN_SIZE = 1200 };

static bool is_made_of(const char *text, const char *characters)
{
    return *text && text[strspn(text, characters)] == '\0';
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"

bool policy_account_ok(const char *account)
{
    return strlen(account) == 12 && is_made_of(account, DIGITS);
}

const char *policy_partition(const char *region)
{
    static const struct {
        const char *prefix, *partition;
    } rows[] = {{"cn-", "aws-cn"},
                {"us-gov-", "aws-us-gov"},
                {"us-isob-", "aws-iso-b"},
                {"us-iso-", "aws-iso"},
                {"eusc-", "aws-eusc"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strncmp(region, rows[i].prefix, strlen(rows[i].prefix)) == 0)
            return rows[i].partition;
    return "aws";
}

/* Nothing that IAM would read as a wildcard or a variable. */
static bool check(const struct policy_request *rq, struct err *e)
{
    if (!is_made_of(rq->region, LETTERS DIGITS "-"))
        return err_set(e, ERR_INVALID, "'%.40s' is not the name of an AWS region", rq->region);
    if (rq->path[0] != '/' || !is_made_of(rq->path, LETTERS DIGITS "/._-"))
        return err_set(e, ERR_INVALID, "'%.200s' cannot be the name of a parameter", rq->path);
    if (*rq->kms_key && !is_made_of(rq->kms_key, LETTERS DIGITS ":/_-"))
        return err_set(e, ERR_INVALID, "'%.200s' cannot be a KMS key", rq->kms_key);
    return true;
}

/* ---- texts ---- */

static jv *text(const struct policy_words *w, const char *content)
{
    jv *plain = jv_new_text(content);
    if (!w->substituted || !strstr(content, "${"))
        return plain;
    jv *substituted = jv_object();
    jv_put(substituted, "Fn::Sub", plain);
    return substituted;
}

/* One text by itself, several as a list. */
struct texts {
    const struct policy_words *words;
    jv *list;
};

static void add(struct texts *t, const char *content)
{
    jv_push(t->list, text(t->words, content));
}

static jv *finish(struct texts *t)
{
    if (jv_size(t->list) != 1)
        return t->list;
    jv *only = jv_copy(jv_at(t->list, 0));
    jv_free(t->list);
    return only;
}

static jv *names(const struct policy_words *w, const char *const *actions)
{
    struct texts t = {w, jv_array()};
    for (; *actions; actions++)
        add(&t, *actions);
    return finish(&t);
}

/* The ARNs of the values that the role may see. */
static jv *parameters(const struct policy_request *rq, const struct policy_words *w)
{
    struct texts t = {w, jv_array()};
    char arn[ARN_SIZE];
    bool both = rq->role == ROLE_WRITER && !rq->plain;
    for (int renewable = 0; renewable <= both; renewable++) {
        snprintf(arn, sizeof arn, "arn:%s:ssm:%s:%s:parameter%s%s", w->partition, rq->region,
                 w->account, rq->path, renewable ? ".renewable" : "");
        add(&t, arn);
    }
    return finish(&t);
}

/* ---- statements ---- */

static jv *statement(const char *sid, jv *actions, jv *resources)
{
    jv *s = jv_object();
    jv_put_text(s, "Sid", sid);
    jv_put_text(s, "Effect", "Allow");
    jv_put(s, "Action", actions);
    jv_put(s, "Resource", resources);
    return s;
}

static jv *about_values(const struct policy_request *rq, const struct policy_words *w)
{
    static const char *const reader[] = {"ssm:GetParameter", NULL};
    static const char *const writer[] = {"ssm:GetParameter", "ssm:GetParameterHistory",
                                         "ssm:PutParameter", NULL};
    bool reads = rq->role == ROLE_READER;
    return statement(reads ? "ReadTheLogin" : "ReadAndPublishTheLogin",
                     names(w, reads ? reader : writer), parameters(rq, w));
}

/* Standard parameters are encrypted by KMS itself, advanced ones by a data key of its; without a
 * word it may become either. */
static jv *kms_actions(const struct policy_request *rq, const struct policy_words *w)
{
    struct texts t = {w, jv_array()};
    bool writes = rq->role == ROLE_WRITER;
    add(&t, "kms:Decrypt");
    if (writes && strcmp(rq->tier, "advanced") != 0)
        add(&t, "kms:Encrypt");
    if (writes && strcmp(rq->tier, "standard") != 0)
        add(&t, "kms:GenerateDataKey");
    return finish(&t);
}

/* "alias/NAME" by itself or in an ARN; NULL: it is none. */
static const char *alias_in(const char *key)
{
    const char *colon = strrchr(key, ':');
    const char *last = colon ? colon + 1 : key;
    return strncmp(last, "alias/", 6) == 0 ? last : NULL;
}

/* A policy cannot name a key by its alias: then any key, and the alias is a condition. */
static jv *kms_resource(const struct policy_request *rq, const struct policy_words *w)
{
    char arn[ARN_SIZE];
    bool any = !*rq->kms_key || alias_in(rq->kms_key);
    if (w->kms_arn)
        return text(w, w->kms_arn);
    if (!any && strncmp(rq->kms_key, "arn:", 4) == 0)
        return text(w, rq->kms_key);
    snprintf(arn, sizeof arn, "arn:%s:kms:%s:%s:key/%s", w->partition, rq->region, w->account,
             any ? "*" : rq->kms_key);
    return text(w, arn);
}

static jv *kms_condition(const struct policy_request *rq, const struct policy_words *w)
{
    struct texts services = {w, jv_array()};
    char name[80];
    jv *condition = jv_object(), *equals = jv_object();
    snprintf(name, sizeof name, "ssm.%s.amazonaws.com", rq->region);
    add(&services, name);
    if (strncmp(rq->region, "cn-", 3) == 0) { /* AWS's pages have both for China */
        snprintf(name, sizeof name, "ssm.%s.amazonaws.com.cn", rq->region);
        add(&services, name);
    }
    jv_put(equals, "kms:ViaService", finish(&services));
    jv_put(equals, "kms:EncryptionContext:PARAMETER_ARN", parameters(rq, w));
    jv_put(condition, "StringEquals", equals);
    if (!w->kms_arn && alias_in(rq->kms_key)) {
        jv *any = jv_object();
        jv_put_text(any, "kms:ResourceAliases", alias_in(rq->kms_key));
        jv_put(condition, "ForAnyValue:StringEquals", any);
    }
    return condition;
}

static jv *about_kms(const struct policy_request *rq, const struct policy_words *w)
{
    jv *s = statement("DecryptThroughParameterStore", kms_actions(rq, w), kms_resource(rq, w));
    jv_put(s, "Condition", kms_condition(rq, w));
    return s;
}

static jv *about_keys(const struct policy_words *w)
{
    static const char *const actions[] = {"iam:CreateAccessKey",      "iam:DeleteAccessKey",
                                          "iam:GetAccessKeyLastUsed", "iam:ListAccessKeys",
                                          "iam:UpdateAccessKey",      NULL};
    char arn[ARN_SIZE];
    snprintf(arn, sizeof arn, "arn:%s:iam::%s:user/%s", w->partition, w->account, w->user);
    return statement("RotateItsOwnKey", names(w, actions), text(w, arn));
}

/* ---- the document ---- */

static bool fits(const jv *document, struct err *e)
{
    struct buf compact;
    buf_init(&compact, LIMIT_USER_POLICY);
    bool ok = jv_write(document, &compact), full = compact.full;
    buf_free(&compact);
    if (ok)
        return true;
    if (!full)
        return err_no_memory(e);
    err_set(e, ERR_TOO_LARGE,
            "the policy is longer than the %d characters that IAM takes of a user",
            LIMIT_USER_POLICY);
    return err_hint(e, "use a shorter path in the store's URL");
}

jv *policy_make(const struct policy_request *rq, const struct policy_words *words, struct err *e)
{
    if (!check(rq, e))
        return NULL;
    jv *document = jv_object(), *statements = jv_array();
    jv_put_text(document, "Version", "2012-10-17");
    jv_push(statements, about_values(rq, words));
    jv_push(statements, about_kms(rq, words));
    if (rq->rotate_self)
        jv_push(statements, about_keys(words));
    jv_put(document, "Statement", statements);
    if (fits(document, e))
        return document;
    jv_free(document);
    return NULL;
}
