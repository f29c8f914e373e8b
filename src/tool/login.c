#include "tool/login.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/json_span.h"
#include "base/limits.h"
#include "tool/jwt.h"

static const struct {
    const char *name;
    const char *sentence; /* after the place */
} states[] = {
    [LOGIN_USABLE] = {"usable", "holds a usable login"},
    [LOGIN_ABSENT] = {"absent", "does not exist"},
    [LOGIN_EMPTY] = {"empty", "is empty"},
    [LOGIN_TORN] = {"torn", "is not one whole JSON object"},
    [LOGIN_NONE] = {"none", "holds no login: logged out"},
    [LOGIN_BLANK] = {"blank", "holds a blank login: a refresh was refused"},
    [LOGIN_MALFORMED] = {"malformed", "holds a malformed login"},
    [LOGIN_NOT_A_FILE] = {"not_a_file", "is not a file"},
    [LOGIN_UNREADABLE] = {"unreadable", "cannot be read"},
};
_Static_assert(sizeof states / sizeof states[0] == LOGIN_STATE_COUNT, "one row for each state");

/* Times outside 2017 to 2100 are seconds, zero, or nonsense. */
#define PLAUSIBLE_MIN INT64_C(1500000000000)
#define PLAUSIBLE_MAX INT64_C(4102444800000)

const char *login_state_name(enum login_state s)
{
    return states[s].name;
}

static bool plausible(int64_t ms)
{
    return ms >= PLAUSIBLE_MIN && ms <= PLAUSIBLE_MAX;
}

static void fingerprint(const char *token, char out[FINGERPRINT_SIZE])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)token, strlen(token));
    sodium_bin2hex(out, FINGERPRINT_SIZE, hash, sizeof hash);
}

static void malformed(struct login_facts *f, const char *flaw)
{
    f->state = LOGIN_MALFORMED;
    f->flaw = flaw;
}

/* The relayed members of a text: where they stand, and what they say. */
struct members {
    struct json_span spans[TOOL_PARTS];
    jv *values[TOOL_PARTS]; /* NULL: absent */
};

static const jv *look_up(const struct members *m, const struct tool_member *member)
{
    const jv *v = member->path ? m->values[member->part] : NULL;
    for (const char *const *name = member->names; v && *name; name++)
        v = jv_get(v, *name);
    return v;
}

/* 0: the member is absent, or no plausible time. */
static int64_t time_of(const struct members *m, const struct tool_time *t)
{
    const jv *v = look_up(m, &t->member);
    const char *text = jv_string(v);
    int64_t ms = 0;
    switch (t->clock) {
    case CLOCK_MS: ms = jv_int(v, 0); break;
    case CLOCK_S: ms = jv_int(v, 0) < PLAUSIBLE_MAX / 1000 ? jv_int(v, 0) * 1000 : 0; break;
    case CLOCK_RFC3339: ms = text && clock_parse_rfc3339(text, &ms) ? ms : 0; break;
    case CLOCK_JWT: ms = text && jwt_expiry(text, &ms) ? ms : 0; break;
    case CLOCK_COUNT: break;
    }
    return plausible(ms) ? ms : 0;
}

static bool has(const struct members *m, const struct tool_required *r)
{
    const jv *v = look_up(m, &r->member);
    return r->array ? jv_is_array(v) : v && !jv_is_null(v);
}

/* What the client would not take; NULL: nothing. */
static const char *flaw_of(const struct tool *t, const struct members *m, int64_t expires_at)
{
    for (unsigned i = 0; i < t->required_count; i++)
        if (!has(m, &t->required[i]))
            return t->required[i].flaw;
    if (expires_at || !t->expiry.required)
        return NULL;
    return t->expiry.clock == CLOCK_MS ? "its expiry is not a time in milliseconds"
                                       : "its expiry is not a time";
}

