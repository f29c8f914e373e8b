/* What answers of AWS's become: read, understood, told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "aws_errors.h"
#include "base/buf.h"
#include "base/json.h"

static const struct aws_subject about = {
    .action = "ssm:GetParameter",
    .name = "/claude/oauth/credentials",
    .region = "us-west-2",
    .host = "ssm.us-west-2.amazonaws.com",
    .keys = "profile reader",
    .profile_flag = " --profile reader",
    .kms_action = "kms:Decrypt",
};

#define DENIED_TEXT                                                                                \
    "User: arn:aws:iam::123456789012:user/reader is not authorized to perform: ssm:PutParameter "  \
    "on resource: arn:aws:ssm:us-west-2:123456789012:parameter/claude/oauth/credentials because "  \
    "no identity-based policy allows the ssm:PutParameter action"
#define KMS_TEXT                                                                                   \
    "The ciphertext refers to a customer master key that does not exist, does not exist in this "  \
    "region, or you are not allowed to access. (Service: AWSKMS)"

static const struct {
    const char *what;
    int status;
    const char *type_header, *body;
    const char *code; /* as read */
    enum err_code means;
    enum aws_retry_kind retry;
    const char *text, *hint;
} cases[] = {
    /* the parser */
    {"namespace before the code", 400, "", "{\"__type\":\"com.amazonaws.ssm#ParameterNotFound\"}",
     "ParameterNotFound", ERR_NOT_FOUND, RETRY_NEVER,
     "there is no parameter /claude/oauth/credentials in us-west-2",
     "publish from a writer first: credrelay publish"},
    {"namespace and URL around the code", 400, "",
     "{\"__type\":\"a.b#ParameterNotFound:http://internal.amazon.com/#x/\"}", "ParameterNotFound",
     ERR_NOT_FOUND, RETRY_NEVER, "there is no parameter /claude/oauth/credentials in us-west-2",
     "publish from a writer first: credrelay publish"},
    {"code in the header only", 400, "ParameterVersionNotFound:http://internal.amazon.com/", "",
     "ParameterVersionNotFound", ERR_NOT_FOUND, RETRY_NEVER,
     "parameter /claude/oauth/credentials in us-west-2 has no such version",
     "see which there are: aws ssm get-parameter-history --name /claude/oauth/credentials"},
    {"the body's code before the header's", 400, "Other", "{\"__type\":\"ParameterAlreadyExists\"}",
     "ParameterAlreadyExists", ERR_CONFLICT, RETRY_NEVER,
     "parameter /claude/oauth/credentials exists in us-west-2 by now", ""},
    {"no message at all", 400, "", "{\"__type\":\"TooManyUpdates\"}", "TooManyUpdates",
     ERR_THROTTLED, RETRY_THROTTLE,
     "several machines are changing /claude/oauth/credentials at once", ""},
    {"white space before it", 400, "", " \t\r\n{\"__type\":\"TooManyUpdates\"}", "TooManyUpdates",
     ERR_THROTTLED, RETRY_THROTTLE,
     "several machines are changing /claude/oauth/credentials at once", ""},
    {"nothing but white space", 200, "", " \n", "", ERR_UNREACHABLE, RETRY_NEVER,
     "ssm.us-west-2.amazonaws.com answered with status 200 and a page that is not AWS's",
     "a proxy or a sign-in page may stand in between: check the proxy variables and the endpoint"},
    {"XML of AWS", 403, "",
     "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>"
     "<Message>The security token included in the request is "
     "invalid</Message></Error></ErrorResponse>",
     "InvalidClientTokenId", ERR_BAD_CREDENTIALS, RETRY_NEVER,
     "AWS does not know the access key of profile reader: deleted, inactive, or its session token "
     "is wrong",
     "check the keys: aws sts get-caller-identity --profile reader"},
    {"XML with entities", 400, "",
     "<Errors><Error><Code>New</Code><Message>a &lt;b&gt; &amp; c</Message></Error></Errors>",
     "New", ERR_FAILED, RETRY_NEVER, "New: a <b> & c", ""},
    {"unknown, no message", 400, "", "{\"__type\":\"NewException\"}", "NewException", ERR_FAILED,
     RETRY_NEVER, "NewException", ""},
    {"an HTML page", 403, "", "<!doctype html><html><Code>", "", ERR_UNREACHABLE, RETRY_NEVER,
     "ssm.us-west-2.amazonaws.com answered with status 403 and a page that is not AWS's",
     "a proxy or a sign-in page may stand in between: check the proxy variables and the endpoint"},
    {"a code that is no name", 400, "", "{\"__type\":\"<b>\",\"message\":\"m\"}", "",
     ERR_UNREACHABLE, RETRY_NEVER,
     "ssm.us-west-2.amazonaws.com answered with status 400 and a page that is not AWS's",
     "a proxy or a sign-in page may stand in between: check the proxy variables and the endpoint"},
    {"nothing", 502, "", "", "", ERR_UNREACHABLE, RETRY_TRANSIENT,
     "ssm.us-west-2.amazonaws.com answered with status 502", ""},
    {"an unknown code with a server's status", 503, "", "{\"__type\":\"Strange\"}", "Strange",
     ERR_UNREACHABLE, RETRY_TRANSIENT, "ssm.us-west-2.amazonaws.com answered with status 503", ""},
    {"a proxy's 429", 429, "", "slow down", "", ERR_THROTTLED, RETRY_THROTTLE,
     "ssm.us-west-2.amazonaws.com answered with status 429", ""},
    {"a redirect", 302, "", "", "", ERR_FAILED, RETRY_NEVER,
     "ssm.us-west-2.amazonaws.com answered with a redirect (status 302), which is never followed",
     "check the endpoint URL"},

    /* the keys */
    {"wrong secret: AWS's text repeats the headers, so it is not shown", 400, "",
     "{\"__type\":\"InvalidSignatureException\",\"message\":\"The request signature we calculated "
     "does "
     "not match ... x-amz-security-token:TOKEN\"}",
     "InvalidSignatureException", ERR_BAD_CREDENTIALS, RETRY_NEVER,
     "the secret key of profile reader does not belong to its access key",
     "enter both again: aws configure --profile reader"},
    {"expired token", 400, "", "{\"__type\":\"ExpiredTokenException\",\"message\":\"expired\"}",
     "ExpiredTokenException", ERR_BAD_CREDENTIALS, RETRY_NEVER,
     "the temporary keys of profile reader have expired",
     "get new ones (aws sso login, aws sts assume-role), or use keys that last"},

    /* the clock */
    {"slow clock", 400, "",
     "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired: 20261124T000000Z "
     "is now "
     "earlier than 20261124T000500Z (20261124T001000Z - 5 min.)\"}",
     "InvalidSignatureException", ERR_FAILED, RETRY_NEVER, "this machine's clock is wrong",
     "set this machine's clock: timedatectl set-ntp true (macOS: sntp -sS time.apple.com)"},
    {"fast clock, STS", 403, "",
     "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Signature not yet current: "
     "...</Message></Error></ErrorResponse>",
     "SignatureDoesNotMatch", ERR_FAILED, RETRY_NEVER, "this machine's clock is wrong",
     "set this machine's clock: timedatectl set-ntp true (macOS: sntp -sS time.apple.com)"},
    {"RequestTimeTooSkewed", 403, "", "{\"__type\":\"RequestTimeTooSkewed\"}",
     "RequestTimeTooSkewed", ERR_FAILED, RETRY_NEVER, "this machine's clock is wrong",
     "set this machine's clock: timedatectl set-ntp true (macOS: sntp -sS time.apple.com)"},

    /* permission */
    {"denied: the hint names action, resource and user", 400, "",
     "{\"__type\":\"AccessDeniedException\",\"Message\":\"" DENIED_TEXT "\"}",
     "AccessDeniedException", ERR_DENIED, RETRY_NEVER, "access denied: " DENIED_TEXT,
     "allow ssm:PutParameter on "
     "arn:aws:ssm:us-west-2:123456789012:parameter/claude/oauth/credentials "
     "to arn:aws:iam::123456789012:user/reader (profile reader)"},
    {"denied without a word", 400, "", "{\"__type\":\"AccessDeniedException\"}",
     "AccessDeniedException", ERR_DENIED, RETRY_NEVER, "access denied",
     "allow ssm:GetParameter on the parameter to the user of profile reader"},
    {"KMS", 400, "", "{\"__type\":\"AccessDeniedException\",\"Message\":\"" KMS_TEXT "\"}",
     "AccessDeniedException", ERR_DENIED, RETRY_NEVER,
     "KMS denied access to the parameter's key: " KMS_TEXT,
     "allow kms:Decrypt on the parameter's KMS key (kms:ViaService ssm.us-west-2.amazonaws.com) to "
     "the "
     "user of profile reader, in its policy and the key's"},
    {"KMS by another code", 400, "",
     "{\"__type\":\"InvalidKeyId\",\"message\":\"Key is disabled.\"}", "InvalidKeyId", ERR_DENIED,
     RETRY_NEVER, "KMS refused the parameter's key: Key is disabled.",
     "allow kms:Decrypt on the parameter's KMS key (kms:ViaService ssm.us-west-2.amazonaws.com) to "
     "the "
     "user of profile reader, in its policy and the key's"},

    /* the value */
    {"too long", 400, "",
     "{\"__type\":\"ValidationException\",\"message\":\"Standard tier parameters support a maximum "
     "parameter value of 4096 characters. ...\"}",
     "ValidationException", ERR_TOO_LARGE, RETRY_NEVER,
     "the value is longer than parameter /claude/oauth/credentials takes",
     "set tier = intelligent for this store (8192 characters; about 0.05 USD a month), or shorten "
     "it"},
    {"the value is cut out of a validation error", 400, "",
     "{\"__type\":\"ValidationException\",\"message\":\"1 validation error detected: Value "
     "'it's ' at 'x' sk-ant' at 'value' failed\"}",
     "ValidationException", ERR_INVALID, RETRY_NEVER,
     "AWS refuses the request: 1 validation error detected: Value '' at 'value' failed", ""},
    {"... also when the sentence is cut", 400, "",
     "{\"__type\":\"ValidationException\",\"message\":\"1 validation error detected: Value "
     "'sk-ant\"}",
     "ValidationException", ERR_INVALID, RETRY_NEVER,
     "AWS refuses the request: 1 validation error detected: Value '", ""},

    /* users and their keys */
    {"no such user", 404, "",
     "<E><Error><Code>NoSuchEntity</Code><Message>The user with name x cannot be "
     "found.</Message></Error></E>",
     "NoSuchEntity", ERR_NOT_FOUND, RETRY_NEVER,
     "there is no such thing: The user with name x cannot be found.", ""},
    {"a third key", 409, "",
     "<E><Error><Code>LimitExceeded</Code><Message>Cannot exceed quota for AccessKeysPerUser: "
     "2</Message></Error></E>",
     "LimitExceeded", ERR_CONFLICT, RETRY_NEVER,
     "one more is one too many: Cannot exceed quota for AccessKeysPerUser: 2", ""},

    /* too much, or broken */
    {"throttled", 400, "", "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}",
     "ThrottlingException", ERR_THROTTLED, RETRY_THROTTLE,
     "us-west-2 throttles this account's requests",
     "other programs share the limit (40 gets, 3 puts a second); raise it: aws ssm "
     "update-service-setting --setting-id /ssm/parameter-store/high-throughput-enabled "
     "--setting-value true"},
    {"internal error", 500, "", "{\"__type\":\"InternalServerError\"}", "InternalServerError",
     ERR_UNREACHABLE, RETRY_TRANSIENT, "ssm.us-west-2.amazonaws.com had an internal error", ""},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct aws_failure f;
        struct err e = {0};
        aws_failure_read(&f, cases[i].status, cases[i].type_header, cases[i].body,
                         strlen(cases[i].body));
        assert_false(aws_failure_explain(&f, &about, &e));
        if (strcmp(e.text, cases[i].text) != 0)
            print_error("%s\n", cases[i].what);
        assert_string_equal(f.code, cases[i].code);
        assert_string_equal(e.text, cases[i].text);
        assert_string_equal(e.hint, cases[i].hint);
        assert_int_equal(e.code, cases[i].means);
        assert_int_equal(f.retry, cases[i].retry);
        assert_int_equal(f.skewed, strcmp(e.text, "this machine's clock is wrong") == 0);
    }
}

