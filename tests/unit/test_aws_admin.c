/* AWS administered through the helper: what each call makes of each answer, also of those that no
 * helper of ours gives. */
#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "played.h"
#include "provision/aws_admin.h"

#define X32  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X128 X32 X32 X32 X32
#define X256 X128 X128

static struct aws_place place = {.path = "/claude/oauth/credentials",
                                 .url = {.region = "us-west-2"}};
static struct aws_admin admin;

static void open_admin(void)
{
    struct err e;
    assert_true(aws_admin_open(&place, "p", &admin, &e));
}

/* ---- what each call gives, as a text ---- */

typedef bool call_fn(struct buf *out, struct err *e);

static bool identity(struct buf *out, struct err *e)
{
    struct aws_identity i;
    return aws_admin_identity(&admin, NULL, &i, e) &&
           buf_printf(out, "%s %s '%s'", i.account, i.region, i.user);
}

static bool probe(struct buf *out, struct err *e)
{
    return aws_admin_probe(&admin, NULL, e) && buf_text(out, "may");
}

static bool get_policy(struct buf *out, struct err *e)
{
    jv *document = aws_admin_policy(&admin, "u", "p", e);
    bool ok = document && jv_write(document, out);
    jv_free(document);
    return ok;
}

static bool list_keys(struct buf *out, struct err *e)
{
    struct aws_key_list keys;
    if (!aws_admin_keys(&admin, "u", &keys, e))
        return false;
    for (size_t i = 0; i < keys.count; i++)
        buf_printf(out, "%s%s:%" PRId64 " ", keys.key[i].id, keys.key[i].active ? "" : "!",
                   keys.key[i].created);
    return buf_printf(out, "at %" PRId64, keys.now);
}

static bool create_key(struct buf *out, struct err *e)
{
    struct aws_key k;
    if (!aws_admin_make_key(&admin, "u", &k, e))
        return false;
    bool ok = buf_printf(out, "%s %s", k.id, secret_reveal(k.secret, NULL));
    aws_key_free(&k);
    return ok;
}

static bool delete_key(struct buf *out, struct err *e)
{
    return aws_admin_delete_key(&admin, "u", "AKIATEST1", e) && buf_text(out, "gone");
}

static bool key_used(struct buf *out, struct err *e)
{
    int64_t used;
    return aws_admin_key_used(&admin, "AKIATEST1", &used, e) && buf_printf(out, "%" PRId64, used);
}

static bool find_kms(struct buf *out, struct err *e)
{
    char arn[256];
    bool aliased;
    return aws_admin_find_kms(&admin, "alias/a", "d", arn, &aliased, e) &&
           buf_printf(out, "%s%s", arn, aliased ? " aliased" : "");
}

static bool create_kms(struct buf *out, struct err *e)
{
    char arn[256];
    return aws_admin_make_kms(&admin, "d", arn, e) && buf_text(out, arn);
}

/* ---- the answers ---- */

#define ARN  "\"arn\":\"arn:aws:iam::123456789012:user/team/me\""
#define WHO  "\"account\":\"123456789012\","
#define HERE ",\"region\":\"us-west-2\""

