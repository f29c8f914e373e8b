#include "session.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"

bool request_is_writer(const struct request *rq)
{
    return strcmp(rq->role, "writer") == 0;
}

const char *session_profile(const struct session *s)
{
    if (s->url.profile[0])
        return s->url.profile;
    return request_option(s->rq, request_is_writer(s->rq) ? "writer-profile" : "reader-profile",
                          NULL);
}

bool session_open(struct session *s, const struct request *rq, struct err *e)
{
    *s = (struct session){.rq = rq};
    if (!ssm_url_parse(rq->store, &s->url, e))
        return false;
    if (!*rq->path)
        return err_set(e, ERR_INVALID, "the request names no parameter");
    if (strlen(rq->path) > LIMIT_PARAMETER_NAME)
        return err_set(e, ERR_INVALID, "the parameter's name is longer than %d characters",
                       LIMIT_PARAMETER_NAME);
    const struct aws_choice choice = {.profile = session_profile(s),
                                      .region = s->url.region,
                                      .endpoint = s->url.endpoint,
                                      .service = "ssm"};
    return aws_client_open(&s->client, &choice, rq->deadline, e);
}

void session_close(struct session *s)
{
    aws_client_close(&s->client);
}

bool session_call(struct session *s, const struct ssm_call *call, struct aws_answer *ret,
                  struct err *e)
{
    char target[96];
    snprintf(target, sizeof target, "AmazonSSM.%s", call->action);
    struct buf body;
    buf_init(&body, LIMIT_STORE_LINE);
    *ret = (struct aws_answer){0};
    bool ok = jv_write(call->body, &body) || buf_error(&body, "the request", e);
    jv_free(call->body);
    if (ok)
        ok = aws_call(&s->client,
                      &(struct aws_call){
                          .service = "ssm",
                          .action = call->action,
                          .target = target,
                          .body = buf_str(&body),
                          .body_len = body.len,
                          .changes = call->changes,
                          .name = s->rq->path,
                          .kms_action = call->kms_action,
                      },
                      ret, e);
    buf_free(&body);
    return ok;
}
