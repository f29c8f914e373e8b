#include "relay/history.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "relay/state.h"
#include "relay/value.h"

/* ---- reading the shared value's ---- */

struct reading {
    const struct tool *tool;
    struct history *history;
    size_t limit;
    struct err *e;
    bool failed;
};

static bool add_version(void *ctx, int64_t version, int64_t modified, const char *by,
                        const char *value)
{
    struct reading *r = ctx;
    struct history *h = r->history;
    if (h->count == r->limit) {
        h->cut = true;
        return false;
    }
    struct history_version *v = &h->version[h->count];
    *v = (struct history_version){.version = version, .modified = modified};
    snprintf(v->by, sizeof v->by, "%s", by);
    utf8_make_printable(v->by);
    r->failed = !login_look(r->tool, value, strlen(value), &v->login, r->e);
    h->count += !r->failed;
    return !r->failed;
}

/* ---- what the renewable value's say about them ---- */

static bool note_renewable(void *ctx, int64_t version, int64_t modified, const char *by,
                           const char *value)
{
    struct reading *r = ctx;
    struct login l;
    struct tenure of;
    (void)modified;
    (void)by;
    r->failed = !value_read_renewable(r->tool, value, strlen(value), &l, &of, r->e);
    if (r->failed)
        return false;
    for (size_t i = 0; i < r->history->count; i++) {
        struct history_version *v = &r->history->version[i];
        if (!login_same(&v->login, &l.facts))
            continue;
        if (!v->holder[0])
            memcpy(v->holder, of.holder, sizeof v->holder);
        if (!v->renewable_version && l.facts.renewable)
            v->renewable_version = version;
    }
    login_free(&l);
    return true;
}

/* A store or a policy that will not tell says nothing. */
static bool read_renewable(struct shelf *s, struct reading *r)
{
    struct err ignored;
    if (s->relay->role == ROLE_WRITER && !s->relay->plain)
        (void)shelf_history(s, true, HISTORY_MOST, note_renewable, r, &ignored);
    return !r->failed;
}

/* ---- what they say about each other ---- */

static bool holds(const struct history_version *v, const struct login_facts *login)
{
    return login_same(&v->login, login);
}

/* The version in which the login was seen first. */
static int64_t first_of(const struct history *h, const struct login_facts *login)
{
    for (size_t i = h->count; i-- > 0;)
        if (holds(&h->version[i], login))
            return h->version[i].version;
    return 0;
}

/* A refresh does not move the deadline, a login by a person does: who has the same one and came later
 * was made of it. */
static bool became(const struct history *h, const struct login_facts *login,
                   const struct login_facts *other)
{
    return login->deadline && other->state == LOGIN_USABLE && other->deadline == login->deadline &&
           !login_same(login, other) && first_of(h, other) > first_of(h, login);
}

static void compare(struct history *h, size_t i)
{
    struct history_version *v = &h->version[i];
    if (v->login.state != LOGIN_USABLE)
        return;
    for (size_t older = i + 1; older < h->count && !v->same_as; older++)
        if (holds(&h->version[older], &v->login))
            v->same_as = h->version[older].version;
    for (size_t other = 0; other < h->count && !v->renewed; other++)
        v->renewed = became(h, &v->login, &h->version[other].login);
}

bool history_of_shelf(struct shelf *s, int64_t limit, struct history *ret, struct err *e)
{
    struct reading r = {.tool = s->relay->tool, .history = ret, .limit = (size_t)limit, .e = e};
    ret->count = 0;
    ret->cut = false;
    /* One more than is wanted tells whether there are more. */
    if (!shelf_history(s, false, limit + 1, add_version, &r, e) || r.failed ||
        !read_renewable(s, &r))
        return false;
    for (size_t i = 0; i < ret->count; i++)
        compare(ret, i);
    return true;
}

/* ---- what this machine says about them ---- */

static bool mark(const struct relay *r, struct history *h, struct err *e)
{
    const struct login_source source = relay_login_source(r);
    char path[LIMIT_PATH];
    struct memory memory = {.rejected_count = 0};
    struct err why;
    if (!login_source_look(&source, &h->local, &why))
        return err_no_memory(e);
    if (relay_state_path(r, ".json", path, &why))
        state_peek(path, clock_wall_ms(), &memory);
    for (size_t i = 0, here = 0; i < h->count; i++) {
        struct history_version *v = &h->version[i];
        v->here = holds(v, &h->local) && here++ == 0;
        v->rejected =
            v->login.state == LOGIN_USABLE && memory_rejects(&memory, v->login.fingerprint);
    }
    return true;
}

static bool reader_may_not(const struct relay *r, struct err *e)
{
    if (e->code != ERR_DENIED || r->role != ROLE_READER)
        return false;
    err_set(e, ERR_DENIED, "this machine is a reader: its key may not read the store's history");
    err_hint(e, "ask on a writer: credrelay history");
    return true;
}

bool history_read(const struct relay *r, const struct history_request *rq, struct history *ret,
                  struct err *e)
{
    struct shelf s;
    if (!shelf_open(r, rq->deadline, rq->told, &s, e))
        return false;
    bool ok = history_of_shelf(&s, rq->limit, ret, e) && mark(r, ret, e);
    if (!ok)
        (void)reader_may_not(r, e);
    shelf_close(&s);
    return ok;
}

const struct history_version *history_find(const struct history *h, int64_t version)
{
    for (size_t i = 0; i < h->count; i++)
        if (h->version[i].version == version)
            return &h->version[i];
    return NULL;
}