static void read_facts(const struct tool *t, const struct members *m, struct login_facts *f)
{
    const jv *part = m->values[t->access.part];
    const char *access = jv_string(look_up(m, &t->access));
    const char *refresh = jv_string(look_up(m, &t->refresh));
    int64_t expires_at = time_of(m, &t->expiry);
    if (t->access.names[0] && !jv_is_object(part))
        return malformed(f, "it is not an object");
    if (!access)
        return malformed(f, "it has no access token");
    if (!*access) {
        f->state = LOGIN_BLANK;
        return;
    }
    const char *flaw = flaw_of(t, m, expires_at);
    if (flaw)
        return malformed(f, flaw);
    f->state = LOGIN_USABLE;
    f->renewable = refresh && *refresh;
    f->expires_at = expires_at;
    f->deadline = time_of(m, &t->deadline);
    f->fresh_at = time_of(m, &t->fresh);
    fingerprint(access, f->fingerprint);
}

static bool only_space(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r' && text[i] != '\n')
            return false;
    return true;
}

static bool is_null(const char *text, const struct json_span *span)
{
    return span->len == 4 && memcmp(text + span->at, "null", 4) == 0;
}

/* False: TEXT is not one JSON object. */
static bool find_members(const struct tool *t, const char *text, size_t len, struct members *m)
{
    struct err ignored;
    for (unsigned i = 0; t->parts[i]; i++)
        if (!json_span_find(text, len, t->parts[i], &m->spans[i], &ignored))
            return false;
    return true;
}

static bool read_members(const struct tool *t, const char *text, struct members *m, struct err *why)
{
    for (unsigned i = 0; t->parts[i]; i++)
        if (m->spans[i].found &&
            !(m->values[i] = jv_parse(text + m->spans[i].at, m->spans[i].len, why)))
            return false;
    return true;
}

static void members_free(struct members *m)
{
    for (unsigned i = 0; i < TOOL_PARTS; i++)
        jv_free(m->values[i]);
}

/* *RET_SPANS: where the relayed members stand. */
static bool parse(const struct tool *t, const char *text, size_t len, struct login_facts *ret,
                  struct json_span ret_spans[TOOL_PARTS], struct err *e)
{
    struct login_facts f = {.state = LOGIN_TORN, .flaw = ""};
    struct members m = {.values = {NULL}};
    const struct json_span *access = &m.spans[t->access.part];
    struct err why;
    bool enough = true;
    if (only_space(text, len))
        f.state = LOGIN_EMPTY;
    else if (find_members(t, text, len, &m)) {
        if (!access->found || is_null(text, access))
            f.state = LOGIN_NONE;
        else if (read_members(t, text, &m, &why))
            read_facts(t, &m, &f);
        else if (!(enough = why.code != ERR_NO_MEMORY))
            err_no_memory(e);
        else
            malformed(&f, "it is not valid JSON");
    }
    members_free(&m);
    if (enough) {
        *ret = f;
        memcpy(ret_spans, m.spans, sizeof m.spans);
    }
    return enough;
}

bool login_look(const struct tool *t, const char *text, size_t len, struct login_facts *ret,
                struct err *e)
{
    struct json_span unused[TOOL_PARTS];
    return parse(t, text, len, ret, unused, e);
}

/* The relayed members of TEXT as a document of their own.  NULL: out of memory. */
static struct secret *copy_members(const struct tool *t, const char *text,
                                   const struct json_span spans[TOOL_PARTS])
{
    struct buf out;
    buf_init(&out, LIMIT_LOGIN_FILE);
    buf_text(&out, "{");
    for (unsigned i = 0; t->parts[i]; i++) {
        if (!spans[i].found)
            continue;
        buf_printf(&out, "%s\"%s\":", out.len > 1 ? "," : "", t->parts[i]);
        buf_bytes(&out, text + spans[i].at, spans[i].len);
    }
    buf_text(&out, "}");
    struct secret *copy = out.failed ? NULL : secret_copy(out.data, out.len);
    buf_free(&out);
    return copy;
}

