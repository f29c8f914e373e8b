/* Parameter Store and KMS: https://docs.aws.amazon.com/kms/latest/APIReference/. */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "ops.h"

/* An account has a few dozen keys; looking at more than this is not worth the time. */
enum { KEYS_LOOKED_AT = 1000 };

struct json_call {
    const char *service, *action;
    bool changes, silent; /* as in struct aws_call */
    const char *name;     /* for messages */
};

/* BODY is freed. */
static bool call(struct admin *a, const struct json_call *c, jv *body, struct aws_answer *ret,
                 struct err *e)
{
    char target[64];
    struct buf text;
    snprintf(target, sizeof target, "%s.%s",
             strcmp(c->service, "kms") == 0 ? "TrentService" : "AmazonSSM", c->action);
    buf_init(&text, LIMIT_STORE_LINE);
    *ret = (struct aws_answer){.doc = NULL};
    bool ok = jv_write(body, &text) || buf_error(&text, "the request", e);
    jv_free(body);
    if (ok) {
        const struct aws_call call = {.service = c->service,
                                      .action = c->action,
                                      .target = target,
                                      .body = buf_str(&text),
                                      .body_len = text.len,
                                      .changes = c->changes,
                                      .silent = c->silent,
                                      .name = c->name,
                                      .kms_action = "kms:Decrypt"};
        ok = aws_call(&a->client, &call, ret, e);
    }
    buf_free(&text);
    return ok;
}

static jv *with_text(jv *body, const char *member, const char *text)
{
    jv_put_text(body, member, text);
    return body;
}

/* The value itself is nobody's business here. */
bool admin_probe(struct admin *a, struct err *e)
{
    struct aws_answer got;
    struct err why = {.code = ERR_NONE};
    jv *body = with_text(jv_object(), "Name", admin_text(a, "name"));
    jv_put_bool(body, "WithDecryption", true);
    const struct json_call get = {
        .service = "ssm", .action = "GetParameter", .name = admin_text(a, "name")};
    bool found = call(a, &get, body, &got, &why);
    aws_answer_free(&got);
    if (!found && why.code != ERR_NOT_FOUND) {
        *e = why;
        return false;
    }
    return jv_put_bool(a->answer, "found", found) || err_no_memory(e);
}

/* ---- customer-managed keys ---- */

static bool not_enabled(const char *key, const char *arn, const char *state, enum err_code code,
                        struct err *e)
{
    err_set(e, code, "the key %s is %s", key, state);
    if (strcmp(state, "PendingDeletion") == 0)
        return err_hint(e, "keep it: aws kms cancel-key-deletion --key-id %s", arn);
    if (strcmp(state, "Disabled") == 0)
        return err_hint(e, "enable it: aws kms enable-key --key-id %s", arn);
    return err_hint(e, "see: aws kms describe-key --key-id %s", arn);
}

/* The key that KEY (an id, an ARN or an alias) names, as long as it can be used and has DESCRIPTION
 * (NULL: any), into the answer.  ERR_NOT_FOUND: there is none such. */
static bool describe(struct admin *a, const char *key, const char *description, struct err *e)
{
    struct aws_answer got;
    const struct json_call ask = {.service = "kms", .action = "DescribeKey", .name = key};
    bool ok = call(a, &ask, with_text(jv_object(), "KeyId", key), &got, e);
    if (ok) {
        const jv *about = jv_get(got.doc, "KeyMetadata");
        const char *arn = jv_text(about, "Arn"), *state = jv_text(about, "KeyState"),
                   *said = jv_text(about, "Description");
        bool is = arn && state && (!description || (said && strcmp(said, description) == 0));
        if (!is)
            ok = err_set(e, ERR_NOT_FOUND, "there is no key %s", key);
        else if (strcmp(state, "Enabled") != 0)
            ok = not_enabled(key, arn, state, description ? ERR_NOT_FOUND : ERR_INVALID, e);
        else
            ok = jv_put_text(a->answer, "arn", arn) || err_no_memory(e);
    }
    aws_answer_free(&got);
    return ok;
}

