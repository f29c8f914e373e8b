/* credrelay aws policy: the least that a role needs, as an IAM policy. */
#include <stdio.h>
#include <string.h>

#include "cmd/aws.h"
#include "cmd/show.h"
#include "provision/aws_admin.h"
#include "provision/policy.h"

/* Whoever is known to AWS here knows the account: the role's own profile, or the machine's usual
 * keys before there is one. */
static bool ask_account(const struct aws_place *p, enum role role, struct aws_identity *ret,
                        struct err *e)
{
    struct aws_admin a;
    struct err ignored;
    return (aws_admin_open(p, p->profile[role], &a, &ignored) &&
            aws_admin_identity(&a, NULL, ret, &ignored)) ||
           (aws_admin_open(p, "", &a, e) && aws_admin_identity(&a, NULL, ret, e)) ||
           err_hint(e, "say whose it is: --account 123456789012");
}

static bool find_account(const struct options *o, const struct aws_place *p, enum role role,
                         struct aws_identity *ret, struct err *e)
{
    const char *given = o->account, *region = aws_region(p);
    if (!given)
        return ask_account(p, role, ret, e);
    if (!policy_account_ok(given)) {
        err_set(e, ERR_USAGE, "'%.40s' is not the number of an AWS account", given);
        return err_hint(e, "it has 12 digits");
    }
    if (!region)
        return aws_no_region(e);
    snprintf(ret->account, sizeof ret->account, "%s", given);
    return (size_t)snprintf(ret->region, sizeof ret->region, "%s", region) < sizeof ret->region ||
           aws_no_region(e);
}

static jv *make(const struct options *o, const struct aws_place *p, enum role role,
                const struct aws_identity *who, struct err *e)
{
    const struct policy_words words = {.partition = policy_partition(who->region),
                                       .account = who->account,
                                       .user = "${aws:username}"};
    const struct policy_request rq = {.role = role,
                                      .region = who->region,
                                      .path = p->path,
                                      .plain = p->plain,
                                      .kms_key = p->kms_key,
                                      .tier = p->tier,
                                      .rotate_self = o->rotate_self};
    return policy_make(&rq, &words, e);
}

/* DOCUMENT is taken over. */
static void show_json(const struct aws_place *p, enum role role, const struct aws_identity *who,
                      jv *document)
{
    jv *v = jv_object();
    jv_put_bool(v, "ok", true);
    jv_put_text(v, "command", "aws policy");
    jv_put_text(v, "role", role_name(role));
    jv_put_text(v, "user", p->profile[role]);
    jv_put_text(v, "account", who->account);
    jv_put_text(v, "region", who->region);
    jv_put(v, "policy", document);
    jv_put_text(v, "warning", p->kms_key[0] ? NULL : policy_default_key_warning);
    show_line(v);
}

static void show(const struct aws_place *p, jv *document)
{
    struct buf text;
    buf_init(&text, LIMIT_STATE);
    if (jv_write_indented(document, &text))
        puts(buf_str(&text));
    buf_free(&text);
    jv_free(document);
    if (!p->kms_key[0])
        aws_warn_default_key();
}

static int run(const struct options *o, int argc, char **argv)
{
    struct aws_subject_of s;
    struct aws_identity who;
    struct err e;
    enum role role = ROLE_READER;
    (void)argc;
    if (!aws_role(argv[0], &role, &e) || !aws_load(o, &s, &e))
        return tell_failure("aws policy", o, &e);
    jv *document =
        find_account(o, &s.place, role, &who, &e) ? make(o, &s.place, role, &who, &e) : NULL;
    if (document && o->json)
        show_json(&s.place, role, &who, document);
    else if (document)
        show(&s.place, document);
    relay_free(&s.relay);
    return document ? 0 : tell_failure("aws policy", o, &e);
}

const struct command cmd_aws_policy = {
    .name = "aws policy",
    .arguments = "reader|writer",
    .summary = "print the least that a role needs, as an IAM policy",
    .about =
        "Prints the IAM policy of a role's user, for the relay's path, region, account and KMS "
        "key:\n"
        "a reader may get the shared value and nothing else; a writer may read and publish.",
    .options = TAKES(RELAY) | TAKES(ACCOUNT) | TAKES(ROTATE_SELF) | TAKES(JSON),
    .least = 1,
    .most = 1,
    .run = run,
};
