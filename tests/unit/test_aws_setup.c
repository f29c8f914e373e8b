/* `aws setup` with a helper that plays AWS (played.h): what is there already, what is not, and each
 * request denied.  tests/system/test_aws_setup.py has the whole against IAM and KMS. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "played.h"
#include "provision/aws_setup.h"
#include "provision/policy.h"
#include "provision/template.h"

#define ME_IN(region)                                                                              \
    "identity ok \"account\":\"123456789012\",\"arn\":\"arn:aws:iam::123456789012:user/a\","       \
    "\"region\":\"" region "\"\n"
#define ME         ME_IN("us-west-2")
#define NO(op)     op " denied no\n"
#define NONE(op)   op " not_found none\n"
#define USER       "get-user ok \"arn\":\"a\"\n"
#define HAS_POLICY "get-policy ok \"document\":\"{}\"\n"
#define KEY_HERE                                                                                   \
    ME "list-keys ok \"keys\":[{\"id\":\"k1\",\"status\":\"Active\",\"created\":1}],\"now\":9\n"
#define NO_KEY ME "list-keys ok \"keys\":[],\"now\":9\n"

static const struct row {
    const char *name, *wishes;
    const char *profile; /* what profile r has: "" nothing */
    const char *play;
    const char *error;
    const char *told; /* "ITEM=OUTCOME(NAME) ..." */
} rows[] = {
    /* a key that encrypts */
    {"may not look for the key", "kms", "", ME NO("find-kms"), "denied: AWS: no", ""},
    {"may not make the key", "kms", "", ME NONE("find-kms") NO("create-kms"), "denied: AWS: no",
     ""},
    {"may not have it renewed", "kms", "", ME "find-kms ok \"arn\":\"k\"\n" NO("rotate-kms"),
     "denied: AWS: no", "key=there(k) "},
    {"may not name it", "kms", "",
     ME "find-kms ok \"arn\":\"k\"\n"
        "rotate-kms ok\n" NO("alias-kms"),
     "denied: AWS: no", "key=there(k) "},
    {"would make a key, and so another policy", "kms dry", "k1",
     ME NONE("find-kms") USER "@get-policy" KEY_HERE, NULL,
     "key=would(credrelay: the login in /claude/oauth/credentials) alias=would(alias/a) "
     "user=there(r) policy=would(r) access key=there(r) "},
    /* users and their policies */
    {"may not look for the user", "", "", ME NO("get-user"), "denied: AWS: no", ""},
    {"may not make the user", "", "", ME NONE("get-user") NO("create-user"), "denied: AWS: no", ""},
    {"may not look at the policy", "", "", ME USER NO("get-policy"), "denied: AWS: no",
     "user=there(r) "},
    {"may not write the policy", "", "", ME USER HAS_POLICY NO("put-policy"), "denied: AWS: no",
     "user=there(r) "},
    {"a region that is none", "", "", ME_IN("us west") USER,
     "invalid: 'us west' is not the name of an AWS region", "user=there(r) "},
    {"the policy is as it should be", "", "k1", ME USER "@get-policy" KEY_HERE, NULL,
     "user=there(r) policy=there(r) access key=there(r) "},
    /* keys */
    {"may not list the keys", "", "", ME USER HAS_POLICY "put-policy ok\n" ME NO("list-keys"),
     "denied: AWS: no", "user=there(r) policy=done(r) "},
    {"would make a key for a user that is there", "dry", "", ME USER HAS_POLICY NO_KEY, NULL,
     "user=there(r) policy=would(r) access key=would(r) "},
    {"a profile that has no key yet", "dry", "region", ME USER HAS_POLICY NO_KEY, NULL,
     "user=there(r) policy=would(r) access key=would(r) "},
};

/* ---- the machine ---- */

static struct relay relay;
static const struct aws_place place = {.path = "/claude/oauth/credentials",
                                       .url = {.region = "us-west-2"},
                                       .alias = "alias/a",
                                       .profile = {"r", "w"}};

