#include "relay/shelf.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "relay/value.h"

/* An answer older than what was seen before is most often a replica that lags: look again before
 * believing that the store was made anew. */
enum { LAG_LOOKS = 3, LAG_PAUSE_MS = 200 };

#define RECALL_VERSIONS 50

struct store_call shelf_call(const struct shelf *s, bool renewable)
{
    int64_t left = s->deadline - clock_steady_ms();
    if (left > s->relay->timeout_ms)
        left = s->relay->timeout_ms;
    return (struct store_call){.store = &s->store,
                               .path = renewable ? s->renewable_path : s->store.path,
                               .role = role_name(s->relay->role),
                               .machine = s->relay->machine,
                               .options = s->relay->store_options,
                               .timeout_ms = left > 1 ? left : 1,
                               .errors = s->told};
}

/* ---- reading ---- */

static bool parse(const struct shelf *s, bool renewable, const struct store_value *v,
                  struct shelf_value *ret, struct err *e)
{
    size_t len;
    const char *text = secret_reveal(v->value, &len);
    const struct tool *t = s->relay->tool;
    struct shelf_value value = {.facts = {.known = true, .version = v->version}};
    struct tenure of = {.renewing = false};
    bool ok = renewable ? value_read_renewable(t, text, len, &value.login, &of, e)
                        : value_read_shared(t, text, len, &value.login, e);
    if (ok) {
        value.facts.login = value.login.facts;
        memcpy(value.facts.holder, of.holder, sizeof of.holder);
        value.facts.renewing = of.renewing;
        *ret = value;
    }
    return ok;
}

void shelf_value_free(struct shelf_value *v)
{
    login_free(&v->login);
    *v = (struct shelf_value){.login = LOGIN_INIT(LOGIN_ABSENT)};
    v->facts.login = v->login.facts;
}

bool shelf_read(struct shelf *s, bool renewable, int64_t version, struct shelf_value *ret,
                struct err *e)
{
    struct store_call c = shelf_call(s, renewable);
    struct store_value v;
    struct shelf_value value = {.login = LOGIN_INIT(LOGIN_ABSENT)};
    s->reads++;
    bool ok = store_get(&c, version, &v, e);
    if (ok) {
        ok = parse(s, renewable, &v, &value, e);
        store_value_free(&v);
    } else if (e->code == ERR_NOT_FOUND) {
        value.facts = (struct stored){.known = true, .login = value.login.facts};
        ok = true;
    }
    if (ok) {
        login_free(&ret->login);
        *ret = value;
    }
    return ok;
}

static bool lags(const struct shelf *s, const struct memory *m)
{
    return s->shared.facts.version < m->step.version;
}

static bool read_shared(struct shelf *s, const struct memory *m, struct err *e)
{
    for (int look = 1;; look++) {
        if (!shelf_read(s, false, 0, &s->shared, e))
            return false;
        if (!lags(s, m) || look == LAG_LOOKS)
            return true;
        clock_sleep_ms(LAG_PAUSE_MS);
    }
}

/* The places remembered were places in another line. */
static void forget_places(struct memory *m)
{
    m->seen_count = 0;
    memset(m->seen, 0, sizeof m->seen);
    memset(&m->step, 0, sizeof m->step);
}

static bool wants_renewable(const struct shelf *s)
{
    return s->relay->role == ROLE_WRITER && !s->relay->plain;
}

/* ---- what counts of the renewable value ----
 *
 * A store without compare-and-swap takes what comes too late and puts it on top: the claim of a
 * machine that was slower than another, or something of a login long since followed by another.  So
 * what counts of the shared login is the first claim since its last value that was no claim, else
 * that value.  With compare-and-swap that is what is on top. */

static bool is_of(const struct shelf_value *v, const struct login_facts *login)
{
    return login_same(&v->facts.login, login);
}