/* Every type that has a sentence of its own; what a body with it says is the same, however the type
 * is spelt (awsJson1_1 errors; Smithy, "Operation error serialization"; XML of the query protocol). */
static const char *const types[] = {
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "ExpiredTokenException",
    "ExpiredToken",
    "MissingAuthenticationTokenException",
    "MissingAuthenticationToken",
    "IncompleteSignatureException",
    "IncompleteSignature",
    "InvalidIdentityToken",
    "IDPRejectedClaim",
    "IDPCommunicationError",
    "RegionDisabledException",
    "OptInRequired",
    "RequestTimeTooSkewed",
    "RequestExpired",
    "RequestInTheFuture",
    "AccessDeniedException",
    "AccessDenied",
    "InvalidKeyId",
    "ParameterNotFound",
    "ParameterVersionNotFound",
    "ParameterAlreadyExists",
    "TooManyUpdates",
    "ParameterLimitExceeded",
    "ParameterMaxVersionLimitExceeded",
    "HierarchyLevelLimitExceededException",
    "HierarchyTypeMismatchException",
    "UnsupportedParameterType",
    "ParameterPatternMismatchException",
    "InvalidAllowedPatternException",
    "PoliciesLimitExceededException",
    "InvalidPolicyTypeException",
    "InvalidPolicyAttributeException",
    "IncompatiblePolicyException",
    "InvalidNextToken",
    "ValidationException",
    "ValidationError",
    "MalformedPolicyDocument",
    "PackedPolicyTooLarge",
    "NoSuchEntity",
    "EntityAlreadyExists",
    "LimitExceeded",
    "DeleteConflict",
    "EntityTemporarilyUnmodifiable",
    "ConcurrentModification",
    "InvalidInput",
    "NotFoundException",
    "AlreadyExistsException",
    "KMSInvalidStateException",
    "DisabledException",
    "ThrottlingException",
    "Throttling",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "LimitExceededException",
    "SlowDown",
    "InternalServerError",
    "InternalFailure",
    "ServiceFailure",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "RequestTimeout",
    "RequestTimeoutException",
    "PriorRequestNotComplete",
    "ValidationException",
    "AccessDeniedException",
    "ExpiredTokenException",
};
static const struct {
    const char *header[2], *body[2]; /* before and behind the type; NULL: it is not there */
} spellings[] = {
    {{NULL}, {"{\"__type\":\"", "\"}"}},
    {{NULL}, {"{\"__type\":\"com.amazonaws.ssm#", "\"}"}},
    {{NULL}, {"{\"__type\":\"com.amazon.coral.service#", "\",\"message\":null}"}},
    {{NULL}, {"{\"__type\":\"", ":http://internal.amazon.com/coral/com.amazonaws.ssm/\"}"}},
    {{NULL}, {"{\"__type\":\"a.b#", ":http://internal.amazon.com/#x/\"}"}},
    {{"", ""}, {"", NULL}},
    {{"", ""}, {"{}", NULL}},
    {{"", ":http://internal.amazon.com/coral/com.amazonaws.ssm/"}, {"", NULL}},
    {{"com.amazonaws.ssm#", ""}, {"{}", NULL}},
    {{"Other", NULL}, {" \r\n{\"__type\":\"", "\"}"}},
    {{NULL}, {"<ErrorResponse><Error><Code>", "</Code></Error></ErrorResponse>"}},
    {{NULL},
     {"<?xml version=\"1.0\"?>\n<Response><Errors><Error><Code>",
      "</Code></Error></Errors></Response>"}},
};

