#include "watch/presence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/shell_word.h"

#define PRESENCE_SCHEMA 1

/* Whoever looks whether a watcher runs holds the lock for an instant; a watcher that starts just
 * then must not take that for another one. */
enum { LOOKERS_MS = 500 };

/* ---- the file as text, and back ---- */

static void copy_text(char *out, size_t size, const jv *v, const char *key)
{
    const char *text = jv_text(v, key);
    snprintf(out, size, "%s", text ? text : "");
}

static void read_relay(const jv *v, struct watch_relay *w)
{
    const char *role = jv_text(v, "role");
    copy_text(w->name, sizeof w->name, v, "relay");
    w->role = role && strcmp(role, role_name(ROLE_WRITER)) == 0 ? ROLE_WRITER : ROLE_READER;
    w->synced_at = jv_number(v, "synced_at", 0);
    copy_text(w->did, sizeof w->did, v, "did");
    copy_text(w->why, sizeof w->why, v, "why");
    w->failing_since = jv_number(v, "failing_since", 0);
    copy_text(w->error, sizeof w->error, v, "error");
    copy_text(w->text, sizeof w->text, v, "message");
    copy_text(w->hint, sizeof w->hint, v, "hint");
    w->due = jv_number(v, "due", 0);
    w->version = jv_number(v, "version", 0);
    copy_text(w->holder, sizeof w->holder, v, "holder");
    copy_text(w->fingerprint, sizeof w->fingerprint, v, "login");
    w->expires_at = jv_number(v, "expires_at", 0);
    w->deadline = jv_number(v, "deadline", 0);
    w->renewable = jv_flag(v, "renewable");
    w->unpublished = jv_flag(v, "unpublished");
    w->told.deadline = jv_number(v, "told_deadline", 0);
    w->told.days = (int)jv_number(v, "told_days", 0);
}

static jv *relay_value(const struct watch_relay *w)
{
    jv *v = jv_object();
    jv_put_text(v, "relay", w->name);
    jv_put_text(v, "role", role_name(w->role));
    jv_put_int(v, "synced_at", w->synced_at);
    jv_put_text(v, "did", w->did);
    jv_put_text(v, "why", w->why);
    jv_put_int(v, "failing_since", w->failing_since);
    jv_put_text(v, "error", w->error);
    jv_put_text(v, "message", w->text);
    jv_put_text(v, "hint", w->hint);
    jv_put_int(v, "due", w->due);
    jv_put_int(v, "version", w->version);
    jv_put_text(v, "holder", w->holder);
    jv_put_text(v, "login", w->fingerprint);
    jv_put_int(v, "expires_at", w->expires_at);
    jv_put_int(v, "deadline", w->deadline);
    jv_put_bool(v, "renewable", w->renewable);
    jv_put_bool(v, "unpublished", w->unpublished);
    jv_put_int(v, "told_deadline", w->told.deadline);
    jv_put_int(v, "told_days", w->told.days);
    return v;
}

static void read_presence(const jv *doc, struct watch_presence *p)
{
    const jv *relays = jv_get(doc, "relays");
    if (jv_number(doc, "v", 0) != PRESENCE_SCHEMA)
        return;
    p->pid = jv_number(doc, "pid", 0);
    p->since = jv_number(doc, "since", 0);
    copy_text(p->version, sizeof p->version, doc, "version");
    for (size_t i = 0; i < jv_size(relays) && p->relay_count < MOST_RELAYS; i++)
        read_relay(jv_at(relays, i), &p->relays[p->relay_count++]);
}

static bool write_presence(const struct watch_presence *p, struct buf *out, struct err *e)
{
    jv *doc = jv_object(), *relays = jv_array();
    bool ok = jv_put_int(doc, "v", PRESENCE_SCHEMA) && jv_put_int(doc, "pid", p->pid) &&
              jv_put_int(doc, "since", p->since) && jv_put_text(doc, "version", p->version);
    for (size_t i = 0; i < p->relay_count; i++)
        ok = jv_push(relays, relay_value(&p->relays[i])) && ok;
    ok = jv_put(doc, "relays", relays) && ok && jv_write(doc, out) && buf_text(out, "\n");
    jv_free(doc);
    return ok || buf_error(out, "the watcher's state", e);
}

/* What is there now; nothing when there is none. */
static bool read_text(const char *path, struct buf *out, struct err *e)
{
    struct err why;
    if (file_read(path, out, &why) || why.code == ERR_NOT_FOUND || why.code == ERR_TOO_LARGE)
        return true;
    *e = why;
    return false;
}

static bool in_state(const char *state_dir, const char *name, char *out, struct err *e)
{
    return path_join(out, state_dir, name) || err_errno(e, ENAMETOOLONG, "%.64s...", state_dir);
}

/* ---- the lock ---- */

static bool is_locked(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (fd >= 0)
        close(fd);
    return held;
}

static bool another_runs(const char *state_dir, struct err *e)
{
    struct watch_presence other;
    struct err ignored;
    char since[32];
    if (!watch_presence(state_dir, &other, &ignored) || !other.running || !other.pid) {
        err_set(e, ERR_BUSY, "another watcher is running");
        return err_hint(e, "it does it all; see who: fuser -v %s/watch.lock", QUOTED(state_dir));
    }
    clock_rfc3339(other.since, since, sizeof since);
    err_set(e, ERR_BUSY, "another watcher is running: process %lld, since %s", (long long)other.pid,
            since);
    return err_hint(e, "it does it all; to end it: kill %lld", (long long)other.pid);
}

bool presence_take(const char *state_dir, struct lock *ret, struct err *e)
{
    char path[LIMIT_PATH];
    if (!in_state(state_dir, "watch.lock", path, e))
        return false;
    if (lock_take(path, LOOKERS_MS, ret, e))
        return true;
    return e->code == ERR_BUSY ? another_runs(state_dir, e) : false;
}

/* ---- both ---- */

bool watch_presence(const char *state_dir, struct watch_presence *ret, struct err *e)
{
    char json_path[LIMIT_PATH], lock_path[LIMIT_PATH];
    struct buf text;
    struct err why;
    if (!in_state(state_dir, "watch.json", json_path, e) ||
        !in_state(state_dir, "watch.lock", lock_path, e))
        return false;
    memset(ret, 0, sizeof *ret);
    buf_init(&text, LIMIT_WATCH_STATE);
    bool ok = read_text(json_path, &text, e);
    jv *doc = ok ? jv_parse(buf_str(&text), text.len, &why) : NULL;
    if (doc)
        read_presence(doc, ret);
    else if (ok && text.len && why.code == ERR_NO_MEMORY)
        ok = err_no_memory(e);
    ret->running = ok && is_locked(lock_path);
    jv_free(doc);
    buf_free(&text);
    return ok;
}

const struct watch_relay *watch_relay_of(const struct watch_presence *p, const char *relay)
{
    for (size_t i = 0; i < p->relay_count; i++)
        if (strcmp(p->relays[i].name, relay) == 0)
            return &p->relays[i];
    return NULL;
}

bool presence_save(const char *state_dir, const struct watch_presence *p, struct err *e)
{
    char path[LIMIT_PATH];
    struct buf now, before;
    buf_init(&now, LIMIT_WATCH_STATE);
    buf_init(&before, LIMIT_WATCH_STATE);
    bool ok = in_state(state_dir, "watch.json", path, e) && write_presence(p, &now, e) &&
              read_text(path, &before, e);
    if (ok && (now.len != before.len || memcmp(now.data, before.data, now.len) != 0))
        ok = file_replace(path, now.data, now.len, e);
    buf_free(&now);
    buf_free(&before);
    return ok;
}
