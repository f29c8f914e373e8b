#include "aws_errors.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "xml.h"

enum quote { SILENT, QUOTED };

/* {name} and their like stand for members of the subject; {message} for AWS's sentence. */
struct row {
    const char *code;
    enum err_code means;
    enum aws_retry_kind retry;
    enum quote quote; /* SENTENCE is followed by ": " and AWS's own */
    const char *sentence, *hint;
};

#define KEYS_HINT "check the keys: aws sts get-caller-identity{profile_flag}"
#define CLOCK_HINT                                                                                 \
    "set this machine's clock: timedatectl set-ntp true (macOS: sntp -sS time.apple.com)"
#define KMS_HINT                                                                                   \
    "allow {kms_action} on the parameter's KMS key (kms:ViaService ssm.{region}.amazonaws.com) "   \
    "to the user of {keys}, in its policy and the key's"
#define POLICIES_HINT                                                                              \
    "see them: aws ssm describe-parameters{profile_flag} --region {region} --parameter-filters "   \
    "Key=Name,Values={name}"
#define EXPIRED_HINT "get new ones (aws sso login, aws sts assume-role), or use keys that last"
#define WEB_HINT     "look at what writes the token's file (AWS_WEB_IDENTITY_TOKEN_FILE)"
#define TIER_HINT                                                                                  \
    "set tier = intelligent for this store (8192 characters; about 0.05 USD a month), or shorten " \
    "it"

