#include "tool/login_source.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "tool/login_medium.h"

/* A client that writes in place is done within milliseconds; a file torn for longer is broken. */
enum { TORN_LOOKS = 6, TORN_PAUSE_MS = 25 };

/* The client waits about 8 s for a lock that is fresh and takes over one not touched for 10 s. */
enum { CLIENT_LOCK_WAIT_MS = 8000, CLIENT_LOCK_STALE_MS = 10000 };

static const char *const place_names[] = {
    [LOGIN_AUTO] = "auto", [LOGIN_FILE] = "file", [LOGIN_KEYCHAIN] = "keychain"};
_Static_assert(sizeof place_names / sizeof place_names[0] == LOGIN_PLACE_COUNT, "one for each");

const char *login_place_name(enum login_place p)
{
    return place_names[p];
}

bool login_source_is_polled(const struct login_source *s)
{
    return s->place == LOGIN_KEYCHAIN ||
           (s->place == LOGIN_AUTO && login_keychain_is_here(s->tool));
}

/* ---- reading ---- */

/* A look at the source: where the login is, its text, and what it says. */
struct look {
    const struct login_medium *medium;
    struct buf text;
    struct login_facts facts;
};

static bool load_from(const struct login_medium *medium, const struct login_source *s,
                      struct look *l, struct err *why)
{
    l->medium = medium;
    buf_clear(&l->text);
    l->facts = (struct login_facts){.flaw = ""};
    return medium->load(s, &l->text, &l->facts.state, why);
}

/* The client reads the Keychain first, and the file when there is no item. */
static bool load(const struct login_source *s, struct look *l, struct err *why)
{
    if (s->place == LOGIN_KEYCHAIN)
        return load_from(&login_in_keychain, s, l, why);
    if (s->place == LOGIN_AUTO && login_keychain_is_here(s->tool)) {
        if (!load_from(&login_in_keychain, s, l, why))
            return false;
        if (l->facts.state != LOGIN_ABSENT)
            return true;
    }
    return load_from(&login_in_file, s, l, why);
}

static bool look_once(const struct login_source *s, struct look *l, struct err *why)
{
    char name[LIMIT_PATH];
    if (!load(s, l, why))
        return false;
    if (l->facts.state == LOGIN_USABLE &&
        !login_look(s->tool, buf_str(&l->text), l->text.len, &l->facts, why))
        return false;
    /* The medium has said itself why it cannot be read. */
    if (l->facts.state == LOGIN_USABLE || login_in_the_way(&l->facts))
        return true;
    l->medium->name(s, name);
    login_explain(s->tool, &l->facts, name, why);
    return true;
}

static bool torn(enum login_state s)
{
    return s == LOGIN_TORN || s == LOGIN_EMPTY;
}

static bool look_settled(const struct login_source *s, struct look *l, struct err *why)
{
    for (int look = 1;; look++) {
        if (!look_once(s, l, why))
            return false;
        if (!torn(l->facts.state) || look == TORN_LOOKS)
            return true;
        clock_sleep_ms(TORN_PAUSE_MS);
    }
}

bool login_source_read(const struct login_source *s, struct login *ret, struct err *why)
{
    struct look now = {.medium = NULL};
    struct login l = {.part = NULL};
    buf_init(&now.text, LIMIT_LOGIN_FILE);
    bool ok = look_settled(s, &now, why);
    l.facts = now.facts;
    if (ok && l.facts.state == LOGIN_USABLE)
        ok = login_parse(s->tool, buf_str(&now.text), now.text.len, &l, why);
    if (ok)
        *ret = l;
    buf_free(&now.text);
    return ok;
}

bool login_source_look(const struct login_source *s, struct login_facts *ret, struct err *why)
{
    struct look now = {.medium = NULL};
    buf_init(&now.text, LIMIT_LOGIN_FILE);
    bool ok = look_settled(s, &now, why);
    if (ok)
        *ret = now.facts;
    buf_free(&now.text);
    return ok;
}

/* ---- writing ---- */

static bool unchanged(const struct login_facts *seen, const struct login_facts *now)
{
    if (seen->state != LOGIN_USABLE || now->state != LOGIN_USABLE)
        return now->state != LOGIN_USABLE; /* one kind of unusable may have become another */
    return login_same(seen, now) && seen->renewable == now->renewable;
}

/* What is not JSON cannot be merged into, but it may hold what its owner wants back. */
static bool keep_damaged(const char *path, const struct buf *text, struct err *e)
{
    char real[LIMIT_PATH], beside[LIMIT_PATH];
    return file_real(path, real, e) &&
           (snprintf(beside, sizeof beside, "%s.damaged", real) < (int)sizeof beside ||
            err_set(e, ERR_INVALID, "the path of the login is too long: %.64s...", real)) &&
           file_replace(beside, text->data, text->len, e);
}

static bool merged(const struct login_source *s, const struct login *l, const struct look *now,
                   struct buf *out, struct err *e)
{
    switch (now->facts.state) {
    case LOGIN_ABSENT:
    case LOGIN_EMPTY: return login_document(l, out, e);
    case LOGIN_TORN: return keep_damaged(s->path, &now->text, e) && login_document(l, out, e);
    default: return login_merge(s->tool, l, buf_str(&now->text), now->text.len, out, e);
    }
}

static bool conflict(const struct login_source *s, const struct look *now, struct err *e)
{
    char name[LIMIT_PATH];
    now->medium->name(s, name);
    return err_set(e, ERR_CONFLICT, "%s was changed by somebody else meanwhile", name);
}

static bool write_unchanged(const struct login_source *s, const struct login_facts *seen,
                            const struct login *l, struct err *e)
{
    struct look now = {.medium = NULL};
    struct buf out;
    buf_init(&now.text, LIMIT_LOGIN_FILE);
    buf_init(&out, LIMIT_LOGIN_FILE);
    bool ok = look_settled(s, &now, e);
    if (ok && login_in_the_way(&now.facts))
        ok = false; /* the look has said why */
    if (ok && !unchanged(seen, &now.facts))
        ok = conflict(s, &now, e);
    ok = ok && merged(s, l, &now, &out, e);
    if (ok && (out.len != now.text.len || memcmp(out.data, now.text.data, out.len) != 0))
        ok = now.medium->save(s, &out, e);
    buf_free(&now.text);
    buf_free(&out);
    return ok;
}

bool login_source_write(const struct login_source *s, const struct login_facts *seen,
                        const struct login *l, struct err *e)
{
    char folder[LIMIT_PATH], lock[LIMIT_PATH];
    struct claim claim = {.path = ""};
    struct err why;
    if (!tool_folder(s->tool, folder, e) || !dir_make(folder, e))
        return false;
    if (!s->tool->lock)
        return write_unchanged(s, seen, l, e);
    if (!tool_lock_path(s->tool, lock, e))
        return false;
    /* Where the folder above cannot be written (a mounted ~/.claude in a container), the client
     * cannot lock either; the file itself is still replaced whole. */
    if (!claim_take(lock, CLIENT_LOCK_WAIT_MS, CLIENT_LOCK_STALE_MS, &claim, &why) &&
        why.code != ERR_DENIED) {
        *e = why;
        return false;
    }
    bool ok = write_unchanged(s, seen, l, e);
    claim_release(&claim);
    return ok;
}
