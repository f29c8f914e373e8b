#include "ops.h"
#include "parameter.h"

bool ssm_get(const struct request *rq, jv *answer, struct err *e)
{
    struct session s;
    struct aws_answer got = {0};
    struct parameter p;
    bool ok = session_open(&s, rq, e) && parameter_get(&s, rq->version, &got, &p, e) &&
              parameter_show(&p, answer, e);
    aws_answer_free(&got);
    session_close(&s);
    return ok;
}
