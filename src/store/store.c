#include "store/store.h"

#include <stdio.h>
#include <string.h>

#include "base/helper.h"
#include "base/utf8.h"

/* ---- the URL ---- */

static const struct {
    const char *scheme, *display;
} known[] = {{"local", "the local store"}, {"ssm", "Parameter Store"}};

static const char *display_of(const struct store *s)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].scheme, s->scheme) == 0)
            return known[i].display;
    return s->scheme;
}

static bool bad_url(const char *url, struct err *e)
{
    err_set(e, ERR_USAGE, "'%.128s' is not a store", url);
    return err_hint(e, "write store = ssm://REGION/NAME or store = local:");
}

/* scheme://HOST/PATH[?...]: the value's name is the path.  scheme:REST: the relay's name is. */
static bool split_url(const char *url, const char *relay, struct store *s, struct err *e)
{
    size_t n = strspn(url, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (n == 0 || url[n] != ':' || n >= sizeof s->scheme || strlen(url) >= sizeof s->url)
        return bad_url(url, e);
    memcpy(s->scheme, url, n);
    s->scheme[n] = '\0';
    memcpy(s->url, url, strlen(url) + 1);
    const char *path = strncmp(url + n, "://", 3) == 0 ? url + n + 3 : NULL;
    if (path && *(path += strcspn(path, "/?")) != '/')
        return bad_url(url, e);
    int len = path ? snprintf(s->path, sizeof s->path, "%.*s", (int)strcspn(path, "?"), path)
                   : snprintf(s->path, sizeof s->path, "/%s/login", relay);
    if ((size_t)len >= sizeof s->path || (path && len < 2))
        return bad_url(url, e);
    return true;
}

/* ---- the helper ---- */

static bool find_helper(struct store *s, struct err *e)
{
    char name[64];
    snprintf(name, sizeof name, "store-%s", s->scheme);
    if (helper_find(name, s->program))
        return true;
    err_set(e, ERR_UNSUPPORTED, "no helper for '%s:' stores", s->scheme);
    return err_hint(e, "install credrelay whole, or put a program called credrelay-%s on PATH",
                    name);
}

bool store_open(const char *url, const char *relay, struct store *ret, struct err *e)
{
    struct store s = {.scheme = ""};
    if (!split_url(url, relay, &s, e) || !find_helper(&s, e))
        return false;
    *ret = s;
    ret->display = display_of(ret); /* may be the scheme in *ret */
    return true;
}

/* ---- one call ---- */

static jv *request(const struct store_call *c, enum store_op op)
{
    jv *rq = jv_object();
    jv_put_int(rq, "credrelay", STORE_PROTOCOL);
    jv_put_text(rq, "op", store_op_names[op]);
    jv_put_text(rq, "store", c->store->url);
    jv_put_text(rq, "path", c->path);
    jv_put_text(rq, "role", c->role);
    jv_put_text(rq, "machine", c->machine);
    jv_put(rq, "options", c->options ? jv_copy(c->options) : jv_object());
    jv_put_int(rq, "deadline_ms", c->timeout_ms);
    return rq;
}

/* Send RQ (taken over) and read the answer; the caller frees it. */
static jv *call(const struct store_call *c, jv *rq, struct err *e)
{
    const struct helper_call call = {.program = c->store->program,
                                     .timeout_ms = c->timeout_ms,
                                     .if_late = "try again, or raise `timeout` in credrelay.conf",
                                     .told = c->errors};
    jv *answer = helper_ask(&call, rq, e);
    if (!answer)
        err_context(e, c->store->display);
    return answer;
}

static bool nonsense(const struct store_call *c, const char *what, struct err *e)
{
    err_set(e, ERR_FAILED, "%s: the answer has no %s", c->store->display, what);
    return err_hint(e, "what a store must answer: credrelay-store(7)");
}

bool store_get(const struct store_call *c, int64_t version, struct store_value *ret, struct err *e)
{
    jv *rq = request(c, STORE_GET);
    if (version)
        jv_put_int(rq, "version", version);
    jv *answer = call(c, rq, e);
    if (!answer)
        return false;
    const char *text = jv_text(answer, "value"), *by = jv_text(answer, "by");
    struct store_value v = {.version = jv_number(answer, "version", 0),
                            .modified = jv_number(answer, "modified", 0)};
    bool ok = v.version > 0 && text;
    if (!ok)
        nonsense(c, v.version > 0 ? "value" : "version", e);
    else if (!(v.value = secret_copy(text, strlen(text))))
        ok = err_no_memory(e);
    if (ok) {
        snprintf(v.by, sizeof v.by, "%s", by ? by : "");
        utf8_make_printable(v.by);
        *ret = v;
    }
    jv_free(answer);
    return ok;
}

void store_value_free(struct store_value *v)
{
    secret_free(v->value);
    v->value = NULL;
}

bool store_put(const struct store_call *c, const void *value, size_t len, int64_t expect,
               struct store_put_result *ret, struct err *e)
{
    jv *rq = request(c, STORE_PUT);
    if (!jv_put_bytes(rq, "value", value, len)) {
        jv_free(rq);
        return jv_ran_out() ? err_no_memory(e)
                            : err_set(e, ERR_INVALID, "the login is not valid UTF-8");
    }
    jv_put_int(rq, "expect", expect);
    jv *answer = call(c, rq, e);
    if (!answer)
        return false;
    struct store_put_result r = {.version = jv_number(answer, "version", 0),
                                 .raced = jv_flag(answer, "raced")};
    jv_free(answer);
    if (r.version <= 0)
        return nonsense(c, "version", e);
    *ret = r;
    return true;
}

bool store_wait(const struct store_call *c, int64_t version, int64_t *ret_version, struct err *e)
{
    jv *rq = request(c, STORE_WAIT);
    jv_put_int(rq, "version", version);
    jv *answer = call(c, rq, e);
    if (!answer)
        return false;
    *ret_version = jv_text(answer, "value") ? jv_number(answer, "version", 0) : 0;
    jv_free(answer);
    return true;
}

bool store_history(const struct store_call *c, int64_t limit, store_version_fn *fn, void *ctx,
                   struct err *e)
{
    jv *rq = request(c, STORE_HISTORY);
    jv_put_int(rq, "limit", limit);
    jv *answer = call(c, rq, e);
    if (!answer)
        return false;
    const jv *versions = jv_get(answer, "versions");
    bool ok = true, more = jv_is_array(versions);
    for (size_t i = 0; more && i < jv_size(versions); i++) {
        const jv *v = jv_at(versions, i);
        const char *by = jv_text(v, "by"), *value = jv_text(v, "value");
        int64_t version = jv_number(v, "version", 0);
        ok = version > 0 || nonsense(c, "version", e);
        more =
            ok && fn(ctx, version, jv_number(v, "modified", 0), by ? by : "", value ? value : "");
    }
    jv_free(answer);
    return ok;
}

bool store_check(const struct store_call *c, store_check_fn *fn, void *ctx, struct err *e)
{
    jv *answer = call(c, request(c, STORE_CHECK), e);
    if (!answer)
        return false;
    const jv *checks = jv_get(answer, "checks");
    bool told = jv_is_array(checks) || nonsense(c, "checks", e);
    for (size_t i = 0; told && i < jv_size(checks); i++) {
        const jv *row = jv_at(checks, i);
        const char *name = jv_text(row, "name"), *detail = jv_text(row, "detail"),
                   *hint = jv_text(row, "hint");
        const struct store_finding finding = {.name = name ? name : "?",
                                              .ok = jv_flag(row, "ok"),
                                              .warning = jv_flag(row, "warning"),
                                              .detail = detail ? detail : "",
                                              .hint = hint ? hint : ""};
        fn(ctx, &finding);
    }
    jv_free(answer);
    return told;
}