/* clang-format off */
static const struct row rows[] = {
    /* the keys */
    {"UnrecognizedClientException", ERR_BAD_CREDENTIALS, RETRY_NEVER, SILENT,
     "AWS does not know the access key of {keys}: deleted, inactive, or its session token is wrong", KEYS_HINT},
    {"InvalidClientTokenId", ERR_BAD_CREDENTIALS, RETRY_NEVER, SILENT,
     "AWS does not know the access key of {keys}: deleted, inactive, or its session token is wrong", KEYS_HINT},
    {"InvalidSignatureException", ERR_BAD_CREDENTIALS, RETRY_NEVER, SILENT,
     "the secret key of {keys} does not belong to its access key", "enter both again: aws configure{profile_flag}"},
    {"SignatureDoesNotMatch", ERR_BAD_CREDENTIALS, RETRY_NEVER, SILENT,
     "the secret key of {keys} does not belong to its access key", "enter both again: aws configure{profile_flag}"},
    {"ExpiredTokenException", ERR_BAD_CREDENTIALS, RETRY_NEVER, SILENT,
     "the temporary keys of {keys} have expired", EXPIRED_HINT},
    {"ExpiredToken", ERR_BAD_CREDENTIALS, RETRY_NEVER, SILENT,
     "the temporary keys of {keys} have expired", EXPIRED_HINT},
    {"MissingAuthenticationTokenException", ERR_BAD_CREDENTIALS, RETRY_NEVER, SILENT,
     "the signature did not reach {host}", "a proxy may have removed the Authorization header"},
    {"MissingAuthenticationToken", ERR_BAD_CREDENTIALS, RETRY_NEVER, SILENT,
     "the signature did not reach {host}", "a proxy may have removed the Authorization header"},
    {"IncompleteSignatureException", ERR_BAD_CREDENTIALS, RETRY_NEVER, SILENT,
     "AWS cannot read the signature made with {keys}", "look for stray characters in aws_access_key_id"},
    {"IncompleteSignature", ERR_BAD_CREDENTIALS, RETRY_NEVER, SILENT,
     "AWS cannot read the signature made with {keys}", "look for stray characters in aws_access_key_id"},
    {"InvalidIdentityToken", ERR_BAD_CREDENTIALS, RETRY_NEVER, QUOTED, "AWS refuses the web identity token", WEB_HINT},
    {"IDPRejectedClaim", ERR_BAD_CREDENTIALS, RETRY_NEVER, QUOTED, "AWS refuses the web identity token", WEB_HINT},
    {"IDPCommunicationError", ERR_UNREACHABLE, RETRY_TRANSIENT, QUOTED,
     "AWS cannot reach the issuer of the web identity token", ""},
    {"RegionDisabledException", ERR_BAD_CREDENTIALS, RETRY_NEVER, SILENT,
     "STS is not enabled in {region} for this account", "enable the region in the account's settings, or set AWS_REGION"},
    {"OptInRequired", ERR_BAD_CREDENTIALS, RETRY_NEVER, QUOTED,
     "this account cannot use {region}", "enable the region in the account's settings"},

    /* the clock */
    {"RequestTimeTooSkewed", ERR_FAILED, RETRY_NEVER, SILENT, "this machine's clock is wrong", CLOCK_HINT},
    {"RequestExpired", ERR_FAILED, RETRY_NEVER, SILENT, "this machine's clock is wrong", CLOCK_HINT},
    {"RequestInTheFuture", ERR_FAILED, RETRY_NEVER, SILENT, "this machine's clock is wrong", CLOCK_HINT},

    /* permission */
    {"AccessDeniedException", ERR_DENIED, RETRY_NEVER, QUOTED, "access denied",
     "allow {action} on the parameter to the user of {keys}"},
    {"AccessDenied", ERR_DENIED, RETRY_NEVER, QUOTED, "access denied",
     "allow {action} to the user of {keys}"},
    {"InvalidKeyId", ERR_DENIED, RETRY_NEVER, QUOTED, "KMS refused the parameter's key", KMS_HINT},

    /* the parameter */
    {"ParameterNotFound", ERR_NOT_FOUND, RETRY_NEVER, SILENT,
     "there is no parameter {name} in {region}", "publish from a writer first: credrelay publish"},
    {"ParameterVersionNotFound", ERR_NOT_FOUND, RETRY_NEVER, SILENT,
     "parameter {name} in {region} has no such version",
     "see which there are: aws ssm get-parameter-history --name {name}"},
    {"ParameterAlreadyExists", ERR_CONFLICT, RETRY_NEVER, SILENT,
     "parameter {name} exists in {region} by now", ""},
    {"TooManyUpdates", ERR_THROTTLED, RETRY_THROTTLE, SILENT,
     "several machines are changing {name} at once", ""},
    {"ParameterLimitExceeded", ERR_FAILED, RETRY_NEVER, SILENT,
     "this account has as many parameters in {region} as it may", "delete some, or raise the quota in Service Quotas"},
    {"ParameterMaxVersionLimitExceeded", ERR_FAILED, RETRY_NEVER, SILENT,
     "the oldest of the 100 versions of {name} carries a label and cannot make room",
     "move its label to the newest version: aws ssm label-parameter-version{profile_flag} --region {region} --name {name} --labels LABEL"},
    {"HierarchyLevelLimitExceededException", ERR_INVALID, RETRY_NEVER, SILENT,
     "the name {name} has more than 15 levels", "use a shorter path in the store's URL"},
    {"HierarchyTypeMismatchException", ERR_INVALID, RETRY_NEVER, SILENT,
     "parameter {name} is not a SecureString", "delete it: aws ssm delete-parameter{profile_flag} --region {region} --name {name}"},
    {"UnsupportedParameterType", ERR_INVALID, RETRY_NEVER, SILENT,
     "parameter {name} is not a SecureString", "delete it: aws ssm delete-parameter{profile_flag} --region {region} --name {name}"},
    {"ParameterPatternMismatchException", ERR_INVALID, RETRY_NEVER, SILENT,
     "the allowed pattern set on {name} refuses the value", "remove the pattern from the parameter"},
    {"InvalidAllowedPatternException", ERR_INVALID, RETRY_NEVER, QUOTED, "AWS refuses the allowed pattern", ""},
    {"PoliciesLimitExceededException", ERR_INVALID, RETRY_NEVER, QUOTED, "parameter {name} has too many policies", POLICIES_HINT},
    {"InvalidPolicyTypeException", ERR_INVALID, RETRY_NEVER, QUOTED, "the policies of {name} are not valid", POLICIES_HINT},
    {"InvalidPolicyAttributeException", ERR_INVALID, RETRY_NEVER, QUOTED, "the policies of {name} are not valid", POLICIES_HINT},
    {"IncompatiblePolicyException", ERR_INVALID, RETRY_NEVER, QUOTED, "the policies of {name} are not valid", POLICIES_HINT},
    {"InvalidNextToken", ERR_FAILED, RETRY_NEVER, SILENT, "AWS does not know its own page of the history of {name}",
     "try again: versions may have changed meanwhile"},
    {"ValidationException", ERR_INVALID, RETRY_NEVER, QUOTED, "AWS refuses the request", ""},
    {"ValidationError", ERR_INVALID, RETRY_NEVER, QUOTED, "AWS refuses the request", ""},
    {"MalformedPolicyDocument", ERR_INVALID, RETRY_NEVER, QUOTED, "AWS refuses the request", ""},
    {"PackedPolicyTooLarge", ERR_INVALID, RETRY_NEVER, QUOTED, "AWS refuses the request", ""},

    /* users, their keys, customer-managed keys */
    {"NoSuchEntity", ERR_NOT_FOUND, RETRY_NEVER, QUOTED, "there is no such thing", ""},
    {"EntityAlreadyExists", ERR_CONFLICT, RETRY_NEVER, QUOTED, "it exists already", ""},
    {"LimitExceeded", ERR_CONFLICT, RETRY_NEVER, QUOTED, "one more is one too many", ""},
    {"DeleteConflict", ERR_CONFLICT, RETRY_NEVER, QUOTED, "something depends on it", ""},
    {"EntityTemporarilyUnmodifiable", ERR_BUSY, RETRY_THROTTLE, SILENT, "{name} is being changed", "try again in a minute"},
    {"ConcurrentModification", ERR_BUSY, RETRY_THROTTLE, SILENT, "{name} is being changed by somebody else", "try again"},
    {"InvalidInput", ERR_INVALID, RETRY_NEVER, QUOTED, "AWS refuses the request", ""},
    {"NotFoundException", ERR_NOT_FOUND, RETRY_NEVER, SILENT, "there is no {name} in {region}", ""},
    {"AlreadyExistsException", ERR_CONFLICT, RETRY_NEVER, SILENT, "{name} exists in {region} already", ""},
    {"KMSInvalidStateException", ERR_INVALID, RETRY_NEVER, QUOTED, "the key {name} cannot be used", ""},
    {"DisabledException", ERR_INVALID, RETRY_NEVER, SILENT, "the key {name} is disabled", "enable it: aws kms enable-key --key-id {name}"},

    /* too many requests */
    {"ThrottlingException", ERR_THROTTLED, RETRY_THROTTLE, SILENT, "{region} throttles this account's requests",
     "other programs share the limit (40 gets, 3 puts a second); raise it: aws ssm update-service-setting "
     "--setting-id /ssm/parameter-store/high-throughput-enabled --setting-value true"},
    {"Throttling", ERR_THROTTLED, RETRY_THROTTLE, SILENT, "{region} throttles this account's requests", ""},
    {"ThrottledException", ERR_THROTTLED, RETRY_THROTTLE, SILENT, "{region} throttles this account's requests", ""},
    {"RequestThrottled", ERR_THROTTLED, RETRY_THROTTLE, SILENT, "{region} throttles this account's requests", ""},
    {"RequestThrottledException", ERR_THROTTLED, RETRY_THROTTLE, SILENT, "{region} throttles this account's requests", ""},
    {"TooManyRequestsException", ERR_THROTTLED, RETRY_THROTTLE, SILENT, "{region} throttles this account's requests", ""},
    {"RequestLimitExceeded", ERR_THROTTLED, RETRY_THROTTLE, SILENT, "{region} throttles this account's requests", ""},
    {"LimitExceededException", ERR_THROTTLED, RETRY_THROTTLE, SILENT, "{region} throttles this account's requests", ""},
    {"SlowDown", ERR_THROTTLED, RETRY_THROTTLE, SILENT, "{region} throttles this account's requests", ""},

    /* AWS's own trouble */
    {"InternalServerError", ERR_UNREACHABLE, RETRY_TRANSIENT, SILENT, "{host} had an internal error", ""},
    {"InternalFailure", ERR_UNREACHABLE, RETRY_TRANSIENT, SILENT, "{host} had an internal error", ""},
    {"ServiceFailure", ERR_UNREACHABLE, RETRY_TRANSIENT, SILENT, "{host} had an internal error", ""},
    {"ServiceUnavailable", ERR_UNREACHABLE, RETRY_TRANSIENT, SILENT, "{host} is not available", ""},
    {"ServiceUnavailableException", ERR_UNREACHABLE, RETRY_TRANSIENT, SILENT, "{host} is not available", ""},
    {"RequestTimeout", ERR_UNREACHABLE, RETRY_TRANSIENT, SILENT, "{host} gave up waiting for the request", ""},
    {"RequestTimeoutException", ERR_UNREACHABLE, RETRY_TRANSIENT, SILENT, "{host} gave up waiting for the request", ""},
    {"PriorRequestNotComplete", ERR_UNREACHABLE, RETRY_TRANSIENT, SILENT, "{host} gave up waiting for the request", ""},
};

