/* Who are we to AWS, is the clock right, is the connection what it should be, and what may we do:
 * one row each.
 *
 * What is needed and does not work is not ok; what works and should be seen to is a warning.
 *
 * Nothing is written.  Whether a writer may put is asked by a put that AWS must refuse for two
 * reasons after it has looked at the permission: the parameter is there and Overwrite is false, and
 * no value fits its AllowedPattern.  It is only made when the parameter is there. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_endpoint.h"
#include "base/clock.h"
#include "ops.h"
#include "parameter.h"
#include "this_machine.h"
#include "xml.h"

/* AWS refuses signatures 5 minutes off, and so much off a login's expiry means little; warn well
 * before. */
enum { CLOCK_WARN_S = 60, CLOCK_WRONG_S = 300 };

/* Certificates are renewed weeks before their end where somebody looks after them. */
enum { CERTIFICATE_WARN_S = 14 * 24 * 3600 };

static const char *const row_names[] = {
    [ROW_IDENTITY] = "identity",
    [ROW_PROFILE] = "profile",
    [ROW_KEYS_FILE] = "keys_file",
    [ROW_CLOCK] = "clock",
    [ROW_CERTIFICATE] = "certificate",
    [ROW_READ] = "read",
    [ROW_KMS] = "kms",
    [ROW_WRITE] = "write",
    [ROW_HISTORY] = "history",
};
_Static_assert(sizeof row_names / sizeof row_names[0] == ROW_COUNT, "one name for each row");

struct finding *check_row(struct check *c, enum row which, bool ok)
{
    c->rows[which].asked = true;
    c->rows[which].ok = ok;
    return &c->rows[which];
}

static void note_error(struct finding *f, const struct err *e)
{
    snprintf(f->detail, sizeof f->detail, "%s", e->text);
    snprintf(f->hint, sizeof f->hint, "%s", e->hint);
}

/* ---- identity, clock ---- */

static void check_identity(struct check *c)
{
    static const char body[] = "Action=GetCallerIdentity&Version=2011-06-15";
    const struct aws_call call = {.service = "sts",
                                  .action = "GetCallerIdentity",
                                  .body = body,
                                  .body_len = sizeof body - 1,
                                  .name = "",
                                  .kms_action = ""};
    struct aws_client *client = &c->session.client;
    int64_t deadline = client->deadline;
    struct aws_answer got;
    struct buf arn;
    struct err e;

    /* Half of the time at most: reading the parameter tells more. */
    client->deadline = clock_steady_ms() + request_time_left(c->session.rq) / 2;
    buf_init(&arn, sizeof c->arn);
    struct finding *f = check_row(c, ROW_IDENTITY, aws_call(client, &call, &got, &e));
    if (!f->ok)
        note_error(f, &e);
    else if (xml_text(buf_str(&got.http.body), got.http.body.len, "Arn", &arn))
        snprintf(c->arn, sizeof c->arn, "%s", buf_str(&arn));
    if (f->ok)
        snprintf(f->detail, sizeof f->detail, "%.500s (%s)", c->arn, client->keys.owner);
    buf_free(&arn);
    aws_answer_free(&got);
    client->deadline = deadline;
}

static void check_clock(struct check *c)
{
    int64_t ahead = c->session.client.clock_seen_s;
    char span[64];
    if (ahead == INT64_MIN) {
        struct finding *f = check_row(c, ROW_CLOCK, true);
        snprintf(f->detail, sizeof f->detail, "not compared: there was no answer");
        return;
    }
    int64_t off = llabs((long long)ahead);
    struct finding *f = check_row(c, ROW_CLOCK, off < CLOCK_WRONG_S);
    f->warning = f->ok && off >= CLOCK_WARN_S;
    clock_duration(off * 1000, span, sizeof span);
    if (off <= 1)
        snprintf(f->detail, sizeof f->detail, "in step with AWS");
    else
        snprintf(f->detail, sizeof f->detail, "%s %s AWS", span, ahead > 0 ? "behind" : "ahead of");
    if (off >= CLOCK_WARN_S)
        snprintf(f->hint, sizeof f->hint,
                 "set this machine's clock: timedatectl set-ntp true "
                 "(macOS: sntp -sS time.apple.com)");
}

