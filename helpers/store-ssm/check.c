/* Who are we to AWS, is the clock right, may we read: one row each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ops.h"
#include "parameter.h"
#include "xml.h"

/* AWS refuses signatures 5 minutes off; warn well before. */
#define CLOCK_WARN_S 60

#define LIMIT_ARN 600

struct finding {
    const char *name;
    bool ok;
    char detail[768];
    char hint[384];
};

static void note_error(struct finding *f, const struct err *e)
{
    f->ok = false;
    snprintf(f->detail, sizeof f->detail, "%s", e->text);
    snprintf(f->hint, sizeof f->hint, "%s", e->hint);
}

static bool show(const struct finding *f, jv *checks)
{
    jv *row = jv_object();
    bool ok = jv_put_text(row, "name", f->name) && jv_put_bool(row, "ok", f->ok) &&
              jv_put_text(row, "detail", f->detail) && jv_put_text(row, "hint", f->hint);
    return jv_push(checks, row) && ok;
}

static void check_identity(struct session *s, struct finding *f)
{
    static const char body[] = "Action=GetCallerIdentity&Version=2011-06-15";
    const struct aws_call call = {.service = "sts",
                                  .action = "GetCallerIdentity",
                                  .body = body,
                                  .body_len = sizeof body - 1,
                                  .name = "",
                                  .kms_action = ""};
    struct aws_client *c = &s->client;
    int64_t deadline = c->deadline;
    struct aws_answer got;
    struct err e;
    struct buf arn;

    /* Half of the time at most: reading the parameter tells more. */
    c->deadline = clock_steady_ms() + request_time_left(s->rq) / 2;
    f->ok = aws_call(c, &call, &got, &e);
    buf_init(&arn, LIMIT_ARN);
    if (f->ok && xml_text(buf_str(&got.http.body), got.http.body.len, "Arn", &arn))
        snprintf(f->detail, sizeof f->detail, "%s (%s)", buf_str(&arn), c->keys.owner);
    else if (!f->ok)
        note_error(f, &e);
    buf_free(&arn);
    aws_answer_free(&got);
    c->deadline = deadline;
}

static void check_read(struct session *s, struct finding *f)
{
    struct aws_answer got;
    struct parameter p;
    struct err e;
    f->ok = parameter_get(s, STORE_VERSION_NONE, &got, &p, &e);
    if (f->ok) {
        snprintf(f->detail, sizeof f->detail, "%s is at version %lld", s->rq->path,
                 (long long)p.version);
    } else {
        note_error(f, &e);
        f->ok = e.code == ERR_NOT_FOUND; /* allowed to look: there is nothing yet */
    }
    aws_answer_free(&got);
}

static void check_clock(const struct session *s, struct finding *f)
{
    int64_t ahead = s->client.clock_seen_s;
    if (ahead == INT64_MIN) {
        f->ok = true;
        snprintf(f->detail, sizeof f->detail, "not compared: there was no answer");
        return;
    }
    char span[64];
    clock_duration(llabs((long long)ahead) * 1000, span, sizeof span);
    f->ok = llabs((long long)ahead) < CLOCK_WARN_S;
    if (llabs((long long)ahead) <= 1)
        snprintf(f->detail, sizeof f->detail, "in step with AWS");
    else
        snprintf(f->detail, sizeof f->detail, "%s %s AWS", span, ahead > 0 ? "behind" : "ahead of");
    if (!f->ok)
        snprintf(f->hint, sizeof f->hint,
                 "set this machine's clock: timedatectl set-ntp true "
                 "(macOS: sntp -sS time.apple.com)");
}

bool ssm_check(const struct request *rq, jv *answer, struct err *e)
{
    struct session s;
    struct finding identity = {.name = "identity"}, clock = {.name = "clock"},
                   reading = {.name = "read"};
    jv *checks = jv_array();
    bool opened = session_open(&s, rq, e);
    if (opened) {
        check_identity(&s, &identity);
        check_read(&s, &reading);
        check_clock(&s, &clock);
    } else {
        note_error(&identity, e);
    }
    bool ok = show(&identity, checks);
    if (opened)
        ok = show(&clock, checks) && show(&reading, checks) && ok;
    ok = jv_put(answer, "checks", checks) && ok;
    session_close(&s);
    return ok || err_no_memory(e);
}
