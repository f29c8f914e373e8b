/* A profile's credential_process: a program of the user's that prints keys
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html). */
#include <stdio.h>

#include "aws_cache.h"
#include "aws_program.h"
#include "aws_source.h"

struct fetch {
    const struct aws_search *search;
    const char *command;
};

static bool no_keys_printed(const struct aws_keys *k, struct err *e)
{
    err_set(e, ERR_BAD_CREDENTIALS,
            "the credential_process of %s did not print keys (JSON, Version 1)", k->owner);
    return err_hint(e, "run it by hand; its format: docs.aws.amazon.com/sdkref/latest/guide/"
                       "feature-process-credentials.html");
}

static bool fetch(void *ctx, struct aws_keys *ret, struct err *e)
{
    const struct fetch *f = ctx;
    struct buf out;
    struct err ignored;
    char what[sizeof ret->owner + 32];
    snprintf(what, sizeof what, "the credential_process of %s", ret->owner);
    buf_init(&out, LIMIT_PROGRAM_OUTPUT);
    bool ok = aws_program_run(f->command, f->search->deadline, what, &out, e);
    if (ok) {
        jv *doc = jv_parse(buf_str(&out), out.len, &ignored);
        const struct aws_keys_text text = aws_keys_members(doc, "SessionToken");
        if (jv_number(doc, "Version", 0) != 1 || !text.id || !text.secret)
            ok = no_keys_printed(ret, e);
        else
            ok = aws_keys_take(ret, what, &text, e);
        jv_free(doc);
    }
    buf_free(&out);
    return ok;
}

enum found aws_from_program(const struct aws_search *s, struct aws_keys *ret, struct err *e)
{
    struct fetch f = {s, aws_config_get(s->config, s->profile, "credential_process")};
    struct buf identity;
    if (!f.command)
        return NOT_HERE;
    buf_init(&identity, LIMIT_PROGRAM_OUTPUT);
    bool ok = buf_printf(&identity, "program\n%s\n%s\n", s->profile, f.command) ||
              buf_error(&identity, "credential_process", e);
    ok = ok && aws_cache_get(&identity, s->deadline, fetch, &f, ret, e);
    buf_free(&identity);
    return ok ? FOUND : UNUSABLE;
}
