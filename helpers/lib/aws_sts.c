#include "aws_sts.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aws_call.h"
#include "aws_form.h"
#include "base/parse.h"
#include "xml.h"

/* STS's own bounds. */
enum { DURATION_LEAST_S = 900, DURATION_MOST_S = 43200, SESSION_NAME_SIZE = 65 };

/* ---- the form ---- */

/* What CloudTrail shows of who it was. */
static void usual_session_name(char out[SESSION_NAME_SIZE])
{
    char host[SESSION_NAME_SIZE] = "";
    (void)!gethostname(host, sizeof host - 1);
    for (char *p = host; *p; p++)
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-", *p))
            *p = '-';
    snprintf(out, SESSION_NAME_SIZE, "credrelay-%.50s", host);
}

static void write_form(struct buf *form, const char *action, const struct aws_sts_role *role)
{
    char name[SESSION_NAME_SIZE];
    int64_t duration;
    usual_session_name(name);
    aws_form_begin(form, action, "2011-06-15");
    aws_form_put(form, "RoleArn", role->arn);
    aws_form_put(form, "RoleSessionName", role->session_name ? role->session_name : name);
    if (role->external_id)
        aws_form_put(form, "ExternalId", role->external_id);
    if (role->duration_s &&
        parse_int64(role->duration_s, DURATION_LEAST_S, DURATION_MOST_S, &duration))
        aws_form_put(form, "DurationSeconds", role->duration_s);
    if (role->web_token)
        aws_form_put(form, "WebIdentityToken", role->web_token);
}

/* ---- the answer ---- */

static bool take_keys(const struct buf *xml, struct aws_keys *ret, struct err *e)
{
    static const char *const names[] = {"AccessKeyId", "SecretAccessKey", "SessionToken",
                                        "Expiration"};
    enum { COUNT = sizeof names / sizeof names[0] };
    struct buf values[COUNT];
    bool ok = true;
    for (size_t i = 0; i < COUNT; i++) {
        buf_init(&values[i], LIMIT_FORM);
        ok = xml_text(buf_str(xml), xml->len, names[i], &values[i]) && ok;
    }
    const struct aws_keys_text text = {buf_str(&values[0]), buf_str(&values[1]),
                                       buf_str(&values[2]), buf_str(&values[3])};
    if (ok)
        ok = aws_keys_take(ret, "the role", &text, e);
    else
        err_set(e, ERR_FAILED, "the answer of STS has no keys");
    for (size_t i = 0; i < COUNT; i++)
        buf_free(&values[i]);
    return ok;
}

/* ---- the call ---- */

static void client_for(const struct aws_search *s, const struct aws_keys *with,
                       struct aws_client *ret)
{
    *ret = (struct aws_client){
        .config = s->config,
        .http = s->http,
        .profile = s->profile,
        .endpoint = s->endpoint,
        .endpoint_service = s->endpoint_service,
        .deadline = s->deadline,
        .max_attempts = aws_config_max_attempts(s->config, s->profile),
        .bucket = AWS_BUCKET_FULL,
        .clock_seen_s = INT64_MIN,
    };
    snprintf(ret->region, sizeof ret->region, "%s", s->region);
    if (with)
        ret->keys = *with; /* lent */
}

bool aws_sts_assume(const struct aws_search *s, const struct aws_keys *with,
                    const struct aws_sts_role *role, struct aws_keys *ret, struct err *e)
{
    const char *action = role->web_token ? "AssumeRoleWithWebIdentity" : "AssumeRole";
    struct aws_client client;
    struct aws_answer got = {0};
    struct buf form;
    client_for(s, with, &client);
    if (!with)
        snprintf(client.keys.owner, sizeof client.keys.owner, "%s", ret->owner);
    buf_init(&form, LIMIT_FORM);
    write_form(&form, action, role);
    const struct aws_call call = {.service = "sts",
                                  .action = action,
                                  .body = buf_str(&form),
                                  .body_len = form.len,
                                  .anonymous = role->web_token != NULL,
                                  .name = role->arn,
                                  .kms_action = ""};
    bool ok = (!form.failed || buf_error(&form, "the request for a role", e)) &&
              aws_call(&client, &call, &got, e) && take_keys(&got.http.body, ret, e);
    buf_free(&form);
    aws_answer_free(&got);
    return ok;
}
