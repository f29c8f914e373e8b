/* Whatever a login file or a value of the store holds: it is one state; what is usable can be taken
 * apart, bared, merged and read again, and is the same login all along. */
#include "fuzz.h"

#include "base/buf.h"
#include "base/limits.h"
#include "relay/value.h"
#include "tool/login.h"

FUZZ_INIT()

static void reread(const struct tool *t, const struct login *l, const char *text, size_t len,
                   bool renewable)
{
    struct buf out;
    struct err e;
    struct login_facts f;
    buf_init(&out, 2 * LIMIT_LOGIN_FILE);
    if (login_merge(t, l, text, len, &out, &e)) {
        must(login_look(t, buf_str(&out), out.len, &f, &e));
        must(f.state == LOGIN_USABLE && login_same(&f, &l->facts) && f.renewable == renewable);
        must(f.expires_at == l->facts.expires_at && f.deadline == l->facts.deadline);
    } else {
        must_say(&e);
    }
    buf_free(&out);
}

static void use(const struct tool *t, const struct login *l, const char *text, size_t len)
{
    struct login bare;
    struct err e;
    must(strlen(l->facts.fingerprint) == FINGERPRINT_SIZE - 1);
    reread(t, l, text, len, l->facts.renewable);
    reread(t, l, "{\"other\":[1,2],\"claudeAiOauth\":null}", 36, l->facts.renewable);
    if (login_without_refresh(t, l, &bare, &e)) {
        must(!bare.facts.renewable && login_same(&bare.facts, &l->facts));
        reread(t, &bare, text, len, false);
        login_free(&bare);
    } else {
        must_say(&e);
    }
}

static void read_value(const struct tool *t, const char *text, size_t len)
{
    struct tenure of;
    struct login l = LOGIN_INIT(LOGIN_ABSENT);
    struct err e;
    must(value_read_renewable(t, text, len, &l, &of, &e));
    must(memchr(of.holder, 0, sizeof of.holder) != NULL);
    login_free(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e;
    struct login l;
    if (size < 1)
        return 0;
    const struct tool *t = tool_load(data[0] % 2 ? "codex" : "claude", &e);
    char *text = as_text(data + 1, size - 1);
    must(t != NULL);
    must(login_parse(t, text, size - 1, &l, &e));
    if (l.facts.state == LOGIN_USABLE)
        use(t, &l, text, size - 1);
    else
        must(!login_explain(t, &l.facts, "the file", &e) && e.text[0]);
    login_free(&l);
    read_value(t, text, size - 1);
    free(text);
    return 0;
}
