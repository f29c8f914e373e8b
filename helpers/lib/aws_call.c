#include "aws_call.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_endpoint.h"
#include "aws_errors.h"
#include "aws_retry.h"
#include "base/clock.h"
#include "sigv4.h"

/* The signature, the scope and the names of at most seven headers. */
#define LIMIT_AUTHORIZATION 2048

/* AWS's window is 5 minutes for Parameter Store; less is no reason to correct anything. */
#define CLOCK_TOLERANCE_S 1

/* Parameter Store takes three puts a second of an account. */
#define CHANGE_PAUSE_MS 334

void aws_answer_free(struct aws_answer *a)
{
    jv_free(a->doc);
    http_response_free(&a->http);
    *a = (struct aws_answer){0};
}

/* ---- the request ---- */

/* The headers that are signed and sent. */
struct signed_request {
    struct sigv4_header headers[SIGV4_HEADERS_MAX];
    size_t count;
    char time[SIGV4_TIME_SIZE];
    struct buf authorization;
};

static void put_header(struct signed_request *r, const char *name, const char *value)
{
    r->headers[r->count++] = (struct sigv4_header){name, value};
}

static bool sign(const struct aws_client *c, const struct aws_call *call,
                 const struct aws_endpoint *to, struct signed_request *r)
{
    sigv4_time(clock_wall_ms() / 1000 + c->clock_ahead_s, r->time);
    put_header(r, "host", to->host);
    put_header(r, "x-amz-date", r->time);
    if (call->target)
        put_header(r, "x-amz-target", call->target);
    put_header(r, "content-type",
               call->target ? "application/x-amz-json-1.1" : "application/x-www-form-urlencoded");
    if (call->anonymous)
        return true;
    if (c->keys.token)
        put_header(r, "x-amz-security-token", secret_reveal(c->keys.token, NULL));
    const struct sigv4_request rq = {
        .method = "POST",
        .path = to->path,
        .query = "",
        .headers = r->headers,
        .header_count = r->count,
        .body = call->body,
        .body_len = call->body_len,
        .region = to->region,
        .service = call->service,
        .time = r->time,
        .key_id = c->keys.id,
        .secret = c->keys.secret,
    };
    return sigv4_authorization(&rq, &r->authorization);
}

/* One attempt may take two thirds of the time left: a server that hangs leaves time to ask
 * again, or to look whether a put was carried out. */
static int64_t attempt_deadline(const struct aws_client *c)
{
    int64_t now = clock_steady_ms(), left = c->deadline - now;
    return now + (left > 0 ? left * 2 / 3 : 0);
}

static bool send_signed(const struct aws_client *c, const struct aws_call *call,
                        const struct aws_endpoint *to, struct http_response *ret, struct err *e)
{
    struct signed_request r = {.count = 0};
    struct http_header headers[SIGV4_HEADERS_MAX + 1];
    buf_init(&r.authorization, LIMIT_AUTHORIZATION);
    bool ok = sign(c, call, to, &r) || buf_error(&r.authorization, "the signature", e);
    for (size_t i = 0; ok && i < r.count; i++)
        headers[i] = (struct http_header){r.headers[i].name, r.headers[i].value};
    headers[r.count] = (struct http_header){"authorization", buf_str(&r.authorization)};
    if (ok) {
        const struct http_request rq = {
            .method = "POST",
            .url = to->url,
            .headers = headers,
            .header_count = r.count + !call->anonymous,
            .body = call->body,
            .body_len = call->body_len,
            .deadline = attempt_deadline(c),
            .once = call->changes,
        };
        ok = http_perform(c->http, &rq, ret, e);
    }
    buf_free(&r.authorization);
    return ok;
}

/* ---- the answer ---- */

struct verdict {
    enum aws_retry_kind retry;
    bool skewed;
    bool bad_keys;
    int64_t retry_after_ms; /* negative: not said */
};