static void told(void *ctx, enum aws_setup_item item, enum aws_setup_outcome outcome,
                 const char *name)
{
    static const char *const items[] = {[AWS_SETUP_KMS_KEY] = "key",
                                        [AWS_SETUP_ALIAS] = "alias",
                                        [AWS_SETUP_USER] = "user",
                                        [AWS_SETUP_POLICY] = "policy",
                                        [AWS_SETUP_KEY] = "access key"};
    static const char *const outcomes[] = {
        [AWS_SETUP_THERE] = "there", [AWS_SETUP_DONE] = "done", [AWS_SETUP_WOULD] = "would"};
    buf_printf(ctx, "%s=%s(%s) ", items[item], outcomes[outcome], name);
}

/* The answer with the reader's policy as it should be. */
static void put_policy(struct buf *out)
{
    const struct policy_words words = {
        .partition = "aws", .account = "123456789012", .user = "${aws:username}"};
    const struct policy_request rq = {
        .role = ROLE_READER, .region = "us-west-2", .path = place.path, .kms_key = "", .tier = ""};
    struct err e;
    jv *document = policy_make(&rq, &words, &e), *answer = jv_object();
    struct buf text;
    buf_init(&text, 1 << 16);
    assert_non_null(document);
    assert_true(jv_write(document, &text));
    assert_true(jv_put_bool(answer, "ok", true) && jv_put_text(answer, "document", buf_str(&text)));
    assert_true(buf_text(out, "get-policy says ") && jv_write(answer, out) && buf_text(out, "\n"));
    buf_free(&text);
    jv_free(document);
    jv_free(answer);
}

/* "@get-policy" in PLAY is the answer above. */
static void play_with_policy(const char *play)
{
    static const char mark[] = "@get-policy";
    const char *at = strstr(play, mark);
    struct buf whole;
    buf_init(&whole, 1 << 16);
    buf_bytes(&whole, play, at ? (size_t)(at - play) : strlen(play));
    if (at) {
        put_policy(&whole);
        buf_text(&whole, at + sizeof mark - 1);
    }
    play_helper("aws-admin", buf_str(&whole));
    buf_free(&whole);
}

static void set_the_stage(const struct row *r)
{
    struct err e;
    char keys[200] = "";
    relay = (struct relay){.name = "claude", .machine = "m", .log_size = 1 << 20, .log_keep = 1};
    snprintf(relay.state_dir, sizeof relay.state_dir, "%s", in_home("state"));
    assert_true(dir_make(in_home(".aws"), &e));
    if (strcmp(r->profile, "region") == 0)
        snprintf(keys, sizeof keys, "[r]\nregion = us-west-2\n");
    else if (*r->profile)
        snprintf(keys, sizeof keys, "[r]\naws_access_key_id = %s\naws_secret_access_key = s\n",
                 r->profile);
    put_file(in_home(".aws/credentials"), keys, 0600);
    play_with_policy(r->play);
}

static void test_each_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *r = &rows[i];
        char got[1024], account[16];
        struct err e;
        struct buf events;
        buf_init(&events, 1024);
        set_the_stage(r);
        const struct aws_setup_request rq = {.relay = &relay,
                                             .place = &place,
                                             .admin_profile = "admin",
                                             .wanted = {[ROLE_READER] = true},
                                             .kms = strstr(r->wishes, "kms"),
                                             .dry_run = strstr(r->wishes, "dry"),
                                             .told = told,
                                             .ctx = &events};
        bool ok = aws_setup(&rq, account, &e);
        if (!ok)
            snprintf(got, sizeof got, "%s: %s", err_name(e.code), e.text);
        same_text(r->name, ok ? NULL : got, r->error);
        same_text(r->name, buf_str(&events), r->told);
        same_text(r->name, account, "123456789012");
        play_ended(r->name);
        buf_free(&events);
    }
}