/* Look at the version V below the top.  False: that is all there is to see. */
static bool look_below(struct shelf *s, int64_t v, struct shelf_value *counts)
{
    struct shelf_value below = {.login = LOGIN_INIT(LOGIN_ABSENT)};
    struct err ignored;
    if (!shelf_read(s, true, v, &below, &ignored) || below.facts.version != v)
        return false;
    bool is = is_of(&below, &s->shared.facts.login), rest = is && !below.facts.renewing;
    if (is && (!rest || !counts->facts.known)) {
        login_move(&counts->login, &below.login);
        counts->facts = below.facts;
    }
    login_free(&below.login);
    return !rest;
}

static void find_what_counts(struct shelf *s, struct memory *m)
{
    const struct login_facts *shared = &s->shared.facts.login;
    int64_t top = s->renewable.facts.version, v = top;
    struct shelf_value counts = {.login = LOGIN_INIT(LOGIN_ABSENT)};
    while (v > 0 && top - v < SHELF_RACERS && look_below(s, v, &counts))
        v--;
    if (!counts.facts.known)
        return;
    /* What lies above is no newer than the shared value, whoever looks at it later. */
    if (s->renewable.facts.login.state == LOGIN_USABLE && !is_of(&s->renewable, shared))
        memory_saw(m, s->renewable.facts.login.fingerprint, s->shared.facts.version);
    login_move(&s->renewable.login, &counts.login);
    s->renewable.facts = counts.facts;
    s->renewable.facts.version = top; /* what the next put is on top of */
}

static void settle_renewable(struct shelf *s, struct memory *m)
{
    const struct stored *shared = &s->shared.facts, *top = &s->renewable.facts;
    bool clear = is_of(&s->renewable, &shared->login) && !top->renewing;
    if (top->version && shared->login.state == LOGIN_USABLE && !clear &&
        !login_is_news(&top->login, &shared->login, m, clock_wall_ms()))
        find_what_counts(s, m);
}

bool shelf_look(struct shelf *s, struct memory *m, struct err *e)
{
    if (s->fresh)
        return true;
    if (!read_shared(s, m, e))
        return false;
    if (lags(s, m))
        forget_places(m);
    shelf_value_free(&s->renewable);
    /* A writer that may not see the renewable value still keeps the shared one alive. */
    if (wants_renewable(s) && !shelf_read(s, true, 0, &s->renewable, e) && e->code != ERR_DENIED)
        return false;
    settle_renewable(s, m);
    s->fresh = true;
    return true;
}

struct recall {
    struct memory *memory;
    const struct tool *tool;
};

static bool remember(void *ctx, int64_t version, int64_t modified, const char *by,
                     const char *value)
{
    const struct recall *c = ctx;
    struct login l;
    struct err ignored;
    (void)modified;
    (void)by;
    if (!login_parse(c->tool, value, strlen(value), &l, &ignored))
        return false;
    if (l.facts.state == LOGIN_USABLE)
        memory_saw(c->memory, l.facts.fingerprint, version);
    login_free(&l);
    return true;
}

bool shelf_history(struct shelf *s, bool renewable, int64_t limit, store_version_fn *fn, void *ctx,
                   struct err *e)
{
    struct store_call c = shelf_call(s, renewable);
    s->reads++;
    return store_history(&c, limit, fn, ctx, e);
}

void shelf_recall(struct shelf *s, struct memory *m)
{
    struct recall ctx = {m, s->relay->tool};
    struct err ignored;
    (void)shelf_history(s, false, RECALL_VERSIONS, remember, &ctx, &ignored);
}

bool shelf_open(const struct relay *r, int64_t deadline, struct buf *told, struct shelf *ret,
                struct err *e)
{
    *ret = (struct shelf){.relay = r, .deadline = deadline, .told = told};
    shelf_value_free(&ret->shared);
    shelf_value_free(&ret->renewable);
    if (!store_open(r->store_url, r->name, &ret->store, e))
        return false;
    snprintf(ret->renewable_path, sizeof ret->renewable_path, "%s.renewable", ret->store.path);
    return true;
}

void shelf_close(struct shelf *s)
{
    shelf_value_free(&s->shared);
    shelf_value_free(&s->renewable);
}