/* Finer than the code alone: what AWS's sentence contains decides. */
static const struct row too_long_row =
    {"ValidationException", ERR_TOO_LARGE, RETRY_NEVER, SILENT,
     "the value is longer than parameter {name} takes", TIER_HINT};
static const struct row kms_row =
    {"AccessDeniedException", ERR_DENIED, RETRY_NEVER, QUOTED, "KMS denied access to the parameter's key", KMS_HINT};
static const struct row web_row =
    {"ExpiredTokenException", ERR_BAD_CREDENTIALS, RETRY_NEVER, QUOTED, "AWS refuses the web identity token", WEB_HINT};
static const struct row clock_row =
    {"", ERR_FAILED, RETRY_NEVER, SILENT, "this machine's clock is wrong", CLOCK_HINT};
static const struct row unknown_row =
    {"", ERR_FAILED, RETRY_NEVER, QUOTED, "{code}", ""};
static const struct row server_row =
    {"", ERR_UNREACHABLE, RETRY_TRANSIENT, SILENT, "{host} answered with status {status}", ""};
static const struct row busy_row =
    {"", ERR_THROTTLED, RETRY_THROTTLE, SILENT, "{host} answered with status {status}", ""};
static const struct row redirect_row =
    {"", ERR_FAILED, RETRY_NEVER, SILENT, "{host} answered with a redirect (status {status}), which is never followed",
     "check the endpoint URL"};
