#include "relay/shelf.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "relay/value.h"

/* An answer older than what was seen before is most often a replica that lags: look again before
 * believing that the store was made anew. */
enum { LAG_LOOKS = 3, LAG_PAUSE_MS = 200 };

/* Versions that others can have put between our look and our put, or on top of what counts; more than
 * writers in a fleet. */
enum { MOST_RACERS = 16 };

#define RECALL_VERSIONS 50

static struct store_call call(const struct shelf *s, const char *path)
{
    int64_t left = s->deadline - clock_steady_ms();
    if (left > s->relay->timeout_ms)
        left = s->relay->timeout_ms;
    return (struct store_call){.store = &s->store,
                               .path = path,
                               .role = role_name(s->relay->role),
                               .machine = s->relay->machine,
                               .options = s->relay->store_options,
                               .timeout_ms = left > 1 ? left : 1,
                               .errors = s->told};
}

static void renewable_path(const struct shelf *s, char *out, size_t size)
{
    snprintf(out, size, "%s.renewable", s->store.path);
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
    char path[sizeof s->store.path + 16];
    renewable_path(s, path, sizeof path);
    struct store_call c = call(s, renewable ? path : s->store.path);
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
    while (v > 0 && top - v < MOST_RACERS && look_below(s, v, &counts))
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
    char path[sizeof s->store.path + 16];
    renewable_path(s, path, sizeof path);
    struct store_call c = call(s, renewable ? path : s->store.path);
    s->reads++;
    return store_history(&c, limit, fn, ctx, e);
}

void shelf_recall(struct shelf *s, struct memory *m)
{
    struct recall ctx = {m, s->relay->tool};
    struct err ignored;
    (void)shelf_history(s, false, RECALL_VERSIONS, remember, &ctx, &ignored);
}

/* ---- putting ---- */

static bool put(struct shelf *s, bool renewable, const struct buf *text, int64_t expect,
                struct store_put_result *ret, struct err *e)
{
    char path[sizeof s->store.path + 16];
    renewable_path(s, path, sizeof path);
    struct store_call c = call(s, renewable ? path : s->store.path);
    s->writes++;
    return store_put(&c, buf_str(text), text->len, expect, ret, e);
}

/* Put L into the shared value, or, where it is to be somebody's (OF), into the renewable one; then our
 * copy of that value is L as well. */
static bool put_login(struct shelf *s, const struct login *l, const struct tenure *of,
                      struct store_put_result *ret, struct err *e)
{
    bool renewable = of != NULL;
    struct shelf_value *v = renewable ? &s->renewable : &s->shared;
    const struct tool *t = s->relay->tool;
    struct buf text;
    struct login copy = LOGIN_INIT(LOGIN_ABSENT);
    buf_init(&text, LIMIT_LOGIN);
    bool ok = renewable ? value_write_renewable(l, of, &text, e)
                        : value_write_shared(t, l, s->relay->plain, &text, e);
    ok = ok && put(s, renewable, &text, v->facts.version, ret, e);
    if (ok) {
        struct tenure ignored;
        ok = renewable ? value_read_renewable(t, buf_str(&text), text.len, &copy, &ignored, e)
                       : value_read_shared(t, buf_str(&text), text.len, &copy, e);
    }
    if (ok) {
        v->facts = (struct stored){.known = true, .version = ret->version, .login = copy.facts};
        if (renewable) {
            memcpy(v->facts.holder, of->holder, sizeof of->holder);
            v->facts.renewing = of->renewing;
        }
        login_move(&v->login, &copy);
    }
    buf_free(&text);
    return ok;
}

/* ---- races ----
 *
 * Between our look (EXPECT) and our put of version OURS others have put theirs.  The later login
 * must be the newest: where that is not ours, put it back.  All racers judge by the same order, and
 * of two that are alike the earlier stays, so they agree. */

/* Is OTHER wanted rather than BEST, what has been found so far? */
typedef bool wanted_fn(const struct login_facts *other, const struct login_facts *best);

static bool stays(const struct login_facts *other, const struct login_facts *best)
{
    return !login_same(other, best) && !login_beats(best, other, clock_wall_ms());
}

/* Look through the versions between the two for what is wanted; BEST is replaced by it. */
static bool look_between(struct shelf *s, bool renewable, int64_t expect, int64_t ours,
                         wanted_fn *wanted, struct shelf_value *best, struct err *e)
{
    int64_t lowest = ours - MOST_RACERS > expect ? ours - MOST_RACERS : expect;
    for (int64_t v = ours - 1; v > lowest; v--) {
        struct shelf_value other = {.login = LOGIN_INIT(LOGIN_ABSENT)};
        if (!shelf_read(s, renewable, v, &other, e))
            return false;
        if (other.facts.login.state == LOGIN_USABLE &&
            wanted(&other.facts.login, &best->facts.login)) {
            login_move(&best->login, &other.login);
            best->facts = other.facts;
        }
        login_free(&other.login);
    }
    return true;
}

static struct tenure tenure(const struct shelf *s, bool renewing)
{
    struct tenure ours = {.renewing = renewing};
    snprintf(ours.holder, sizeof ours.holder, "%s", s->relay->machine);
    return ours;
}

/* The winner's renewable value was overwritten by ours as well: put it back where it can be found.
 * If it cannot, the winner's own next sync does. */
