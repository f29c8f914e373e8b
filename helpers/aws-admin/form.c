/* The query protocol of IAM (2010-05-08) and STS (2011-06-15):
 * https://docs.aws.amazon.com/IAM/latest/APIReference/ and .../STS/latest/APIReference/. */
#include <stdlib.h>
#include <string.h>

#include "aws_form.h"
#include "base/clock.h"
#include "ops.h"
#include "xml.h"

/* A user has two keys at most; an answer with more is none of AWS's. */
enum { KEYS_MAX = 8, FIELDS_MAX = 3, LEAVES_MAX = 3 };

/* A member of ours and its name in AWS's form or answer. */
struct name {
    const char *ours, *theirs;
};

typedef bool leaves_fn(struct admin *a, const struct http_response *rs);

static leaves_fn key_list, last_used, region_too;

static const struct row {
    const char *service, *action;
    bool changes;
    struct name fields[FIELDS_MAX];
    struct name leaves[LEAVES_MAX]; /* texts of the answer that are always there */
    leaves_fn *more;
} rows[ADMIN_OP_COUNT] = {
    [ADMIN_IDENTITY] = {.service = "sts",
                        .action = "GetCallerIdentity",
                        .leaves = {{"account", "Account"}, {"arn", "Arn"}},
                        .more = region_too},
    [ADMIN_GET_USER] = {.action = "GetUser",
                        .fields = {{"user", "UserName"}},
                        .leaves = {{"arn", "Arn"}}},
    [ADMIN_CREATE_USER] = {.action = "CreateUser",
                           .changes = true,
                           .fields = {{"user", "UserName"}},
                           .leaves = {{"arn", "Arn"}}},
    [ADMIN_GET_POLICY] = {.action = "GetUserPolicy",
                          .fields = {{"user", "UserName"}, {"policy", "PolicyName"}},
                          .leaves = {{"document", "PolicyDocument"}}},
    [ADMIN_PUT_POLICY] = {.action = "PutUserPolicy",
                          .fields = {{"user", "UserName"},
                                     {"policy", "PolicyName"},
                                     {"document", "PolicyDocument"}}},
    [ADMIN_LIST_KEYS] = {.action = "ListAccessKeys",
                         .fields = {{"user", "UserName"}},
                         .more = key_list},
    [ADMIN_CREATE_KEY] = {.action = "CreateAccessKey",
                          .changes = true,
                          .fields = {{"user", "UserName"}},
                          .leaves = {{"id", "AccessKeyId"},
                                     {"secret", "SecretAccessKey"},
                                     {"created", "CreateDate"}}},
    [ADMIN_SET_KEY] = {.action = "UpdateAccessKey",
                       .fields = {{"user", "UserName"},
                                  {"id", "AccessKeyId"},
                                  {"status", "Status"}}},
    [ADMIN_DELETE_KEY] = {.action = "DeleteAccessKey",
                          .fields = {{"user", "UserName"}, {"id", "AccessKeyId"}}},
    [ADMIN_KEY_USED] = {.action = "GetAccessKeyLastUsed",
                        .fields = {{"id", "AccessKeyId"}},
                        .more = last_used},
};

/* ---- the answer ---- */

static bool put_text(jv *to, const char *member, const char *text)
{
    int64_t ms;
    /* AWS's times are RFC 3339, ours milliseconds. */
    if (strcmp(member, "created") == 0)
        return clock_parse_rfc3339(text, &ms) && jv_put_int(to, member, ms);
    return jv_put_text(to, member, text);
}

/* The text of the element after the first N of that name goes into TO. */
static bool take_leaf(const struct http_response *rs, size_t n, const struct name *leaf, jv *to)
{
    struct buf text;
    buf_init(&text, LIMIT_FORM);
    bool ok = xml_text_at(buf_str(&rs->body), rs->body.len, leaf->theirs, n, &text) &&
              put_text(to, leaf->ours, buf_str(&text));
    buf_free(&text);
    return ok;
}

static bool key_list(struct admin *a, const struct http_response *rs)
{
    static const struct name id = {"id", "AccessKeyId"}, status = {"status", "Status"},
                             created = {"created", "CreateDate"};
    jv *keys = jv_array();
    bool ok = true;
    for (size_t n = 0; ok && n < KEYS_MAX; n++) {
        jv *key = jv_object();
        if (!take_leaf(rs, n, &id, key)) {
            jv_free(key);
            break;
        }
        /* One of which less is known must not be taken for one that is not there. */
        ok = take_leaf(rs, n, &status, key) && take_leaf(rs, n, &created, key);
        ok = jv_push(keys, key) && ok;
    }
    return jv_put(a->answer, "keys", keys) && ok && jv_put_int(a->answer, "now", rs->date * 1000);
}

/* A key that was never used has no date. */
static bool last_used(struct admin *a, const struct http_response *rs)
{
    struct buf text;
    int64_t ms = 0;
    buf_init(&text, LIMIT_FORM);
    if (xml_text(buf_str(&rs->body), rs->body.len, "LastUsedDate", &text) &&
        !clock_parse_rfc3339(buf_str(&text), &ms))
        ms = clock_wall_ms(); /* used at a time we cannot read: used */
    buf_free(&text);
    return jv_put_int(a->answer, "used", ms);
}

static bool region_too(struct admin *a, const struct http_response *rs)
{
    (void)rs;
    return jv_put_text(a->answer, "region", a->client.region);
}

static bool take_answer(struct admin *a, const struct row *row, const struct http_response *rs,
                        struct err *e)
{
    bool ok = true;
    for (size_t i = 0; ok && i < LEAVES_MAX && row->leaves[i].ours; i++)
        ok = take_leaf(rs, 0, &row->leaves[i], a->answer);
    return (ok && (!row->more || row->more(a, rs))) ||
           err_set(e, ERR_FAILED, "%s: the answer is not what it must be", row->action);
}

/* ---- the call ---- */

static bool write_form(const struct admin *a, const struct row *row, struct buf *form,
                       struct err *e)
{
    aws_form_begin(form, row->action, row->service ? "2011-06-15" : "2010-05-08");
    for (size_t i = 0; i < FIELDS_MAX && row->fields[i].ours; i++) {
        const char *value = admin_text(a, row->fields[i].ours);
        if (!*value)
            return err_set(e, ERR_INVALID, "%s without %s", admin_op_names[a->op],
                           row->fields[i].ours);
        aws_form_put(form, row->fields[i].theirs, value);
    }
    return !form->failed || buf_error(form, "the request", e);
}

bool admin_form(struct admin *a, struct err *e)
{
    const struct row *row = &rows[a->op];
    const char *user = admin_text(a, "user");
    struct aws_answer got = {.doc = NULL};
    struct buf form;
    buf_init(&form, LIMIT_FORM);
    bool ok = write_form(a, row, &form, e);
    const struct aws_call call = {.service = row->service ? row->service : "iam",
                                  .action = row->action,
                                  .body = buf_str(&form),
                                  .body_len = form.len,
                                  .changes = row->changes,
                                  .name = user,
                                  .kms_action = ""};
    ok = ok && aws_call(&a->client, &call, &got, e) && take_answer(a, row, &got.http, e);
    aws_answer_free(&got);
    buf_free(&form);
    return ok;
}