static const struct {
    const char *op;
    call_fn *call;
    const char *answer;
    const char *gives, *error; /* one of them */
} answers[] = {
    {"identity", identity, "ok " WHO ARN HERE, "123456789012 us-west-2 'me'", NULL},
    {"identity", identity, "ok " WHO "\"arn\":\"arn:aws:iam::123456789012:root\"" HERE,
     "123456789012 us-west-2 ''", NULL},
    {"identity", identity, "ok " WHO "\"arn\":\"arn:aws:iam::1:user/" X128 "\"" HERE,
     "123456789012 us-west-2 ''", NULL},
    {"identity", identity, "ok " ARN HERE, NULL, "failed: AWS: the answer has no account"},
    {"identity", identity, "ok \"account\":\"" X32 "\"," ARN HERE, NULL,
     "failed: AWS: the answer has no account"},
    {"identity", identity, "ok " WHO "\"arn\":\"" X256 "\"" HERE, NULL,
     "failed: AWS: the answer has no arn"},
    {"identity", identity, "ok " WHO ARN ",\"region\":\"\"", NULL,
     "failed: AWS: the answer has no region"},
    {"identity", identity, "bad_credentials who is that?", NULL,
     "bad_credentials: AWS: who is that?"},

    {"probe", probe, "ok \"found\":false", "may", NULL},
    {"probe", probe, "denied no", NULL, "denied: AWS: no"},

    {"get-policy", get_policy, "ok \"document\":\"%7b%22a%22%3A%5B1%5d}\"", "{\"a\":[1]}", NULL},
    {"get-policy", get_policy, "ok \"document\":\"[%22100%%22,%22%4g%g4%22,%22\\u00e9%22]\"",
     "[\"100%\",\"%4g%g4\",\"\303\251\"]", NULL},
    {"get-policy", get_policy, "ok \"document\":\"{%\"", NULL,
     "failed: AWS: the answer has no policy"},
    {"get-policy", get_policy, "ok \"document\":\"%7\"", NULL,
     "failed: AWS: the answer has no policy"},
    {"get-policy", get_policy, "ok", NULL, "failed: AWS: the answer has no policy"},
    {"get-policy", get_policy, "not_found none", NULL, "not_found: AWS: none"},

    {"list-keys", list_keys, "ok \"keys\":[],\"now\":9", "at 9", NULL},
    {"list-keys", list_keys,
     "ok \"keys\":[{\"id\":\"A\",\"status\":\"Active\",\"created\":1},"
     "{\"id\":\"B\",\"status\":\"Inactive\",\"created\":2}],\"now\":9",
     "A:1 B!:2 at 9", NULL},
    {"list-keys", list_keys, "ok \"keys\":[{\"id\":\"A\"},{\"id\":\"B\"},{\"id\":\"C\"}]",
     "A!:0 B!:0 at 0", NULL},
    {"list-keys", list_keys, "ok \"keys\":[{\"status\":\"Active\"}]", NULL,
     "failed: AWS: the answer has no id"},
    {"list-keys", list_keys, "ok", NULL, "failed: AWS: the answer has no keys"},

    {"create-key", create_key, "ok \"id\":\"A\",\"secret\":\"s\",\"created\":1", "A s", NULL},
    {"create-key", create_key, "ok \"secret\":\"s\"", NULL, "failed: AWS: the answer has no id"},
    {"create-key", create_key, "ok \"id\":\"A\"", NULL, "failed: AWS: the answer has no secret"},
    {"create-key", create_key, "ok \"id\":\"A\",\"secret\":\"\"", NULL,
     "failed: AWS: the answer has no secret"},

    {"delete-key", delete_key, "ok", "gone", NULL},
    {"delete-key", delete_key, "not_found gone already", "gone", NULL},
    {"delete-key", delete_key, "denied no", NULL, "denied: AWS: no"},

    {"key-used", key_used, "ok \"used\":7", "7", NULL},
    {"key-used", key_used, "throttled wait", NULL, "throttled: AWS: wait"},

    {"find-kms", find_kms, "ok \"arn\":\"k\",\"aliased\":true", "k aliased", NULL},
    {"find-kms", find_kms, "ok \"arn\":\"k\",\"aliased\":false", "k", NULL},
    {"find-kms", find_kms, "ok \"aliased\":true", NULL, "failed: AWS: the answer has no arn"},

    {"create-kms", create_kms, "ok \"arn\":\"k\"", "k", NULL},
    {"create-kms", create_kms, "ok \"arn\":\"" X256 "\"", NULL,
     "failed: AWS: the answer has no arn"},
    {"create-kms", create_kms, "denied no", NULL, "denied: AWS: no"},
};

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        char play[1024], failed[1024];
        struct buf got;
        struct err e;
        buf_init(&got, 1024);
        snprintf(play, sizeof play, "%s %s\n", answers[i].op, answers[i].answer);
        play_helper("aws-admin", play);
        open_admin();
        bool ok = answers[i].call(&got, &e);
        if (!ok)
            snprintf(failed, sizeof failed, "%s: %s", err_name(e.code), e.text);
        same_text(play, ok ? NULL : failed, answers[i].error);
        same_text(play, ok ? buf_str(&got) : NULL, answers[i].gives);
        play_ended(play);
        buf_free(&got);
    }
}

/* What a call says of itself, and whose keys sign. */
static void test_requests(void **state)
{
    (void)state;
    struct aws_key key = {.id = "AKIATEST9", .secret = secret_copy("secret9", 7)};
    struct aws_identity me;
    struct err e;
    play_helper("aws-admin", "identity ok\nset-key ok\nalias-kms ok\n");
    open_admin();
    assert_false(aws_admin_identity(&admin, &key, &me, &e));
    assert_true(aws_admin_deactivate_key(&admin, "u", "AKIATEST1", &e));
    assert_true(aws_admin_alias_kms(&admin, "k", "alias/a", &e));
    play_ended("three calls");
#define ANY "\"region\":\"us-west-2\",\"endpoint\":\"\",\"profile\":\"p\",\"deadline_ms\":20000"
    same_text("requests", play_requests(),
              "{\"credrelay\":1,\"op\":\"identity\"," ANY ",\"sign_id\":\"AKIATEST9\","
              "\"sign_secret\":\"secret9\"}\n"
              "{\"credrelay\":1,\"op\":\"set-key\"," ANY ",\"user\":\"u\",\"id\":\"AKIATEST1\","
              "\"status\":\"Inactive\"}\n"
              "{\"credrelay\":1,\"op\":\"alias-kms\"," ANY ",\"key\":\"k\","
              "\"alias\":\"alias/a\"}\n");
    aws_key_free(&key);
}

static void test_a_policy_too_large(void **state)
{
    (void)state;
    static char text[LIMIT_STORE_LINE];
    struct err e;
    memset(text, 'x', sizeof text - 1);
    jv *document = jv_new_text(text);
    play_helper("aws-admin", "");
    open_admin();
    assert_false(aws_admin_put_policy(&admin, "u", "p", document, &e));
    same_error("too large", &e, ERR_TOO_LARGE, "the policy is larger than 1048576 bytes", "");
    play_ended("not asked");
    jv_free(document);
}

static void test_without_the_helper(void **state)
{
    (void)state;
    struct err e;
    if (access(CREDRELAY_LIBEXEC "/aws-admin", X_OK) == 0)
        skip(); /* there is one on this machine */
    assert_false(aws_admin_open(&place, "p", &admin, &e));
    same_error("none", &e, ERR_UNSUPPORTED, "the helper aws-admin is not here",
               "install credrelay whole");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_answers),
        IN_WORLD(test_requests),
        IN_WORLD(test_a_policy_too_large),
        IN_WORLD(test_without_the_helper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
