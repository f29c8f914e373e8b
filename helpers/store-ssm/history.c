/* All versions that Parameter Store still has (at most 100), newest first. */
#include <stdlib.h>

#include "ops.h"
#include "parameter.h"

#define PAGE_SIZE 50  /* as many as AWS gives at once */
#define PAGES_MAX 100 /* AWS may give short pages; a server that never ends is not AWS's */

static bool get_page(struct session *s, const jv *token, struct aws_answer *ret, struct err *e)
{
    jv *body = jv_object();
    bool ok = jv_put_text(body, "Name", s->rq->path) && jv_put_bool(body, "WithDecryption", true) &&
              jv_put_int(body, "MaxResults", PAGE_SIZE) &&
              (!token || jv_put(body, "NextToken", jv_copy(token)));
    if (!ok) {
        jv_free(body);
        body = NULL;
    }
    const struct ssm_call call = {
        .action = "GetParameterHistory", .body = body, .kms_action = "kms:Decrypt"};
    return session_call(s, &call, ret, e);
}

static bool keep_page(const jv *page, jv *versions, struct err *e)
{
    const jv *parameters = jv_get(page, "Parameters");
    for (size_t i = 0; i < jv_size(parameters); i++) {
        struct parameter p;
        jv *shown = jv_object();
        bool ok = parameter_read(jv_at(parameters, i), &p, e) && parameter_show(&p, shown, e);
        if (!jv_push(versions, shown))
            return err_no_memory(e);
        if (!ok)
            return false;
    }
    return true;
}

static bool get_all(struct session *s, jv *versions, struct err *e)
{
    jv *token = NULL;
    bool ok = true, more = true;
    for (int page = 0; ok && more && page < PAGES_MAX; page++) {
        struct aws_answer got;
        ok = get_page(s, token, &got, e) && keep_page(got.doc, versions, e);
        jv_free(token);
        /* A short page is not the last one; only the missing token says so. */
        const jv *next = jv_get(got.doc, "NextToken");
        more = jv_is_string(next);
        token = more ? jv_copy(next) : NULL;
        aws_answer_free(&got);
    }
    jv_free(token);
    return ok;
}

struct entry {
    int64_t version;
    const jv *shown;
};

static int newest_first(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return (x->version < y->version) - (x->version > y->version);
}

static bool show(const jv *versions, int64_t limit, jv *out, struct err *e)
{
    size_t count = jv_size(versions);
    struct entry *entries = calloc(count + 1, sizeof *entries);
    if (!entries)
        return err_no_memory(e);
    for (size_t i = 0; i < count; i++)
        entries[i] =
            (struct entry){jv_number(jv_at(versions, i), "version", 0), jv_at(versions, i)};
    qsort(entries, count, sizeof *entries, newest_first);
    bool ok = true;
    for (size_t i = 0; ok && i < count && (int64_t)i < limit; i++)
        ok = jv_push(out, jv_copy(entries[i].shown));
    free(entries);
    return ok || err_no_memory(e);
}

bool ssm_history(const struct request *rq, jv *answer, struct err *e)
{
    struct session s;
    jv *versions = jv_array(), *shown = jv_array();
    bool ok =
        session_open(&s, rq, e) && get_all(&s, versions, e) && show(versions, rq->limit, shown, e);
    if (!jv_put(answer, "versions", shown) && ok)
        ok = err_no_memory(e);
    jv_free(versions);
    session_close(&s);
    return ok;
}
