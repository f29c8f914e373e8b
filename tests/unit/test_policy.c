/* The least that a role needs, as a policy: the whole text for the two usual ones, and what the
 * settings change.  What the policies allow and deny is asked of the strict IAM in
 * tests/system/test_aws_policy.py. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "provision/policy.h"

#define ACCOUNT "123456789012"
#define VALUE   "arn:aws:ssm:us-west-2:" ACCOUNT ":parameter/claude/oauth/credentials"
#define ANY_KEY "arn:aws:kms:us-west-2:" ACCOUNT ":key/*"
#define BOTH    "[\"" VALUE "\",\"" VALUE ".renewable\"]"

static const struct policy_words literal = {
    .partition = "aws", .account = ACCOUNT, .user = "${aws:username}"};

static const struct policy_request usual = {
    .region = "us-west-2", .path = "/claude/oauth/credentials", .kms_key = "", .tier = ""};

/* The policy as one line; the error's text when there is none. */
static const char *make(const struct policy_request *rq, const struct policy_words *words)
{
    static char got[8192];
    struct buf out;
    struct err e = {.code = ERR_NONE};
    jv *document = policy_make(rq, words, &e);
    buf_init(&out, sizeof got);
    if (document)
        jv_write(document, &out);
    snprintf(got, sizeof got, "%s", document ? buf_str(&out) : e.text);
    buf_free(&out);
    jv_free(document);
    return got;
}

static void test_reader(void **state)
{
    (void)state;
    struct policy_request rq = usual;
    rq.role = ROLE_READER;
    same_text("reader", make(&rq, &literal),
              "{\"Version\":\"2012-10-17\",\"Statement\":["
              "{\"Sid\":\"ReadTheLogin\",\"Effect\":\"Allow\",\"Action\":\"ssm:GetParameter\","
              "\"Resource\":\"" VALUE "\"},"
              "{\"Sid\":\"DecryptThroughParameterStore\",\"Effect\":\"Allow\","
              "\"Action\":\"kms:Decrypt\",\"Resource\":\"" ANY_KEY "\",\"Condition\":"
              "{\"StringEquals\":{\"kms:ViaService\":\"ssm.us-west-2.amazonaws.com\","
              "\"kms:EncryptionContext:PARAMETER_ARN\":\"" VALUE "\"}}}]}");
}

static void test_writer(void **state)
{
    (void)state;
    struct policy_request rq = usual;
    rq.role = ROLE_WRITER;
    rq.rotate_self = true;
    same_text(
        "writer", make(&rq, &literal),
        "{\"Version\":\"2012-10-17\",\"Statement\":["
        "{\"Sid\":\"ReadAndPublishTheLogin\",\"Effect\":\"Allow\",\"Action\":"
        "[\"ssm:GetParameter\",\"ssm:GetParameterHistory\",\"ssm:PutParameter\"],"
        "\"Resource\":" BOTH "},"
        "{\"Sid\":\"DecryptThroughParameterStore\",\"Effect\":\"Allow\",\"Action\":"
        "[\"kms:Decrypt\",\"kms:Encrypt\",\"kms:GenerateDataKey\"],\"Resource\":\"" ANY_KEY
        "\",\"Condition\":{\"StringEquals\":{\"kms:ViaService\":\"ssm.us-west-2.amazonaws.com\","
        "\"kms:EncryptionContext:PARAMETER_ARN\":" BOTH "}}},"
        "{\"Sid\":\"RotateItsOwnKey\",\"Effect\":\"Allow\",\"Action\":[\"iam:CreateAccessKey\","
        "\"iam:DeleteAccessKey\",\"iam:GetAccessKeyLastUsed\",\"iam:ListAccessKeys\","
        "\"iam:UpdateAccessKey\"],\"Resource\":\"arn:aws:iam::" ACCOUNT
        ":user/${aws:username}\"}]}");
}

