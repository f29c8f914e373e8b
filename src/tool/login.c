#include "tool/login.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/json_span.h"
#include "base/limits.h"

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

static void read_facts(const struct tool *t, const jv *part, struct login_facts *f)
{
    const char *access = jv_text(part, t->access);
    const char *refresh = jv_text(part, t->refresh);
    const jv *expires = jv_get(part, t->expires);
    if (!jv_is_object(part))
        return malformed(f, "it is not an object");
    if (access && !*access) {
        f->state = LOGIN_BLANK;
        return;
    }
    if (!access)
        return malformed(f, "it has no access token");
    if (!jv_is_array(jv_get(part, t->required_array)))
        return malformed(f, "it has no scopes");
    if (!jv_is_number(expires) || !plausible(jv_int(expires, 0)))
        return malformed(f, "its expiry is not a time in milliseconds");
    f->state = LOGIN_USABLE;
    f->renewable = refresh && *refresh;
    f->expires_at = jv_int(expires, 0);
    f->deadline = jv_number(part, t->deadline, 0);
    if (!plausible(f->deadline))
        f->deadline = 0;
    fingerprint(access, f->fingerprint);
}

static bool only_space(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r' && text[i] != '\n')
            return false;
    return true;
}

/* *RET_SPAN: where the relayed part stands. */
static bool parse(const struct tool *t, const char *text, size_t len, struct login_facts *ret,
                  struct json_span *ret_span, struct err *e)
{
    struct login_facts f = {.state = LOGIN_TORN, .flaw = ""};
    struct json_span span = {.found = false};
    struct err why;
    jv *part = NULL;
    if (only_space(text, len))
        f.state = LOGIN_EMPTY;
    else if (json_span_find(text, len, t->part, &span, &why)) {
        if (!span.found || (span.len == 4 && memcmp(text + span.at, "null", 4) == 0))
            f.state = LOGIN_NONE;
        else if ((part = jv_parse(text + span.at, span.len, &why)))
            read_facts(t, part, &f);
        else if (why.code == ERR_NO_MEMORY)
            return err_no_memory(e);
        else
            malformed(&f, "it is not valid JSON");
    }
    jv_free(part);
    *ret = f;
    *ret_span = span;
    return true;
}

bool login_look(const struct tool *t, const char *text, size_t len, struct login_facts *ret,
                struct err *e)
{
    struct json_span unused;
    return parse(t, text, len, ret, &unused, e);
}

bool login_parse(const struct tool *t, const char *text, size_t len, struct login *ret,
                 struct err *e)
{
    struct login l = {.part = NULL};
    struct json_span span = {.found = false};
    if (!parse(t, text, len, &l.facts, &span, e))
        return false;
    if (l.facts.state == LOGIN_USABLE && !(l.part = secret_copy(text + span.at, span.len)))
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

/* The span is found by the bytes of its name; a name written with an escape would be missed, and
 * a refresh token would go where none may be. */
static bool is_gone(const char *name, const struct buf *part, struct err *e)
{
    jv *v = jv_parse(buf_str(part), part->len, e);
    bool gone = v && !jv_get(v, name);
    if (v && !gone)
        err_set(e, ERR_INVALID, "the refresh token cannot be taken out of the login");
    jv_free(v);
    return gone;
}

bool login_without_refresh(const struct tool *t, const struct login *l, struct login *ret,
                           struct err *e)
{
    size_t len;
    const char *part = secret_reveal(l->part, &len);
    struct buf out;
    buf_init(&out, LIMIT_LOGIN);
    bool ok = json_span_remove(part, len, t->refresh, &out, e);
    if (ok && !is_gone(t->refresh, &out, e))
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

bool login_document(const struct tool *t, const struct login *l, struct buf *out, struct err *e)
{
    size_t len;
    const char *part = secret_reveal(l->part, &len);
    buf_printf(out, "{\"%s\":", t->part);
    buf_bytes(out, part, len);
    buf_text(out, "}");
    return out->failed ? buf_error(out, "the login", e) : true;
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
