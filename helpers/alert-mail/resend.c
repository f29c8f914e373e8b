#include "resend.h"

static jv *list(const struct addresses *to, struct err *e)
{
    jv *v = jv_array();
    bool ok = true;
    for (size_t i = 0; i < to->count; i++)
        ok = jv_push(v, jv_new_text(to->at[i])) && ok;
    return jv_whole(v, ok, e);
}

jv *resend_document(const struct alert_request *rq, const char *from, const struct addresses *to,
                    struct err *e)
{
    jv *v = jv_object();
    return jv_whole(v,
                    jv_put_text(v, "from", from) && jv_put(v, "to", list(to, e)) &&
                        jv_put_text(v, "subject", alert_text(rq, "subject")) &&
                        jv_put_text(v, "text", alert_text(rq, "text")),
                    e);
}
