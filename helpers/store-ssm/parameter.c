#include "parameter.h"

#include "base/buf.h"

/* A name and ":VERSION". */
#define LIMIT_SELECTOR (LIMIT_PARAMETER_NAME + 24)

bool parameter_read(const jv *doc, struct parameter *ret, struct err *e)
{
    struct parameter p = {
        .version = jv_number(doc, "Version", 0),
        .modified = jv_millis(jv_get(doc, "LastModifiedDate"), 0),
        .by = jv_text(doc, "LastModifiedUser"),
        .value = jv_text(doc, "Value"),
    };
    if (p.version <= 0 || !p.value)
        return err_set(e, ERR_FAILED,
                       "GetParameter: the answer has no version and value of a parameter");
    p.by = p.by ? p.by : "";
    *ret = p;
    return true;
}

bool parameter_show(const struct parameter *p, jv *out, struct err *e)
{
    bool ok = jv_put_int(out, "version", p->version) && jv_put_int(out, "modified", p->modified) &&
              jv_put_text(out, "by", p->by) && jv_put_text(out, "value", p->value);
    return ok || err_no_memory(e);
}

/* NULL: out of memory. */
static jv *get_body(const char *name, int64_t version)
{
    jv *body = jv_object();
    struct buf selector;
    buf_init(&selector, LIMIT_SELECTOR);
    bool ok = buf_text(&selector, name) &&
              (!version || buf_printf(&selector, ":%lld", (long long)version)) &&
              jv_put_bytes(body, "Name", buf_str(&selector), selector.len) &&
              jv_put_bool(body, "WithDecryption", true);
    buf_free(&selector);
    if (ok)
        return body;
    jv_free(body);
    return NULL;
}

bool parameter_get(struct session *s, int64_t version, struct aws_answer *answer,
                   struct parameter *ret, struct err *e)
{
    const struct ssm_call call = {.action = "GetParameter",
                                  .body = get_body(s->rq->path, version),
                                  .kms_action = "kms:Decrypt"};
    return session_call(s, &call, answer, e) &&
           parameter_read(jv_get(answer->doc, "Parameter"), ret, e);
}
