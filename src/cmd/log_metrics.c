/* Metrics of all relays of this machine, into a file for node_exporter or to standard output. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/alert.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "cmd/log.h"
#include "journal/metrics.h"
#include "watch/presence.h"

enum { LOCK_WAIT_MS = 5000 };

static bool take(void *ctx, const struct journal_event *ev)
{
    metrics_take(ctx, ev);
    return true;
}

static bool count(struct metrics *m, const char *state_dir, struct err *e)
{
    struct journal_mark end;
    int64_t now = clock_wall_ms();
    if (!journal_behind(state_dir, &m->mark, take, m, &end, e))
        return false;
    m->mark = end;
    m->counted = now;
    return true;
}

static bool look_at_relay(const char *name, struct relay_metrics *m, struct err *e)
{
    struct relay r;
    struct alert_view view;
    struct err ignored;
    if (!relay_load(name, &r, e))
        return false;
    snprintf(m->relay, sizeof m->relay, "%s", name);
    const struct login_source source = relay_login_source(&r);
    bool ok = login_source_look(&source, &m->login, &ignored);
    m->incident = alert_look(&r, &view, &ignored) && view.open;
    relay_free(&r);
    return ok || err_no_memory(e);
}

static bool watcher_runs(const char *state_dir)
{
    struct watch_presence *p = calloc(1, sizeof *p); /* large */
    struct err ignored;
    bool runs = p && watch_presence(state_dir, p, &ignored) && p->running;
    free(p);
    return runs;
}

static bool gather(const char *state_dir, struct metrics *m, struct err *e)
{
    struct relay_names names;
    if (!relay_names(&names, e))
        return false;
    m->watcher = watcher_runs(state_dir);
    for (; m->relays < names.count; m->relays++)
        if (!look_at_relay(names.name[m->relays], &m->relay[m->relays], e))
            return false;
    return true;
}

/* What it says already; a file that is not there yet says nothing. */
static bool recall(struct metrics *m, const char *path, struct err *e)
{
    struct buf text;
    buf_init(&text, LIMIT_SHOWN);
    bool ok = file_read_if_there(path, &text, e);
    if (ok)
        metrics_recall(m, buf_str(&text));
    buf_free(&text);
    return ok;
}

static bool write_file(const char *path, const struct metrics *m, struct err *e)
{
    struct buf text;
    buf_init(&text, LIMIT_SHOWN);
    metrics_write(m, &text);
    bool ok = !text.failed ? file_replace_public(path, text.data, text.len, e)
                           : buf_error(&text, "the metrics", e);
    buf_free(&text);
    return ok;
}

/* One at a time, so that none counts what another has. */
static bool update(const char *path, const char *state_dir, struct metrics *m, struct err *e)
{
    char lock_path[LIMIT_PATH];
    struct lock lock = LOCK_NONE;
    if (!dir_make(state_dir, e))
        return false;
    if (!path_join(lock_path, state_dir, "metrics.lock"))
        return err_errno(e, ENAMETOOLONG, "%.64s...", state_dir);
    if (!lock_take(lock_path, LOCK_WAIT_MS, &lock, e))
        return false;
    bool ok = recall(m, path, e) && count(m, state_dir, e) && write_file(path, m, e);
    lock_release(&lock);
    return ok;
}

static bool print(const char *state_dir, struct metrics *m, struct err *e)
{
    struct buf text;
    if (!count(m, state_dir, e))
        return false;
    buf_init(&text, LIMIT_SHOWN);
    metrics_write(m, &text);
    fputs(buf_str(&text), stdout);
    buf_free(&text);
    return true;
}

int log_metrics(const struct options *o, const char *state_dir)
{
    struct err e;
    struct metrics *m = calloc(1, sizeof *m);
    if (!m) {
        err_no_memory(&e);
        return tell_failure("log", o, &e);
    }
    bool ok = gather(state_dir, m, &e);
    if (ok && strcmp(o->prometheus, "-") == 0)
        ok = print(state_dir, m, &e);
    else if (ok)
        ok = update(o->prometheus, state_dir, m, &e);
    free(m);
    return ok ? 0 : tell_failure("log", o, &e);
}
