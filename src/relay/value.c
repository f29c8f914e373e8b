#include "relay/value.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/json_span.h"
#include "base/utf8.h"

bool value_write_shared(const struct tool *t, const struct login *l, bool with_refresh,
                        struct buf *out, struct err *e)
{
    if (with_refresh)
        return login_document(l, out, e);
    struct login bare = LOGIN_INIT(LOGIN_ABSENT);
    bool ok = login_without_refresh(t, l, &bare, e) && login_document(&bare, out, e);
    login_free(&bare);
    return ok;
}

bool value_write_renewable(const struct login *l, const struct tenure *of, struct buf *out,
                           struct err *e)
{
    jv *name = jv_object();
    bool text = jv_put_text(name, "holder", of->holder) &&
                (!of->renewing || jv_put_bool(name, "renewing", true));
    bool ok = text && (jv_write(name, out) || buf_error(out, "the login", e));
    jv_free(name);
    if (!text && jv_ran_out())
        return err_no_memory(e);
    if (!text) {
        err_set(e, ERR_INVALID, "the machine's name '%s' is not valid UTF-8", of->holder);
        return err_hint(e, "give it another: CREDRELAY_MACHINE=NAME");
    }
    if (!ok)
        return false;
    out->len--; /* the closing brace: the login goes before it, as it stands */
    buf_text(out, ",\"login\":");
    return login_document(l, out, e) && (buf_text(out, "}") || buf_error(out, "the login", e));
}

bool value_read_shared(const struct tool *t, const char *text, size_t len, struct login *ret,
                       struct err *e)
{
    return login_parse(t, text, len, ret, e);
}

/* *RET is to be given to jv_free; NULL: there is no such member.  False: out of memory. */
static bool value_at(const char *text, const struct json_span *span, jv **ret, struct err *e)
{
    struct err why = {.code = ERR_NONE};
    *ret = span->found ? jv_parse(text + span->at, span->len, &why) : NULL;
    return why.code != ERR_NO_MEMORY || err_no_memory(e);
}

static bool read_tenure(const char *text, const struct json_span *holder,
                        const struct json_span *renewing, struct tenure *ret, struct err *e)
{
    jv *name = NULL, *is = NULL;
    bool ok = value_at(text, holder, &name, e) && value_at(text, renewing, &is, e);
    const char *said = jv_string(name);
    snprintf(ret->holder, sizeof ret->holder, "%s", said ? said : "");
    utf8_make_printable(ret->holder); /* it is shown to people, on other machines than its own */
    ret->renewing = jv_is_true(is);
    jv_free(name);
    jv_free(is);
    return ok;
}

bool value_read_renewable(const struct tool *t, const char *text, size_t len, struct login *ret,
                          struct tenure *ret_of, struct err *e)
{
    struct json_span holder, renewing, login;
    struct err ignored;
    *ret_of = (struct tenure){.renewing = false};
    *ret = LOGIN_INIT(LOGIN_TORN);
    if (!json_span_find(text, len, "holder", &holder, &ignored) ||
        !json_span_find(text, len, "renewing", &renewing, &ignored) ||
        !json_span_find(text, len, "login", &login, &ignored))
        return true;
    if (!read_tenure(text, &holder, &renewing, ret_of, e))
        return false;
    ret->facts.state = LOGIN_NONE;
    return !login.found || login_parse(t, text + login.at, login.len, ret, e);
}