bool login_parse(const struct tool *t, const char *text, size_t len, struct login *ret,
                 struct err *e)
{
    struct login l = {.part = NULL};
    struct json_span spans[TOOL_PARTS] = {{.found = false}};
    if (!parse(t, text, len, &l.facts, spans, e))
        return false;
    if (l.facts.state == LOGIN_USABLE && !(l.part = copy_members(t, text, spans)))
        return err_no_memory(e);
    *ret = l;
    return true;
}

void login_free(struct login *l)
{
    secret_free(l->part);
    *l = LOGIN_INIT(LOGIN_ABSENT);
}

void login_move(struct login *to, struct login *from)
{
    secret_free(to->part);
    *to = *from;
    *from = LOGIN_INIT(LOGIN_ABSENT);
}

bool login_copy(const struct login *l, struct login *ret, struct err *e)
{
    size_t len;
    const char *part = secret_reveal(l->part, &len);
    struct login copy = {.facts = l->facts, .part = secret_copy(part, len)};
    if (!copy.part)
        return err_no_memory(e);
    *ret = copy;
    return true;
}

/* Where MEMBER stands in TEXT: a span in a span. */
static bool find_member(const struct tool *t, const char *text, size_t len,
                        const struct tool_member *member, struct json_span *ret, struct err *e)
{
    struct json_span span;
    bool ok = json_span_find(text, len, t->parts[member->part], &span, e);
    for (const char *const *name = member->names; ok && span.found && *name; name++) {
        size_t at = span.at;
        ok = json_span_find(text + at, span.len, *name, &span, e);
        span.at += at;
        span.cut_at += at;
        span.cut_end += at;
    }
    if (ok)
        *ret = span;
    return ok;
}

/* Append the login's document without its refresh token. */
static bool cut_refresh(const struct tool *t, const char *text, size_t len, struct buf *out,
                        struct err *e)
{
    struct json_span span;
    if (!find_member(t, text, len, &t->refresh, &span, e))
        return false;
    bool blank = t->bare == BARE_BLANK;
    size_t head = !span.found ? len : blank ? span.at : span.cut_at;
    size_t tail = !span.found ? len : blank ? span.at + span.len : span.cut_end;
    buf_bytes(out, text, head);
    if (span.found && blank)
        buf_text(out, "\"\"");
    buf_bytes(out, text + tail, len - tail);
    return out->failed ? buf_error(out, "the login", e) : true;
}

/* The span is found by the bytes of its name; a name written with an escape would be missed, and
 * a refresh token would go where none may be. */
static bool is_gone(const struct tool *t, const struct buf *part, struct err *e)
{
    struct login_facts f;
    if (!login_look(t, buf_str(part), part->len, &f, e))
        return false;
    return f.state == LOGIN_USABLE && !f.renewable
               ? true
               : err_set(e, ERR_INVALID, "the refresh token cannot be taken out of the login");
}

bool login_without_refresh(const struct tool *t, const struct login *l, struct login *ret,
                           struct err *e)
{
    size_t len;
    const char *part = secret_reveal(l->part, &len);
    struct buf out;
    if (!l->facts.renewable && t->bare == BARE_BLANK)
        return login_copy(l, ret, e);
    buf_init(&out, LIMIT_LOGIN);
    bool ok = t->refresh.path ? cut_refresh(t, part, len, &out, e) : buf_bytes(&out, part, len);
    if (ok && !is_gone(t, &out, e))
        ok = err_hint(e, "log in again: %s", t->login_command);
    if (ok) {
        struct login copy = {.facts = l->facts, .part = secret_copy(out.data, out.len)};
        copy.facts.renewable = false;
        ok = copy.part || err_no_memory(e);
        if (ok)
            *ret = copy;
    }
    buf_free(&out);
    return ok;
}