static void spell(const char *const around[2], const char *type, char *out, size_t size)
{
    bool whole = around[1] != NULL;
    snprintf(out, size, "%s%s%s", around[0] ? around[0] : "", whole ? type : "",
             whole ? around[1] : "");
}

static void test_spellings(void **state)
{
    (void)state;
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        struct err first = {.code = ERR_NONE};
        for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
            char header[200], body[300];
            struct aws_failure f;
            struct err e;
            spell(spellings[i].header, types[t], header, sizeof header);
            spell(spellings[i].body, types[t], body, sizeof body);
            aws_failure_read(&f, 400, header, body, strlen(body));
            assert_false(aws_failure_explain(&f, &about, &e));
            if (i == 0)
                first = e;
            assert_string_equal(f.code, types[t]);
            assert_string_equal(e.text, first.text);
            assert_string_equal(e.hint, first.hint);
            assert_int_equal(e.code, first.code);
            assert_null(strstr(e.text, types[t])); /* the row for types that nobody knows */
        }
    }
}

/* Who asks KMS itself is told of its action; who asks Parameter Store, of the parameter's key. */
static void test_kms_asked(void **state)
{
    (void)state;
    static const char body[] =
        "{\"__type\":\"AccessDeniedException\",\"Message\":\"User: U is not authorized to perform: "
        "kms:CreateKey on resource: * because no identity-based policy allows the kms:CreateKey "
        "action\"}";
    struct aws_subject asks = about;
    struct aws_failure f;
    struct err e = {0};
    aws_failure_read(&f, 400, "", body, strlen(body));
    aws_failure_explain(&f, &asks, &e);
    assert_true(f.kms);
    asks.action = "kms:CreateKey";
    aws_failure_explain(&f, &asks, &e);
    assert_false(f.kms);
    assert_string_equal(e.hint, "allow kms:CreateKey on * to U (profile reader)");
}

/* Whatever comes, however long, ends in a sentence. */
static void test_long_answers(void **state)
{
    (void)state;
    struct buf body;
    buf_init(&body, 200000);
    buf_text(&body, "<Code>");
    for (int i = 0; i < 10000; i++)
        buf_text(&body, "xxxxxxxxxx");
    buf_text(&body, "</Code>");
    struct aws_failure f;
    struct err e;
    aws_failure_read(&f, 400, "", body.data, body.len);
    buf_free(&body);
    assert_int_equal(strlen(f.code), sizeof f.code - 1);
    assert_false(aws_failure_explain(&f, &about, &e));
    assert_int_equal(e.code, ERR_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_kms_asked),
        cmocka_unit_test(test_long_answers),
    };
    jv_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