static enum aws_retry_kind retry_of(enum http_failure failure)
{
    static const enum aws_retry_kind kinds[] = {
        [HTTP_ANSWERED] = RETRY_NEVER,
        [HTTP_NO_ADDRESS] = RETRY_TRANSIENT,
        [HTTP_NO_CONNECTION] = RETRY_TRANSIENT,
        [HTTP_TIMED_OUT] = RETRY_TRANSIENT,
        [HTTP_UNTRUSTED] = RETRY_NEVER, /* a second handshake meets the same certificate */
        [HTTP_LOST] = RETRY_TRANSIENT,
        [HTTP_TOO_LARGE] = RETRY_NEVER,
        [HTTP_BROKEN] = RETRY_NEVER,
    };
    _Static_assert(sizeof kinds / sizeof kinds[0] == HTTP_FAILURE_COUNT, "one kind for each");
    return kinds[failure];
}

/* x-amz-retry-after is in milliseconds; whoever stands in between says Retry-After. */
static int64_t retry_after(const struct http_response *rs)
{
    char text[32];
    if (!http_response_header(rs, "x-amz-retry-after", text, sizeof text))
        return http_retry_after_ms(rs);
    char *end;
    long ms = strtol(text, &end, 10);
    return end != text && !*end && ms >= 0 ? ms : -1;
}

static bool explain(const struct aws_client *c, const struct aws_call *call,
                    const struct aws_endpoint *to, struct aws_answer *a, struct verdict *v,
                    struct err *e)
{
    char action[64], error_type[160] = "";
    snprintf(action, sizeof action, "%s:%s", call->service, call->action);
    http_response_header(&a->http, "x-amzn-errortype", error_type, sizeof error_type);
    struct aws_failure f;
    aws_failure_read(&f, a->http.status, error_type, buf_str(&a->http.body), a->http.body.len);
    const struct aws_subject about = {
        .action = action,
        .name = call->name,
        .region = c->region,
        .host = to->host,
        .keys = c->keys.owner,
        .profile_flag = c->keys.flag,
        .kms_action = call->kms_action,
    };
    aws_failure_explain(&f, &about, e);
    v->retry = f.retry;
    v->skewed = f.skewed;
    v->bad_keys = f.bad_keys;
    a->kms = f.kms;
    memcpy(a->code, f.code, sizeof a->code);
    v->retry_after_ms = retry_after(&a->http);
    /* A server that broke down may have done the work first. */
    a->unsure = f.retry == RETRY_TRANSIENT;
    return false;
}

static bool not_an_answer(const struct aws_endpoint *to, struct aws_answer *a, struct err *e)
{
    a->unsure = true;
    err_set(e, ERR_UNREACHABLE, "%s answered with something that is not AWS's", to->host);
    return err_hint(e, "a proxy or a sign-in page may stand in between: check the proxy variables "
                       "and the endpoint");
}

static void keep_pace(struct aws_client *c)
{
    int64_t wait = c->changed_at ? c->changed_at + CHANGE_PAUSE_MS - clock_steady_ms() : 0;
    if (wait > 0)
        clock_sleep_ms(wait);
    c->changed_at = clock_steady_ms();
}

static bool attempt(struct aws_client *c, const struct aws_call *call,
                    const struct aws_endpoint *to, struct aws_answer *a, struct verdict *v,
                    struct err *e)
{
    *v = (struct verdict){.retry = RETRY_NEVER, .retry_after_ms = -1};
    if (call->changes)
        keep_pace(c);
    if (!send_signed(c, call, to, &a->http, e)) {
        v->retry = retry_of(a->http.failure);
        a->unsure = a->http.sent;
        return false;
    }
    if (a->http.date)
        c->clock_seen_s = a->http.date - clock_wall_ms() / 1000;
    if (a->http.status != 200)
        return explain(c, call, to, a, v, e);
    if (!call->target || call->silent)
        return true;
    struct err ignored;
    a->doc = jv_parse(buf_str(&a->http.body), a->http.body.len, &ignored);
    return jv_is_object(a->doc) || not_an_answer(to, a, e);
}