static bool describe_listed(struct admin *a, const jv *keys, const char *description, struct err *e)
{
    for (size_t i = 0; i < jv_size(keys); i++) {
        const char *id = jv_text(jv_at(keys, i), "KeyId");
        if (!id)
            continue;
        if (describe(a, id, description, e))
            return true;
        if (e->code != ERR_NOT_FOUND && e->code != ERR_DENIED)
            return false;
    }
    return err_set(e, ERR_NOT_FOUND, "there is no key described as '%s'", description);
}

/* One that was made and, for want of time, given no alias. */
static bool find_by_description(struct admin *a, const char *description, struct err *e)
{
    static const struct json_call list = {.service = "kms", .action = "ListKeys", .name = ""};
    struct aws_answer got = {.doc = NULL};
    char marker[1100] = "";
    for (size_t looked_at = 0; looked_at < KEYS_LOOKED_AT;) {
        jv *body = jv_object();
        if (marker[0])
            jv_put_text(body, "Marker", marker);
        bool ok = call(a, &list, body, &got, e) &&
                  describe_listed(a, jv_get(got.doc, "Keys"), description, e);
        const char *next = jv_flag(got.doc, "Truncated") ? jv_text(got.doc, "NextMarker") : NULL;
        bool more = !ok && e->code == ERR_NOT_FOUND && next && strlen(next) < sizeof marker;
        if (more)
            memcpy(marker, next, strlen(next) + 1);
        looked_at += jv_size(jv_get(got.doc, "Keys")) + 1;
        aws_answer_free(&got);
        if (!more)
            return ok;
    }
    return err_set(e, ERR_NOT_FOUND, "there is no key described as '%s'", description);
}

bool admin_find_kms(struct admin *a, struct err *e)
{
    struct err why = {.code = ERR_NONE};
    bool aliased = describe(a, admin_text(a, "alias"), NULL, &why);
    if (!aliased && why.code != ERR_NOT_FOUND) {
        *e = why;
        return false;
    }
    const char *description = admin_text(a, "description");
    if (!aliased && !*description)
        return err_set(e, ERR_NOT_FOUND, "%s", why.text);
    return (aliased || find_by_description(a, description, e)) &&
           (jv_put_bool(a->answer, "aliased", aliased) || err_no_memory(e));
}

bool admin_create_kms(struct admin *a, struct err *e)
{
    struct aws_answer got;
    jv *body = with_text(jv_object(), "Description", admin_text(a, "description"));
    static const struct json_call create = {
        .service = "kms", .action = "CreateKey", .changes = true, .name = ""};
    bool ok = call(a, &create, body, &got, e);
    if (ok) {
        const char *arn = jv_text(jv_get(got.doc, "KeyMetadata"), "Arn");
        ok = (arn && jv_put_text(a->answer, "arn", arn)) ||
             err_set(e, ERR_FAILED, "CreateKey: the answer is not what it must be");
    }
    aws_answer_free(&got);
    return ok;
}

bool admin_rotate_kms(struct admin *a, struct err *e)
{
    struct aws_answer got;
    const char *key = admin_text(a, "key");
    const struct json_call rotate = {
        .service = "kms", .action = "EnableKeyRotation", .silent = true, .name = key};
    bool ok = call(a, &rotate, with_text(jv_object(), "KeyId", key), &got, e);
    aws_answer_free(&got);
    return ok;
}

bool admin_alias_kms(struct admin *a, struct err *e)
{
    struct aws_answer got;
    jv *body = with_text(jv_object(), "AliasName", admin_text(a, "alias"));
    jv_put_text(body, "TargetKeyId", admin_text(a, "key"));
    const struct json_call create = {.service = "kms",
                                     .action = "CreateAlias",
                                     .changes = true,
                                     .silent = true,
                                     .name = admin_text(a, "alias")};
    bool ok = call(a, &create, body, &got, e);
    aws_answer_free(&got);
    return ok;
}