/* Append the login's document with its expiry said as EXPIRES_AT. */
static bool put_expiry(const struct tool *t, const char *text, size_t len, int64_t expires_at,
                       struct buf *out, struct err *e)
{
    struct json_span span = {.found = false};
    bool number = t->expiry.clock == CLOCK_MS || t->expiry.clock == CLOCK_S;
    if (t->expiry.member.path && number && !find_member(t, text, len, &t->expiry.member, &span, e))
        return false;
    if (!span.found)
        return err_set(e, ERR_UNSUPPORTED, "%s does not let anybody else say when a login expires",
                       t->product);
    buf_bytes(out, text, span.at);
    buf_printf(out, "%lld",
               (long long)(t->expiry.clock == CLOCK_S ? expires_at / 1000 : expires_at));
    buf_bytes(out, text + span.at + span.len, len - span.at - span.len);
    return out->failed ? buf_error(out, "the login", e) : true;
}

bool login_with_expiry(const struct tool *t, const struct login *l, int64_t expires_at,
                       struct login *ret, struct err *e)
{
    size_t len;
    const char *part = secret_reveal(l->part, &len);
    struct buf out;
    buf_init(&out, LIMIT_LOGIN);
    bool ok = put_expiry(t, part, len, expires_at, &out, e) &&
              login_parse(t, buf_str(&out), out.len, ret, e);
    buf_free(&out);
    return ok;
}

bool login_document(const struct login *l, struct buf *out, struct err *e)
{
    size_t len;
    const char *part = secret_reveal(l->part, &len);
    buf_bytes(out, part, len);
    return out->failed ? buf_error(out, "the login", e) : true;
}

/* One member of PART's into TEXT; what the login does not have, the file must not keep. */
static bool merge_member(const char *name, const char *part, size_t part_len, const char *text,
                         size_t len, struct buf *out, struct err *e)
{
    struct json_span span;
    if (!json_span_find(part, part_len, name, &span, e))
        return false;
    return span.found ? json_span_replace(text, len, name, part + span.at, span.len, out, e)
                      : json_span_remove(text, len, name, out, e);
}

bool login_merge(const struct tool *t, const struct login *l, const char *text, size_t len,
                 struct buf *out, struct err *e)
{
    size_t part_len;
    const char *part = secret_reveal(l->part, &part_len);
    struct buf turns[2];
    buf_init(&turns[0], LIMIT_LOGIN_FILE);
    buf_init(&turns[1], LIMIT_LOGIN_FILE);
    bool ok = true;
    unsigned last = 0;
    while (t->parts[last + 1])
        last++;
    /* The last first: one that is new goes to the front. */
    for (unsigned i = last; ok && i > 0; i--) {
        struct buf *to = &turns[i % 2];
        buf_clear(to);
        ok = merge_member(t->parts[i], part, part_len, text, len, to, e);
        text = buf_str(to);
        len = to->len;
    }
    ok = ok && merge_member(t->parts[0], part, part_len, text, len, out, e);
    buf_free(&turns[0]);
    buf_free(&turns[1]);
    return ok;
}

bool login_explain(const struct tool *t, const struct login_facts *f, const char *where,
                   struct err *e)
{
    const char *colon = f->flaw[0] ? ": " : "";
    err_set(e, f->state == LOGIN_ABSENT ? ERR_NOT_FOUND : ERR_INVALID, "%s %s%s%s", where,
            states[f->state].sentence, colon, f->flaw);
    return err_hint(e, "credrelay pull, or log in: %s", t->login_command);
}

bool login_same(const struct login_facts *a, const struct login_facts *b)
{
    return a->state == LOGIN_USABLE && b->state == LOGIN_USABLE &&
           strcmp(a->fingerprint, b->fingerprint) == 0;
}

bool login_in_the_way(const struct login_facts *f)
{
    return f->state == LOGIN_NOT_A_FILE || f->state == LOGIN_UNREADABLE;
}

bool login_expired(const struct login_facts *f, int64_t now)
{
    return f->expires_at != 0 && f->expires_at <= now;
}
