/* Put without compare-and-swap: Parameter Store only numbers its versions, so the version that
 * comes back tells whether somebody else was in between.  A put whose answer was lost is looked
 * up before anything is written again. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ops.h"
#include "parameter.h"

#define STANDARD_LIMIT 4096
#define ADVANCED_LIMIT 8192

/* Puts for one request: a lost answer, looked up and found not carried out, is put once more. */
#define PUTS_MAX 2

static bool refuse_reader(struct err *e)
{
    err_set(e, ERR_DENIED, "this machine is a reader: only writers put");
    return err_hint(e, "set role = writer and writer-profile in credrelay.conf, if it should");
}

/* AWS counts characters; a UTF-8 character's continuation bytes are not. */
static size_t characters(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* As the configuration spells them, and as AWS does.  Without a tier of ours the account's default
 * or the parameter's own counts, and either may be Advanced: AWS has the last word between the two
 * limits. */
static const struct tier {
    const char *name, *aws_name;
    size_t limit;
} tiers[] = {
    {"", NULL, ADVANCED_LIMIT},
    {"standard", "Standard", STANDARD_LIMIT},
    {"advanced", "Advanced", ADVANCED_LIMIT},
    {"intelligent", "Intelligent-Tiering", ADVANCED_LIMIT},
    {"intelligent-tiering", "Intelligent-Tiering", ADVANCED_LIMIT},
};

static const struct tier *tier_of(const struct request *rq)
{
    const char *name = request_option(rq, "tier", "");
    for (size_t i = 0; i < sizeof tiers / sizeof tiers[0]; i++)
        if (strcasecmp(tiers[i].name, name) == 0)
            return &tiers[i];
    return NULL;
}

static bool check_tier(const struct request *rq, struct err *e)
{
    if (tier_of(rq))
        return true;
    err_set(e, ERR_INVALID, "there is no tier '%.40s'", request_option(rq, "tier", ""));
    return err_hint(e, "set tier = standard, advanced or intelligent");
}

static bool check_size(const struct request *rq, struct err *e)
{
    size_t limit = tier_of(rq)->limit, size = characters(rq->value);
    bool standard = limit == STANDARD_LIMIT;
    if (size <= limit)
        return true;
    err_set(e, ERR_TOO_LARGE, "the value has %zu characters; Parameter Store takes %zu%s", size,
            limit, standard ? " in the Standard tier" : "");
    return err_hint(e, standard ? "set tier = intelligent for this store (8192 characters; about "
                                  "0.05 USD a month)"
                                : "leave things out, or use another store");
}

/* Of the parameter's KMS key: the Advanced tier encrypts under a data key. */
static const char *kms_action(const struct request *rq)
{
    const char *tier = tier_of(rq)->aws_name;
    bool advanced =
        tier && (strcmp(tier, "Advanced") == 0 ||
                 (strcmp(tier, "Standard") != 0 && characters(rq->value) > STANDARD_LIMIT));
    return advanced ? "kms:GenerateDataKey" : "kms:Encrypt";
}

/* NULL: out of memory; a request must not go out with a part missing. */
static jv *put_body(const struct request *rq)
{
    jv *body = jv_object();
    const char *tier = tier_of(rq)->aws_name;
    const char *key = request_option(rq, "kms-key-id", NULL);
    bool ok = jv_put_text(body, "Name", rq->path) && jv_put_text(body, "Value", rq->value) &&
              jv_put_text(body, "Type", "SecureString") &&
              jv_put_bool(body, "Overwrite", rq->expect > 0) &&
              (!tier || jv_put_text(body, "Tier", tier)) &&
              (!key || jv_put_text(body, "KeyId", key));
    if (ok)
        return body;
    jv_free(body);
    return NULL;
}

/* The version put, or an error; *UNSURE: it may have been carried out. */
static bool put_once(struct session *s, int64_t *ret_version, bool *unsure, struct err *e)
{
    struct aws_answer got;
    const struct ssm_call call = {
        .action = "PutParameter",
        .body = put_body(s->rq),
        .changes = true,
        .kms_action = kms_action(s->rq),
    };
    bool ok = session_call(s, &call, &got, e);
    *unsure = !ok && got.unsure;
    if (ok) {
        *ret_version = jv_number(got.doc, "Version", 0);
        ok = *ret_version > 0 || err_set(e, ERR_FAILED, "PutParameter: the answer has no version");
    }
    aws_answer_free(&got);
    return ok;
}

enum looked_up { CARRIED_OUT, NOT_CARRIED_OUT, OVERTAKEN, NOT_KNOWN };

/* What became of a put whose answer did not come.  *ret_version when it was carried out. */
static enum looked_up look_up(struct session *s, int64_t *ret_version, struct err *e)
{
    struct aws_answer got;
    struct parameter p = {0};
    enum looked_up result = NOT_KNOWN;
    struct err why;
    if (parameter_get(s, STORE_VERSION_NONE, &got, &p, &why)) {
        *ret_version = p.version;
        result = p.version > s->rq->expect && strcmp(p.value, s->rq->value) == 0 ? CARRIED_OUT
                 : p.version == s->rq->expect                                    ? NOT_CARRIED_OUT
                                                                                 : OVERTAKEN;
    } else if (why.code == ERR_NOT_FOUND && s->rq->expect == STORE_VERSION_NONE) {
        result = NOT_CARRIED_OUT;
    }
    aws_answer_free(&got);
    if (result == OVERTAKEN)
        err_set(e, ERR_CONFLICT, "%s changed meanwhile: version %lld was expected, %lld is there",
                s->rq->path, (long long)s->rq->expect, (long long)p.version);
    if (result == NOT_KNOWN)
        err_hint(e, "whether the value was stored is not known; see: credrelay pull --dry-run");
    return result;
}

static bool put(struct session *s, int64_t *ret_version, struct err *e)
{
    for (int puts = 1;; puts++) {
        bool unsure;
        if (put_once(s, ret_version, &unsure, e))
            return true;
        if (!unsure)
            return false;
        enum looked_up found = look_up(s, ret_version, e);
        if (found == CARRIED_OUT)
            return true;
        if (found != NOT_CARRIED_OUT || puts == PUTS_MAX)
            return false;
    }
}

bool ssm_put(const struct request *rq, jv *answer, struct err *e)
{
    if (!request_is_writer(rq))
        return refuse_reader(e);
    struct session s;
    int64_t version = 0;
    if (!check_tier(rq, e) || !check_size(rq, e))
        return false;
    bool ok = session_open(&s, rq, e) && put(&s, &version, e);
    session_close(&s);
    if (!ok)
        return false;
    ok = jv_put_int(answer, "version", version);
    if (version - 1 != rq->expect)
        ok = ok && jv_put_bool(answer, "raced", true);
    return ok || err_no_memory(e);
}