/* ---- the connection ---- */

/* Behind the N bytes that are there. */
static void say_end(struct finding *f, size_t n, int64_t ends_s, const char *host)
{
    int64_t left_s = ends_s - clock_wall_ms() / 1000;
    char span[64], date[32];
    if (!ends_s)
        return;
    clock_rfc3339(ends_s * 1000, date, sizeof date);
    clock_duration(left_s * 1000, span, sizeof span);
    f->warning = left_s < CERTIFICATE_WARN_S;
    if (!f->warning) {
        snprintf(f->detail + n, sizeof f->detail - n, " until %.10s", date);
        return;
    }
    snprintf(f->detail + n, sizeof f->detail - n, " and ends in %s", span);
    snprintf(f->hint, sizeof f->hint, "whoever runs %.200s must renew its certificate", host);
}

static void check_certificate(struct check *c, const struct aws_answer *got, const struct err *e)
{
    const struct aws_client *client = &c->session.client;
    struct aws_endpoint to;
    struct err ignored;
    if (!aws_endpoint_find(client->config, client->profile, "ssm", client->region, client->endpoint,
                           &to, &ignored))
        return;
    if (strncmp(to.url, "https:", 6) != 0) {
        struct finding *f = check_row(c, ROW_CERTIFICATE, is_this_machine(to.host));
        snprintf(f->detail, sizeof f->detail, "none: %s is asked over plain http", to.host);
        if (!f->ok)
            snprintf(f->hint, sizeof f->hint,
                     "set the endpoint to https://%s: everybody on the way "
                     "can read the login",
                     to.host);
        return;
    }
    if (got->http.failure == HTTP_UNTRUSTED) {
        note_error(check_row(c, ROW_CERTIFICATE, false), e);
        return;
    }
    struct finding *f = check_row(c, ROW_CERTIFICATE, true);
    if (!got->http.status) {
        snprintf(f->detail, sizeof f->detail, "not seen: there was no answer");
        return;
    }
    size_t n = (size_t)snprintf(f->detail, sizeof f->detail, "that of %.200s is trusted (%.300s)",
                                to.host, http_trust(client->http));
    say_end(f, n, got->http.certificate_ends, to.host);
}

/* ---- permissions ---- */

/* The encryption context that Parameter Store gives KMS, which policies can ask for. */
static void context(const struct check *c, char *out, size_t size)
{
    const char *account = c->arn;
    for (int colons = 0; *account && colons < 4; account++)
        colons += *account == ':';
    const char *path = c->session.rq->path;
    snprintf(out, size, "PARAMETER_ARN = arn:%.*s:ssm:%s:%.*s:parameter%s%s",
             c->arn[0] ? (int)strcspn(c->arn + 4, ":") : 3, c->arn[0] ? c->arn + 4 : "aws",
             c->session.client.region, (int)strcspn(account, ":"), account, *path == '/' ? "" : "/",
             path);
}

static void check_kms(struct check *c, const struct aws_answer *got, const struct err *e)
{
    char text[sizeof c->arn];
    context(c, text, sizeof text);
    if (!got->code[0] && got->http.status == 200) {
        struct finding *f = check_row(c, ROW_KMS, true);
        snprintf(f->detail, sizeof f->detail, "the value could be deciphered (%.500s)", text);
    } else if (got->kms) {
        struct finding *f = check_row(c, ROW_KMS, false);
        note_error(f, e);
        size_t n = strlen(f->detail);
        snprintf(f->detail + n, sizeof f->detail - n,
                 "; a condition on kms:EncryptionContext must say %.400s", text);
    } else {
        struct finding *f = check_row(c, ROW_KMS, true);
        snprintf(f->detail, sizeof f->detail, "not tested: no value was read");
    }
}