/* ---- again? ---- */

static bool correct_clock(struct aws_client *c, const struct verdict *v)
{
    if (!v->skewed || c->clock_corrected || c->clock_seen_s == INT64_MIN ||
        llabs((long long)(c->clock_seen_s - c->clock_ahead_s)) <= CLOCK_TOLERANCE_S)
        return false;
    c->clock_ahead_s = c->clock_seen_s;
    c->clock_corrected = true;
    return true;
}

static bool renew_keys(struct aws_client *c, const struct verdict *v)
{
    aws_renew_fn *renew = v->bad_keys ? c->renew : NULL;
    struct err ignored; /* what AWS said of the old ones tells more */
    if (!renew)
        return false;
    c->renew = NULL;
    return renew(c, &ignored);
}

static bool wait_for_retry(struct aws_client *c, const struct verdict *v, int attempt_number,
                           int *ret_cost)
{
    const struct aws_retry r = {
        .kind = v->retry,
        .attempt = attempt_number,
        .max_attempts = c->max_attempts,
        .retry_after_ms = v->retry_after_ms,
        .random = randombytes_random() / 4294967296.0,
    };
    int64_t delay = aws_retry_delay(&r), left = c->deadline - clock_steady_ms();
    /* Before the time that the server named it says the same again. */
    if (delay == RETRY_STOP || delay >= left || v->retry_after_ms >= left ||
        !aws_bucket_pay(&c->bucket, v->retry, ret_cost))
        return false;
    clock_sleep_ms(delay);
    return true;
}

/* How long and how often it was tried: what decides whether trying later is worth it. */
static void tell_patience(struct err *e, int attempts, int64_t ms)
{
    size_t used = strlen(e->text);
    snprintf(e->text + used, sizeof e->text - used, " (%d attempt%s, %lld.%lld s)", attempts,
             attempts == 1 ? "" : "s", (long long)(ms / 1000), (long long)(ms % 1000 / 100));
}

static bool call_endpoint(struct aws_client *c, const struct aws_call *call,
                          const struct aws_endpoint *to, struct aws_answer *ret, struct err *e)
{
    struct verdict v;
    int64_t began = clock_steady_ms();
    int cost = 0;
    for (int number = 1; !attempt(c, call, to, ret, &v, e);) {
        bool again =
            correct_clock(c, &v) || renew_keys(c, &v) ||
            (!(call->changes && ret->unsure) && wait_for_retry(c, &v, number, &cost) && number++);
        if (!again) {
            if (v.retry_after_ms > 0)
                e->retry_after_ms = v.retry_after_ms;
            if (ret->http.failure == HTTP_TIMED_OUT)
                tell_patience(e, number, clock_steady_ms() - began);
            return false;
        }
        aws_answer_free(ret);
    }
    aws_bucket_refund(&c->bucket, cost);
    return true;
}

/* An endpoint chosen for one service stands in for all of AWS (a test's, a private one), unless it
 * is one of AWS's own, which serves that service alone, or the other service has one of its own. */
static const char *chosen_endpoint(const struct aws_client *c, const char *service)
{
    if (!c->endpoint || strcmp(service, c->endpoint_service ? c->endpoint_service : service) == 0)
        return c->endpoint;
    bool own = strstr(c->endpoint, ".amazonaws.com") || strstr(c->endpoint, ".api.aws") ||
               aws_config_endpoint_url(c->config, c->profile, service);
    return own ? NULL : c->endpoint;
}

bool aws_call(struct aws_client *c, const struct aws_call *call, struct aws_answer *ret,
              struct err *e)
{
    struct aws_endpoint to;
    *ret = (struct aws_answer){0};
    bool ok = aws_endpoint_find(c->config, c->profile, call->service, c->region,
                                chosen_endpoint(c, call->service), &to, e) &&
              call_endpoint(c, call, &to, ret, e);
    return ok || err_context(e, call->action);
}
