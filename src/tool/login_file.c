#include "tool/login_file.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json_span.h"
#include "base/limits.h"
#include "base/lock.h"

/* A client that writes in place is done within milliseconds; a file torn for longer is broken. */
enum { TORN_LOOKS = 6, TORN_PAUSE_MS = 25 };

/* The client waits about 8 s for a lock that is fresh and takes over one not touched for 10 s. */
enum { CLIENT_LOCK_WAIT_MS = 8000, CLIENT_LOCK_STALE_MS = 10000 };

static bool torn(enum login_state s)
{
    return s == LOGIN_TORN || s == LOGIN_EMPTY;
}

/* The file's text into OUT and what it says into RET. */
static bool look_once(const struct tool *t, const char *path, struct buf *out,
                      struct login_facts *ret, struct err *why)
{
    struct login_facts f = {.state = LOGIN_UNREADABLE, .flaw = ""};
    buf_clear(out);
    if (file_read(path, out, why)) {
        if (!login_look(t, buf_str(out), out->len, &f, why))
            return false;
        if (f.state != LOGIN_USABLE)
            login_explain(t, &f, path, why);
    } else if (why->code == ERR_NO_MEMORY) {
        return false;
    } else if (why->code == ERR_NOT_FOUND) {
        f.state = LOGIN_ABSENT;
        login_explain(t, &f, path, why);
    } else if (why->code == ERR_INVALID) {
        f.state = LOGIN_NOT_A_FILE;
    }
    *ret = f;
    return true;
}

static bool look_settled(const struct tool *t, const char *path, struct buf *out,
                         struct login_facts *ret, struct err *why)
{
    for (int look = 1;; look++) {
        if (!look_once(t, path, out, ret, why))
            return false;
        if (!torn(ret->state) || look == TORN_LOOKS)
            return true;
        clock_sleep_ms(TORN_PAUSE_MS);
    }
}

static bool read_settled(const struct tool *t, const char *path, struct buf *out, struct login *ret,
                         struct err *why)
{
    struct login l = {.part = NULL};
    if (!look_settled(t, path, out, &l.facts, why) ||
        (l.facts.state == LOGIN_USABLE && !login_parse(t, buf_str(out), out->len, &l, why)))
        return false;
    *ret = l;
    return true;
}

bool login_file_read(const struct tool *t, const char *path, struct login *ret, struct err *why)
{
    struct buf text;
    buf_init(&text, LIMIT_LOGIN_FILE);
    bool ok = read_settled(t, path, &text, ret, why);
    buf_free(&text);
    return ok;
}

bool login_file_look(const struct tool *t, const char *path, struct login_facts *ret,
                     struct err *why)
{
    struct buf text;
    buf_init(&text, LIMIT_LOGIN_FILE);
    bool ok = look_settled(t, path, &text, ret, why);
    buf_free(&text);
    return ok;
}

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

static bool merged(const struct tool *t, const char *path, const struct login *l,
                   enum login_state now, const struct buf *text, struct buf *out, struct err *e)
{
    switch (now) {
    case LOGIN_ABSENT:
    case LOGIN_EMPTY: return login_document(l, out, e);
    case LOGIN_TORN: return keep_damaged(path, text, e) && login_document(l, out, e);
    default: return login_merge(t, l, buf_str(text), text->len, out, e);
    }
}

static bool write_unchanged(const struct tool *t, const char *path, const struct login_facts *seen,
                            const struct login *l, struct err *e)
{
    struct buf text, out;
    buf_init(&text, LIMIT_LOGIN_FILE);
    buf_init(&out, LIMIT_LOGIN_FILE);
    struct login now = LOGIN_INIT(LOGIN_ABSENT);
    bool ok = read_settled(t, path, &text, &now, e);
    if (ok && (now.facts.state == LOGIN_NOT_A_FILE || now.facts.state == LOGIN_UNREADABLE))
        ok = false; /* the reading has said why */
    if (ok && !unchanged(seen, &now.facts))
        ok = err_set(e, ERR_CONFLICT, "%s was changed by somebody else meanwhile", path);
    ok = ok && merged(t, path, l, now.facts.state, &text, &out, e);
    if (ok && (out.len != text.len || memcmp(out.data, text.data, out.len) != 0))
        ok = file_replace(path, out.data, out.len, e);
    login_free(&now);
    buf_free(&text);
    buf_free(&out);
    return ok;
}

bool login_file_write(const struct tool *t, const char *path, const struct login_facts *seen,
                      const struct login *l, struct err *e)
{
    char folder[LIMIT_PATH], lock[LIMIT_PATH];
    struct claim claim = {.path = ""};
    struct err why;
    if (!tool_folder(t, folder, e) || !dir_make(folder, e))
        return false;
    if (!t->lock)
        return write_unchanged(t, path, seen, l, e);
    if (!tool_lock_path(t, lock, e))
        return false;
    /* Where the folder above cannot be written (a mounted ~/.claude in a container), the client
     * cannot lock either; the file itself is still replaced whole. */
    if (!claim_take(lock, CLIENT_LOCK_WAIT_MS, CLIENT_LOCK_STALE_MS, &claim, &why) &&
        why.code != ERR_DENIED) {
        *e = why;
        return false;
    }
    bool ok = write_unchanged(t, path, seen, l, e);
    claim_release(&claim);
    return ok;
}
