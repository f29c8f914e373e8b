#include "provision/aws_admin.h"

#include <stdio.h>
#include <string.h>

#include "base/helper.h"
#include "provision/admin_protocol.h"

/* IAM answers in half a second; what takes longer than this is not there. */
enum { TIMEOUT_MS = 20000 };

bool aws_admin_open(const struct aws_place *place, const char *profile, struct aws_admin *ret,
                    struct err *e)
{
    *ret = (struct aws_admin){.place = place, .profile = profile, .timeout_ms = TIMEOUT_MS};
    if (helper_find("aws-admin", ret->program))
        return true;
    err_set(e, ERR_UNSUPPORTED, "the helper aws-admin is not here");
    return err_hint(e, "install credrelay whole");
}

void aws_key_free(struct aws_key *k)
{
    secret_free(k->secret);
    *k = (struct aws_key){.secret = NULL};
}

/* ---- one call ---- */

static jv *request(const struct aws_admin *a, enum admin_op op, const struct aws_key *with)
{
    jv *rq = jv_object();
    jv_put_int(rq, "credrelay", ADMIN_PROTOCOL);
    jv_put_text(rq, "op", admin_op_names[op]);
    jv_put_text(rq, "region", a->place->url.region);
    jv_put_text(rq, "endpoint", a->place->url.endpoint);
    jv_put_text(rq, "profile", a->profile);
    jv_put_int(rq, "deadline_ms", a->timeout_ms);
    if (with) {
        jv_put_text(rq, "sign_id", with->id);
        jv_put_text(rq, "sign_secret", secret_reveal(with->secret, NULL));
    }
    return rq;
}

static jv *ask(const struct aws_admin *a, jv *rq, struct err *e)
{
    const struct helper_call call = {.program = a->program,
                                     .timeout_ms = a->timeout_ms,
                                     .if_late = "check the network and try again"};
    jv *answer = helper_ask(&call, rq, e);
    if (!answer)
        err_context(e, "AWS");
    return answer;
}

/* The request with up to two members more, for operations that answer with nothing. */
static bool tell(const struct aws_admin *a, enum admin_op op, const char *const members[][2],
                 struct err *e)
{
    jv *rq = request(a, op, NULL);
    for (; (*members)[0]; members++)
        jv_put_text(rq, (*members)[0], (*members)[1]);
    jv *answer = ask(a, rq, e);
    jv_free(answer);
    return answer != NULL;
}

static bool nonsense(const char *what, struct err *e)
{
    return err_set(e, ERR_FAILED, "AWS: the answer has no %s", what);
}

static bool take(const jv *answer, const char *member, char *out, size_t size, struct err *e)
{
    const char *text = jv_text(answer, member);
    if (text && *text && strlen(text) < size) {
        memcpy(out, text, strlen(text) + 1);
        return true;
    }
    return nonsense(member, e);
}

/* ---- who, and whether it works ---- */

/* arn:aws:iam::ACCOUNT:user/PATH/NAME */
static void name_user(struct aws_identity *i)
{
    const char *user = strstr(i->arn, ":user/"), *slash = strrchr(i->arn, '/');
    i->user[0] = '\0';
    if (user && strlen(slash + 1) < sizeof i->user)
        memcpy(i->user, slash + 1, strlen(slash + 1) + 1);
}

bool aws_admin_identity(const struct aws_admin *a, const struct aws_key *with,
                        struct aws_identity *ret, struct err *e)
{
    struct aws_identity i;
    jv *answer = ask(a, request(a, ADMIN_IDENTITY, with), e);
    bool ok = answer && take(answer, "account", i.account, sizeof i.account, e) &&
              take(answer, "arn", i.arn, sizeof i.arn, e) &&
              take(answer, "region", i.region, sizeof i.region, e);
    jv_free(answer);
    if (ok) {
        name_user(&i);
        *ret = i;
    }
    return ok;
}

bool aws_admin_probe(const struct aws_admin *a, const struct aws_key *with, struct err *e)
{
    jv *rq = request(a, ADMIN_PROBE, with);
    jv_put_text(rq, "name", a->place->path);
    jv *answer = ask(a, rq, e);
    jv_free(answer);
    return answer != NULL;
}

/* ---- users ---- */

bool aws_admin_user(const struct aws_admin *a, const char *user, struct err *e)
{
    return tell(a, ADMIN_GET_USER, (const char *const[][2]){{"user", user}, {NULL}}, e);
}

bool aws_admin_make_user(const struct aws_admin *a, const char *user, struct err *e)
{
    return tell(a, ADMIN_CREATE_USER, (const char *const[][2]){{"user", user}, {NULL}}, e);
}

static int hex(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) % 16 : -1;
}

/* RFC 3986; IAM encodes documents so. */
static void decode(const char *text, struct buf *out)
{
    for (; *text; text++) {
        char c = *text;
        if (c == '%' && hex(text[1]) >= 0 && hex(text[2]) >= 0) {
            c = (char)(hex(text[1]) * 16 + hex(text[2]));
            text += 2;
        }
        buf_bytes(out, &c, 1);
    }
}

jv *aws_admin_policy(const struct aws_admin *a, const char *user, const char *policy, struct err *e)
{
    jv *rq = request(a, ADMIN_GET_POLICY, NULL), *document = NULL;
    jv_put_text(rq, "user", user);
    jv_put_text(rq, "policy", policy);
    jv *answer = ask(a, rq, e);
    if (!answer)
        return NULL;
    const char *encoded = jv_text(answer, "document");
    struct buf text;
    buf_init(&text, LIMIT_STORE_LINE);
    decode(encoded ? encoded : "", &text);
    document = jv_parse(buf_str(&text), text.len, e);
    if (!document)
        nonsense("policy", e);
    buf_free(&text);
    jv_free(answer);
    return document;
}