/* ---- names ---- */

#define X64        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define USER_HINT  "set reader-profile and writer-profile to letters, digits and +=,.@_-, at most 64"
#define ALIAS_HINT "set kms-key-id = alias/NAME, of letters, digits and /_-"

/* What IAM and KMS would refuse, or read otherwise. */
static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *reader, *writer, *alias;
        const char *text, *hint; /* NULL: they will do */
    } cases[] = {
        {X64, "a+=,.@_-9", "alias/a/b_-9", NULL, NULL},
        {"", "w", "alias/a", "'' cannot be the name of an IAM user", USER_HINT},
        {X64 "x", "w", "alias/a", "'" X64 "x' cannot be the name of an IAM user", USER_HINT},
        {"r", "my writer", "alias/a", "'my writer' cannot be the name of an IAM user", USER_HINT},
        {"r", "w", "a", "'a' cannot be the alias of a customer-managed key", ALIAS_HINT},
        {"r", "w", "alias/", "'alias/' cannot be the alias of a customer-managed key", ALIAS_HINT},
        {"r", "w", "alias/a b", "'alias/a b' cannot be the alias of a customer-managed key",
         ALIAS_HINT},
        {"r", "w", "alias/aws/ssm", "'alias/aws/ssm' cannot be the alias of a customer-managed key",
         ALIAS_HINT},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct aws_place p = place;
        struct err e;
        struct buf out;
        buf_init(&out, 1 << 20);
        snprintf(p.profile[ROLE_READER], sizeof p.profile[0], "%s", cases[i].reader);
        snprintf(p.profile[ROLE_WRITER], sizeof p.profile[0], "%s", cases[i].writer);
        snprintf(p.alias, sizeof p.alias, "%s", cases[i].alias);
        const struct template_request rq = {.place = &p, .region = "us-west-2", .kms = true};
        bool ok = template_check(&rq, &e);
        same_int(cases[i].reader, ok, !cases[i].text);
        if (!ok)
            same_error("names", &e, ERR_INVALID, cases[i].text, cases[i].hint);
        same_int("in Terraform", template_terraform(&rq, &out, &e), ok);
        same_int("in CloudFormation", template_cloudformation(&rq, &out, &e), ok);
        buf_free(&out);
    }
}

/* A key of the account's own choice is not spoken of. */
static void test_a_key_that_is_named(void **state)
{
    (void)state;
    struct aws_place p = place;
    struct err e;
    struct buf out;
    buf_init(&out, 1 << 20);
    const struct template_request rq = {.place = &p, .region = "us-west-2"};
    assert_true(template_terraform(&rq, &out, &e));
    assert_non_null(strstr(buf_str(&out), policy_default_key_warning));
    buf_clear(&out);
    snprintf(p.kms_key, sizeof p.kms_key, "alias/theirs");
    assert_true(template_terraform(&rq, &out, &e));
    assert_null(strstr(buf_str(&out), "NOTE"));
    buf_free(&out);
}

/* All of it or none: where it does not fit, that is told. */
static void test_no_room(void **state)
{
    (void)state;
    const struct template_request rq = {.place = &place, .region = "us-west-2", .kms = true};
    bool (*const languages[])(const struct template_request *, struct buf *,
                              struct err *) = {template_cloudformation, template_terraform};
    for (size_t i = 0; i < COUNT(languages); i++) {
        struct buf whole;
        struct err e;
        buf_init(&whole, 1 << 20);
        assert_true(languages[i](&rq, &whole, &e));
        for (size_t less = 1; less < 20; less++) {
            struct buf out;
            buf_init(&out, whole.len - less);
            assert_false(languages[i](&rq, &out, &e));
            same_int("too large", e.code, ERR_TOO_LARGE);
            buf_free(&out);
        }
        buf_free(&whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_each_place),
        IN_WORLD(test_names),
        IN_WORLD(test_a_key_that_is_named),
        IN_WORLD(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