static const struct row foreign_row =
    {"", ERR_UNREACHABLE, RETRY_NEVER, SILENT, "{host} answered with status {status} and a page that is not AWS's",
     "a proxy or a sign-in page may stand in between: check the proxy variables and the endpoint"};
/* clang-format on */

/* ---- reading the answer ---- */

/* "NAMESPACE#CODE:URL", of which only the code is always there (Smithy, awsJson1_1 errors). */
static void set_code(struct aws_failure *f, const char *type)
{
    size_t len = strcspn(type, ":");
    size_t start = len;
    while (start > 0 && type[start - 1] != '#')
        start--;
    snprintf(f->code, sizeof f->code, "%.*s", (int)(len - start), type + start);
}

/* Characters of a name, or it is not one (and does not go into a message). */
static bool is_code(const char *code)
{
    size_t len = strlen(code);
    return len &&
           len == strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.");
}

static void read_json(struct aws_failure *f, const char *body, size_t len)
{
    struct err ignored;
    jv *doc = jv_parse(body, len, &ignored);
    const char *type = jv_text(doc, "__type"), *message = jv_text(doc, "message");
    if (!message)
        message = jv_text(doc, "Message");
    if (type)
        set_code(f, type);
    if (message)
        snprintf(f->message, sizeof f->message, "%s", message);
    jv_free(doc);
}

static void read_xml(struct aws_failure *f, const char *body, size_t len)
{
    struct buf code, message;
    buf_init(&code, len + 1);
    buf_init(&message, len + 1);
    if (xml_text(body, len, "Code", &code))
        set_code(f, buf_str(&code));
    if (xml_text(body, len, "Message", &message))
        snprintf(f->message, sizeof f->message, "%s", buf_str(&message));
    buf_free(&code);
    buf_free(&message);
}

void aws_failure_read(struct aws_failure *ret, int status, const char *error_type, const char *body,
                      size_t len)
{
    *ret = (struct aws_failure){.status = status};
    size_t blank = 0;
    while (blank < len && strchr(" \t\r\n", body[blank]))
        blank++;
    if (blank < len && body[blank] == '{')
        read_json(ret, body, len);
    else if (blank < len && body[blank] == '<')
        read_xml(ret, body, len);
    if (!ret->code[0])
        set_code(ret, error_type);
    if (!is_code(ret->code))
        ret->code[0] = ret->message[0] = '\0';
}

/* ---- what it means ---- */

static bool mentions(const struct aws_failure *f, const char *what)
{
    return strstr(f->message, what) != NULL;
}

static bool about_kms(const struct aws_failure *f)
{
    return mentions(f, "kms:") || mentions(f, "KMS") || mentions(f, "ciphertext") ||
           mentions(f, "customer master key");
}

static bool about_time(const struct aws_failure *f)
{
    return mentions(f, "Signature expired") || mentions(f, "Signature not yet current") ||
           strcmp(f->code, "RequestTimeTooSkewed") == 0 || strcmp(f->code, "RequestExpired") == 0 ||
           strcmp(f->code, "RequestInTheFuture") == 0;
}

/* They may have been good once.  A wrong signature is no such case: others are as wrong. */
static bool about_keys(const char *code)
{
    static const char *const codes[] = {"ExpiredToken", "ExpiredTokenException",
                                        "InvalidClientTokenId", "UnrecognizedClientException"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strcmp(codes[i], code) == 0)
            return true;
    return false;
}