bool aws_admin_put_policy(const struct aws_admin *a, const char *user, const char *policy,
                          const jv *document, struct err *e)
{
    struct buf text;
    buf_init(&text, LIMIT_STORE_LINE);
    bool ok = jv_write(document, &text) || buf_error(&text, "the policy", e);
    const char *const members[][2] = {
        {"user", user}, {"policy", policy}, {"document", buf_str(&text)}, {NULL}};
    ok = ok && tell(a, ADMIN_PUT_POLICY, members, e);
    buf_free(&text);
    return ok;
}

/* ---- access keys ---- */

static bool take_row(const jv *key, struct aws_key_row *ret, struct err *e)
{
    const char *status = jv_text(key, "status");
    ret->active = status && strcmp(status, "Active") == 0;
    ret->created = jv_number(key, "created", 0);
    return take(key, "id", ret->id, sizeof ret->id, e);
}

bool aws_admin_keys(const struct aws_admin *a, const char *user, struct aws_key_list *ret,
                    struct err *e)
{
    struct aws_key_list list = {.count = 0};
    jv *rq = request(a, ADMIN_LIST_KEYS, NULL);
    jv_put_text(rq, "user", user);
    jv *answer = ask(a, rq, e);
    const jv *keys = jv_get(answer, "keys");
    bool ok = answer && (jv_is_array(keys) || nonsense("keys", e));
    for (size_t i = 0; ok && i < jv_size(keys) && list.count < AWS_USER_KEYS; i++)
        ok = take_row(jv_at(keys, i), &list.key[list.count++], e);
    list.now = jv_number(answer, "now", 0);
    jv_free(answer);
    if (ok)
        *ret = list;
    return ok;
}

static bool take_secret(const jv *answer, struct secret **ret, struct err *e)
{
    const char *text = jv_text(answer, "secret");
    if (!text || !*text)
        return nonsense("secret", e);
    *ret = secret_copy(text, strlen(text));
    return *ret || err_no_memory(e);
}

bool aws_admin_make_key(const struct aws_admin *a, const char *user, struct aws_key *ret,
                        struct err *e)
{
    struct aws_key k = {.secret = NULL};
    jv *rq = request(a, ADMIN_CREATE_KEY, NULL);
    jv_put_text(rq, "user", user);
    jv *answer = ask(a, rq, e);
    bool ok =
        answer && take(answer, "id", k.id, sizeof k.id, e) && take_secret(answer, &k.secret, e);
    jv_free(answer);
    if (ok)
        *ret = k;
    return ok;
}

bool aws_admin_deactivate_key(const struct aws_admin *a, const char *user, const char *id,
                              struct err *e)
{
    const char *const members[][2] = {{"user", user}, {"id", id}, {"status", "Inactive"}, {NULL}};
    return tell(a, ADMIN_SET_KEY, members, e);
}

bool aws_admin_delete_key(const struct aws_admin *a, const char *user, const char *id,
                          struct err *e)
{
    const char *const members[][2] = {{"user", user}, {"id", id}, {NULL}};
    struct err why = {.code = ERR_NONE};
    if (tell(a, ADMIN_DELETE_KEY, members, &why) || why.code == ERR_NOT_FOUND)
        return true; /* an answer that was lost, and the request repeated */
    *e = why;
    return false;
}

bool aws_admin_key_used(const struct aws_admin *a, const char *id, int64_t *ret, struct err *e)
{
    jv *rq = request(a, ADMIN_KEY_USED, NULL);
    jv_put_text(rq, "id", id);
    jv *answer = ask(a, rq, e);
    if (answer)
        *ret = jv_number(answer, "used", 0);
    jv_free(answer);
    return answer != NULL;
}

/* ---- a customer-managed key ---- */

bool aws_admin_find_kms(const struct aws_admin *a, const char *alias, const char *description,
                        char arn[256], bool *ret_aliased, struct err *e)
{
    jv *rq = request(a, ADMIN_FIND_KMS, NULL);
    jv_put_text(rq, "alias", alias);
    jv_put_text(rq, "description", description);
    jv *answer = ask(a, rq, e);
    bool ok = answer && take(answer, "arn", arn, 256, e);
    if (ok)
        *ret_aliased = jv_flag(answer, "aliased");
    jv_free(answer);
    return ok;
}

bool aws_admin_make_kms(const struct aws_admin *a, const char *description, char arn[256],
                        struct err *e)
{
    jv *rq = request(a, ADMIN_CREATE_KMS, NULL);
    jv_put_text(rq, "description", description);
    jv *answer = ask(a, rq, e);
    bool ok = answer && take(answer, "arn", arn, 256, e);
    jv_free(answer);
    return ok;
}

bool aws_admin_rotate_kms(const struct aws_admin *a, const char *arn, struct err *e)
{
    return tell(a, ADMIN_ROTATE_KMS, (const char *const[][2]){{"key", arn}, {NULL}}, e);
}

bool aws_admin_alias_kms(const struct aws_admin *a, const char *arn, const char *alias,
                         struct err *e)
{
    return tell(a, ADMIN_ALIAS_KMS,
                (const char *const[][2]){{"key", arn}, {"alias", alias}, {NULL}}, e);
}
