/* The shelf written to, and the races that come of it. */
#include "relay/shelf.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "relay/value.h"

static bool put(struct shelf *s, bool renewable, const struct buf *text, int64_t expect,
                struct store_put_result *ret, struct err *e)
{
    struct store_call c = shelf_call(s, renewable);
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
    int64_t lowest = ours - SHELF_RACERS > expect ? ours - SHELF_RACERS : expect;
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
    for (int round = 0; ok && !settled && round < SHELF_RACERS; round++)
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