static const struct row *by_status(int status)
{
    if (status >= 300 && status < 400)
        return &redirect_row;
    if (status == 429)
        return &busy_row;
    return status == 500 || status == 502 || status == 503 || status == 504 ? &server_row
                                                                            : &foreign_row;
}

static const struct row *row_of(const struct aws_failure *f, const struct aws_subject *about)
{
    if (about_time(f))
        return &clock_row;
    bool asked_kms = strncmp(about->action, "kms:", 4) == 0;
    if (strncmp(f->code, "AccessDenied", 12) == 0 && about_kms(f) && !asked_kms)
        return &kms_row;
    if (strcmp(f->code, "ExpiredTokenException") == 0 && mentions(f, "Token expired"))
        return &web_row; /* not the keys of the request, which has none */
    if (strcmp(f->code, "ValidationException") == 0 && mentions(f, "maximum parameter value"))
        return &too_long_row;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].code, f->code) == 0)
            return &rows[i];
    return f->code[0] && f->status < 500 ? &unknown_row : by_status(f->status);
}

/* "1 validation error detected: Value 'THE VALUE' at 'value' failed ...": not with the value. */
static void hide_value(char *message)
{
    char *start = strstr(message, "Value '");
    if (!start)
        return;
    start += strlen("Value '");
    char *stop = NULL;
    for (char *p = start; (p = strstr(p, "' at '")); p++)
        stop = p;
    if (stop)
        memmove(start, stop, strlen(stop) + 1);
    else
        *start = '\0';
}

/* ---- the sentences ---- */

static const char *member(const struct aws_failure *f, const struct aws_subject *about,
                          const char *name, size_t len, char number[12])
{
    const struct {
        const char *name, *value;
    } members[] = {
        {"action", about->action},
        {"name", about->name},
        {"region", about->region},
        {"host", about->host},
        {"keys", about->keys},
        {"profile_flag", about->profile_flag},
        {"kms_action", about->kms_action},
        {"code", f->code},
        {"status", number},
    };
    snprintf(number, 12, "%d", f->status);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (strlen(members[i].name) == len && strncmp(members[i].name, name, len) == 0)
            return members[i].value;
    return "";
}

static void fill(const char *format, const struct aws_failure *f, const struct aws_subject *about,
                 char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    while (*format && n + 1 < size) {
        size_t plain = strcspn(format, "{"), name = 0;
        const char *value = "";
        char number[12];
        if (format[plain] == '{') {
            name = strcspn(format + plain, "}");
            value = member(f, about, format + plain + 1, name - 1, number);
        }
        int m = snprintf(out + n, size - n, "%.*s%s", (int)plain, format, value);
        n += (size_t)m;
        format += plain + (name ? name + 1 : 0);
    }
}

/* "... is not authorized to perform: ACTION on resource: ARN because ..." says exactly what is
 * missing, and for whom. */
static bool exact_hint(const struct aws_failure *f, const struct aws_subject *about, struct err *e)
{
    const char *user = strstr(f->message, "User: ");
    const char *action = strstr(f->message, "perform: ");
    const char *resource = strstr(f->message, "on resource: ");
    if (!user || !action || !resource)
        return false;
    user += strlen("User: ");
    action += strlen("perform: ");
    resource += strlen("on resource: ");
    err_hint(e, "allow %.*s on %.*s to %.*s (%s)", (int)strcspn(action, " "), action,
             (int)strcspn(resource, " "), resource, (int)strcspn(user, " "), user, about->keys);
    return true;
}

bool aws_failure_explain(struct aws_failure *f, const struct aws_subject *about, struct err *e)
{
    const struct row *row = row_of(f, about);
    char sentence[sizeof e->text], hint[sizeof e->hint];
    f->retry = row->retry;
    f->skewed = row == &clock_row;
    f->kms = row == &kms_row || strcmp(f->code, "InvalidKeyId") == 0;
    f->bad_keys = about_keys(f->code);
    hide_value(f->message);
    fill(row->sentence, f, about, sentence, sizeof sentence);
    fill(row->hint, f, about, hint, sizeof hint);
    if (row->quote == QUOTED && f->message[0])
        err_set(e, row->means, "%s: %s", sentence, f->message);
    else
        err_set(e, row->means, "%s", sentence);
    if (row->means != ERR_DENIED || row == &kms_row || !exact_hint(f, about, e))
        err_hint(e, "%s", hint);
    return false;
}