static void restore_renewable(struct shelf *s, const struct login_facts *winner, int64_t expect)
{
    struct err ignored;
    struct store_put_result result;
    struct shelf_value old = {.facts.login = *winner, .login = LOGIN_INIT(LOGIN_ABSENT)};
    if (!s->renewable.facts.known || login_same(&s->renewable.facts.login, winner))
        return;
    if (look_between(s, true, expect, s->renewable.facts.version, login_same, &old, &ignored) &&
        old.login.part) {
        struct tenure of = {.renewing = false};
        memcpy(of.holder, old.facts.holder, sizeof of.holder);
        (void)put_login(s, &old.login, &of, &result, &ignored);
    }
    login_free(&old.login);
}

/* Put *WINNER; when others came between, *WINNER becomes the later one of all.  *RET_SETTLED: it is
 * the newest value now. */
static bool put_and_look(struct shelf *s, struct login *winner, bool *ret_settled, struct err *e)
{
    int64_t expect = s->shared.facts.version;
    struct store_put_result result;
    if (!put_login(s, winner, NULL, &result, e))
        return false;
    if (!s->put_version)
        s->put_version = result.version;
    *ret_settled = true;
    if (!result.raced)
        return true;
    struct shelf_value best = {.facts = s->shared.facts, .login = LOGIN_INIT(LOGIN_ABSENT)};
    bool ok = look_between(s, false, expect, result.version, stays, &best, e);
    if (ok && best.login.part) {
        *ret_settled = false;
        login_move(winner, &best.login);
    }
    login_free(&best.login);
    return ok;
}

/* Put L into the shared value and settle what came between. */
static bool put_shared(struct shelf *s, const struct login *l, int64_t renewable_expect,
                       struct err *e)
{
    struct login winner = LOGIN_INIT(LOGIN_ABSENT);
    bool settled = false, ok = login_copy(l, &winner, e);
    s->put_version = 0;
    for (int round = 0; ok && !settled && round < MOST_RACERS; round++)
        ok = put_and_look(s, &winner, &settled, e);
    if (ok && !login_same(&winner.facts, &l->facts))
        restore_renewable(s, &winner.facts, renewable_expect);
    login_free(&winner);
    return ok;
}

static bool shared_is(const struct shelf *s, const struct login *l)
{
    return login_same(&s->shared.facts.login, &l->facts) &&
           s->shared.facts.login.renewable == (s->relay->plain && l->facts.renewable);
}

static bool renewable_is(const struct shelf *s, const struct login *l)
{
    return login_same(&s->renewable.facts.login, &l->facts) &&
           s->renewable.facts.login.renewable == l->facts.renewable &&
           !s->renewable.facts.renewing &&
           strcmp(s->renewable.facts.holder, s->relay->machine) == 0;
}

static void warn_renewable(const struct shelf *s, const struct err *why, struct err *warning)
{
    err_set(warning, why->code, "%s.renewable could not be put: %s", s->store.path, why->text);
    err_hint(warning,
             "without it no other writer can renew this login: allow ssm:GetParameter and "
             "ssm:PutParameter on %s.renewable, or set share-refresh-token = yes",
             s->store.path);
}

bool shelf_publish(struct shelf *s, const struct login *l, struct err *warning, struct err *e)
{
    int64_t expect = s->renewable.facts.version;
    if (!s->relay->plain && !(s->renewable.facts.known && renewable_is(s, l))) {
        struct store_put_result ignored; /* a race shows in the shared value, which settles it */
        const struct tenure ours = tenure(s, false);
        if (!put_login(s, l, &ours, &ignored, e)) {
            if (e->code != ERR_DENIED)
                return false;
            warn_renewable(s, e, warning);
            s->renewable.facts.known = false;
        }
    }
    if (shared_is(s, l)) {
        s->put_version = s->shared.facts.version;
        return true;
    }
    return put_shared(s, l, expect, e);
}

bool shelf_settle(struct shelf *s, int64_t expect, struct err *e)
{
    struct shelf_value best = {.facts = s->shared.facts, .login = LOGIN_INIT(LOGIN_ABSENT)};
    bool ok = look_between(s, false, expect, s->shared.facts.version, stays, &best, e);
    ok = ok && (!best.login.part || put_shared(s, &best.login, 0, e));
    if (ok && best.login.part)
        restore_renewable(s, &s->shared.facts.login, 0);
    login_free(&best.login);
    return ok;
}

bool shelf_claim(struct shelf *s, bool renewing, struct err *e)
{
    const struct tenure ours = tenure(s, renewing);
    struct store_put_result result;
    s->fresh = false; /* whatever comes of it, look again */
    if (!put_login(s, &s->renewable.login, &ours, &result, e))
        return false;
    return !result.raced ||
           err_set(e, ERR_CONFLICT, "another machine was faster to claim the login");
}

bool shelf_forward(struct shelf *s, struct err *e)
{
    return put_shared(s, &s->renewable.login, s->renewable.facts.version, e);
}

bool shelf_open(const struct relay *r, int64_t deadline, struct buf *told, struct shelf *ret,
                struct err *e)
{
    *ret = (struct shelf){.relay = r, .deadline = deadline, .told = told};
    shelf_value_free(&ret->shared);
    shelf_value_free(&ret->renewable);
    return store_open(r->store_url, r->name, &ret->store, e);
}

void shelf_close(struct shelf *s)
{
    shelf_value_free(&s->shared);
    shelf_value_free(&s->renewable);
}