/* True: there is one. */
static bool check_read(struct check *c)
{
    struct aws_answer got;
    struct parameter p;
    struct err e;
    bool there = parameter_get(&c->session, STORE_VERSION_NONE, &got, &p, &e);
    /* Not found: allowed to look, and there is nothing yet. */
    struct finding *f = check_row(c, ROW_READ, there || e.code == ERR_NOT_FOUND);
    if (there)
        snprintf(f->detail, sizeof f->detail, "%s is at version %lld", c->session.rq->path,
                 (long long)p.version);
    else
        note_error(f, &e);
    check_certificate(c, &got, &e);
    check_kms(c, &got, &e);
    aws_answer_free(&got);
    return there;
}

static jv *refused_put(const struct check *c)
{
    jv *body = jv_object();
    bool ok = jv_put_text(body, "Name", c->session.rq->path) &&
              jv_put_text(body, "Value", "never stored") &&
              jv_put_text(body, "Type", "SecureString") && jv_put_bool(body, "Overwrite", false) &&
              jv_put_text(body, "AllowedPattern", "^nothing fits$");
    if (ok)
        return body;
    jv_free(body);
    return NULL;
}

static void check_write(struct check *c)
{
    struct aws_answer got;
    struct err e;
    const struct ssm_call call = {.action = "PutParameter",
                                  .body = refused_put(c),
                                  .changes = true,
                                  .kms_action = "kms:Encrypt"};
    bool ok = session_call(&c->session, &call, &got, &e);
    bool refused = strcmp(got.code, "ParameterAlreadyExists") == 0 ||
                   strcmp(got.code, "ParameterPatternMismatchException") == 0;
    struct finding *f = check_row(c, ROW_WRITE, ok || e.code != ERR_DENIED);
    if (refused)
        snprintf(f->detail, sizeof f->detail,
                 "may put (asked by a put that changes nothing; enciphering was not tested)");
    else if (!f->ok)
        note_error(f, &e);
    else
        snprintf(f->detail, sizeof f->detail, "not tested: %.600s",
                 ok ? "AWS answered otherwise than it should" : e.text);
    aws_answer_free(&got);
}

static void check_history(struct check *c)
{
    struct aws_answer got;
    struct err e;
    jv *body = jv_object();
    if (!jv_put_text(body, "Name", c->session.rq->path) || !jv_put_int(body, "MaxResults", 1)) {
        jv_free(body);
        body = NULL;
    }
    const struct ssm_call call = {
        .action = "GetParameterHistory", .body = body, .kms_action = "kms:Decrypt"};
    bool ok = session_call(&c->session, &call, &got, &e);
    /* Only a doubt needs it, so it is nothing that fails. */
    struct finding *f = check_row(c, ROW_HISTORY, true);
    f->warning = !ok;
    if (ok)
        snprintf(f->detail, sizeof f->detail, "earlier versions can be read");
    else
        note_error(f, &e);
    aws_answer_free(&got);
}

/* ---- together ---- */

static bool show(const struct finding *f, const char *name, jv *checks)
{
    jv *shown = jv_object();
    bool ok = jv_put_text(shown, "name", name) && jv_put_bool(shown, "ok", f->ok) &&
              (!f->warning || jv_put_bool(shown, "warning", true)) &&
              jv_put_text(shown, "detail", f->detail) && jv_put_text(shown, "hint", f->hint);
    return jv_push(checks, shown) && ok;
}

static bool show_all(const struct check *c, jv *answer)
{
    jv *checks = jv_array();
    bool ok = true;
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (c->rows[i].asked)
            ok = show(&c->rows[i], row_names[i], checks) && ok;
    return jv_put(answer, "checks", checks) && ok;
}

static void look(struct check *c)
{
    http_watch_certificate(c->session.client.http);
    check_identity(c);
    bool there = check_read(c);
    if (there && request_is_writer(c->session.rq)) {
        check_write(c);
        check_history(c);
    }
    check_clock(c);
}

bool ssm_check(const struct request *rq, jv *answer, struct err *e)
{
    struct check *c = calloc(1, sizeof *c);
    if (!c)
        return err_no_memory(e);
    if (session_open(&c->session, rq, e))
        look(c);
    else
        note_error(check_row(c, ROW_IDENTITY, false), e);
    check_keys(c);
    bool ok = show_all(c, answer);
    session_close(&c->session);
    free(c);
    return ok || err_no_memory(e);
}