/* What a setting must bring in and keep out. */
static const struct {
    const char *name;
    struct policy_request rq;
    const char *has, *has_not;
} settings[] = {
    {"one value",
     {ROLE_WRITER, "us-west-2", "/x", .plain = true, .kms_key = "", .tier = ""},
     "\"Resource\":\"arn:aws:ssm:us-west-2:" ACCOUNT ":parameter/x\"",
     ".renewable"},
    {"standard",
     {ROLE_WRITER, "us-west-2", "/x", .kms_key = "", .tier = "standard"},
     "[\"kms:Decrypt\",\"kms:Encrypt\"]",
     "GenerateDataKey"},
    {"advanced",
     {ROLE_WRITER, "us-west-2", "/x", .kms_key = "", .tier = "advanced"},
     "[\"kms:Decrypt\",\"kms:GenerateDataKey\"]",
     "kms:Encrypt\""},
    {"a reader of advanced",
     {ROLE_READER, "us-west-2", "/x", .kms_key = "", .tier = "advanced"},
     "\"Action\":\"kms:Decrypt\"",
     "GenerateDataKey"},
    {"a key by its id",
     {ROLE_READER, "us-west-2", "/x", .kms_key = "12ab-34", .tier = ""},
     "\"Resource\":\"arn:aws:kms:us-west-2:" ACCOUNT ":key/12ab-34\"",
     "key/*"},
    {"a key by its ARN",
     {ROLE_READER, "us-west-2", "/x", .kms_key = "arn:aws:kms:us-west-2:1:key/2", .tier = ""},
     "\"Resource\":\"arn:aws:kms:us-west-2:1:key/2\"",
     "key/*"},
    {"a key by its alias",
     {ROLE_READER, "us-west-2", "/x", .kms_key = "alias/a", .tier = ""},
     "\"Resource\":\"" ANY_KEY "\",\"Condition\":{\"StringEquals\":{\"kms:ViaService\":"
     "\"ssm.us-west-2.amazonaws.com\",\"kms:EncryptionContext:PARAMETER_ARN\":"
     "\"arn:aws:ssm:us-west-2:" ACCOUNT ":parameter/x\"},\"ForAnyValue:StringEquals\":"
     "{\"kms:ResourceAliases\":\"alias/a\"}}",
     "key/alias"},
    {"a key by its alias' ARN",
     {ROLE_READER, "us-west-2", "/x", .kms_key = "arn:aws:kms:us-west-2:1:alias/a", .tier = ""},
     "{\"kms:ResourceAliases\":\"alias/a\"}",
     ":1:alias"},
    {"China",
     {ROLE_READER, "cn-north-1", "/x", .kms_key = "", .tier = ""},
     "\"kms:ViaService\":[\"ssm.cn-north-1.amazonaws.com\",\"ssm.cn-north-1.amazonaws.com.cn\"]",
     "iam:"},
};

static void test_settings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(settings); i++) {
        const char *got = make(&settings[i].rq, &literal);
        if (!strstr(got, settings[i].has) || strstr(got, settings[i].has_not))
            fail_msg("%s: %s", settings[i].name, got);
    }
}

static void test_placeholders(void **state)
{
    (void)state;
    static const struct policy_words cloudformation = {"${AWS::Partition}", "${AWS::AccountId}",
                                                       "${!aws:username}", "${Key.Arn}", true};
    struct policy_request rq = usual;
    rq.role = ROLE_READER;
    rq.rotate_self = true;
    const char *got = make(&rq, &cloudformation);
    static const char *const parts[] = {
        "{\"Fn::Sub\":\"arn:${AWS::Partition}:ssm:us-west-2:${AWS::AccountId}:parameter/claude",
        "\"Resource\":{\"Fn::Sub\":\"${Key.Arn}\"}",
        "\"Action\":\"ssm:GetParameter\"",
        "{\"Fn::Sub\":\"arn:${AWS::Partition}:iam::${AWS::AccountId}:user/${!aws:username}\"}",
    };
    for (size_t i = 0; i < COUNT(parts); i++)
        if (!strstr(got, parts[i]))
            fail_msg("%s is not in %s", parts[i], got);
}

static void test_refused(void **state)
{
    (void)state;
    char longest[1000] = "/";
    memset(longest + 1, 'x', 500);
    const struct {
        struct policy_request rq;
        const char *message;
    } cases[] = {
        {{ROLE_READER, "", "/x", .kms_key = ""}, "'' is not the name of an AWS region"},
        {{ROLE_READER, "us-west-*", "/x", .kms_key = ""},
         "'us-west-*' is not the name of an AWS region"},
        {{ROLE_READER, "us-west-2", "/x/*", .kms_key = ""},
         "'/x/*' cannot be the name of a parameter"},
        {{ROLE_READER, "us-west-2", "/${aws:username}", .kms_key = ""},
         "'/${aws:username}' cannot be the name of a parameter"},
        {{ROLE_READER, "us-west-2", "x", .kms_key = ""}, "'x' cannot be the name of a parameter"},
        {{ROLE_READER, "us-west-2", "/x", .kms_key = "*"}, "'*' cannot be a KMS key"},
        {{ROLE_WRITER, "us-west-2", longest, .kms_key = "", .tier = ""},
         "the policy is longer than the 2048 characters that IAM takes of a user"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        same_text("refused", make(&cases[i].rq, &literal), cases[i].message);
}

static void test_partitions(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"us-west-2", "aws"},           {"eu-central-1", "aws"},
        {"cn-north-1", "aws-cn"},       {"us-gov-west-1", "aws-us-gov"},
        {"us-iso-east-1", "aws-iso"},   {"us-isob-east-1", "aws-iso-b"},
        {"eusc-de-east-1", "aws-eusc"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        same_text(rows[i][0], policy_partition(rows[i][0]), rows[i][1]);
    assert_true(policy_account_ok("123456789012"));
    assert_false(policy_account_ok("12345678901"));
    assert_false(policy_account_ok("12345678901x"));
    assert_false(policy_account_ok("1234567890123"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_reader),       IN_WORLD(test_writer),  IN_WORLD(test_settings),
        IN_WORLD(test_placeholders), IN_WORLD(test_refused), IN_WORLD(test_partitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
