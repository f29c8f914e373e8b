#include "watch/sentry.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "os/file_events.h"
#include "watch/path_walk.h"

/* A way that changes while it is being watched is gone again. */
enum { MOST_ROUNDS = 5 };

/* One watch, for one path. */
struct guard {
    int watch;
    unsigned path;
    enum os_watch what;
    char name[NAME_MAX + 1]; /* OS_WATCH_NAMES: the one that counts */
};

/* One round of arming: the new guards, until they replace the old ones. */
struct arming {
    struct sentry *sentry;
    struct sentry fresh;
    unsigned path;
    bool through; /* the folders that are only passed; of one that is watched for two reasons the
                     names count, so they come second */
    uint64_t way; /* a digest of the steps: is it still the same way? */
    bool changed; /* something went away under our hands */
};

void sentry_open(struct sentry *ret)
{
    *ret = (struct sentry){.events = os_events_open()};
    if (ret->events < 0) {
        ret->blind = true;
        ret->why_blind = errno;
    }
}

void sentry_close(struct sentry *s)
{
    if (s->events >= 0)
        close(s->events);
    free(s->guards);
    *s = (struct sentry){.events = -1};
}

int sentry_fd(const struct sentry *s)
{
    return s->events;
}

/* ---- arming ---- */

static struct guard *new_guard(struct sentry *s)
{
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 8;
        struct guard *more = realloc(s->guards, room * sizeof *more);
        if (!more)
            return NULL;
        s->guards = more;
        s->room = room;
    }
    return &s->guards[s->count++];
}

static void go_blind(struct sentry *s, int why)
{
    s->blind = true;
    s->why_blind = why;
}

static void post(struct arming *a, const char *place, enum os_watch what, const char *name)
{
    int watch = os_events_watch(a->sentry->events, place, what);
    if (watch < 0) {
        /* A file without the right to read it is a state of the login; a folder above of others'
         * is not expected to go. */
        if (errno == ENOENT || errno == ENOTDIR)
            a->changed = true;
        else if (errno != EACCES || what == OS_WATCH_NAMES)
            go_blind(&a->fresh, errno);
        return;
    }
    struct guard *g = new_guard(&a->fresh);
    if (!g) {
        go_blind(&a->fresh, ENOMEM);
        return;
    }
    *g = (struct guard){.watch = watch, .path = a->path, .what = what};
    snprintf(g->name, sizeof g->name, "%s", name);
}

/* FNV-1a without its first sum, http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t digest(uint64_t sum, const char *text)
{
    for (; *text; text++)
        sum = (sum ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return (sum ^ '/') * UINT64_C(0x100000001b3);
}

static uint64_t digest_step(uint64_t sum, const char *folder, const char *name, enum path_step what)
{
    return digest(digest(digest(sum, folder), name), (const char[]){(char)('1' + what), '\0'});
}

static bool post_step(void *ctx, const char *folder, const char *name, enum path_step what)
{
    struct arming *a = ctx;
    char path[LIMIT_PATH];
    a->way = digest_step(a->way, folder, name, what);
    if (a->through != (what == STEP_THROUGH))
        return true;
    post(a, folder, a->through ? OS_WATCH_PLACE : OS_WATCH_NAMES, name);
    if (what == STEP_END && path_join(path, folder, name))
        post(a, path, OS_WATCH_CONTENT, "");
    return true;
}

static bool digest_only(void *ctx, const char *folder, const char *name, enum path_step what)
{
    uint64_t *way = ctx;
    *way = digest_step(*way, folder, name, what);
    return true;
}

/* Was the way another one before everything on it was watched? */
static bool moved_on(const struct arming *a, const char *const *paths, size_t count)
{
    uint64_t now = 0;
    for (int twice = 0; twice < 2; twice++)
        for (size_t i = 0; i < count; i++)
            path_walk(paths[i], digest_only, &now);
    return a->changed || now != a->way;
}

static bool guarded(const struct sentry *s, int watch)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->guards[i].watch == watch)
            return true;
    return false;
}

static bool guards_path(const struct sentry *s, const struct guard *g)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->guards[i].watch == g->watch && s->guards[i].path == g->path)
            return true;
    return false;
}

/* Whose ways have changed. */
static uint32_t moved(const struct sentry *s, const struct sentry *fresh)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < s->count; i++)
        if (!guards_path(fresh, &s->guards[i]))
            bits |= UINT32_C(1) << s->guards[i].path;
    return bits;
}

/* What is watched for nobody any more is let go: after the new ones are there, so that nothing
 * passes unseen. */
static void relieve(struct sentry *s, struct sentry *fresh)
{
    for (size_t i = 0; i < s->count; i++) {
        int watch = s->guards[i].watch;
        if (watch < 0 || guarded(fresh, watch))
            continue;
        os_events_forget(s->events, watch);
        for (size_t j = i; j < s->count; j++)
            if (s->guards[j].watch == watch)
                s->guards[j].watch = -1;
    }
    free(s->guards);
    *s = *fresh;
}

uint32_t sentry_arm(struct sentry *s, const char *const *paths, size_t count)
{
    uint32_t elsewhere = 0;
    if (s->events < 0)
        return 0;
    for (int round = 1;; round++) {
        struct arming a = {.sentry = s, .fresh = {.events = s->events}};
        for (int twice = 0; twice < 2; twice++) {
            a.through = twice == 0;
            for (a.path = 0; a.path < count; a.path++)
                path_walk(paths[a.path], post_step, &a);
        }
        elsewhere |= moved(s, &a.fresh);
        relieve(s, &a.fresh);
        if (!moved_on(&a, paths, count))
            return elsewhere;
        if (round == MOST_ROUNDS) {
            go_blind(s, EAGAIN);
            return elsewhere;
        }
    }
}

/* ---- what happens ---- */

struct reading {
    const struct sentry *sentry;
    uint32_t touched;
};

/* A folder may be watched for several reasons; what is told for one of them is not for all. */
static bool concerns(const struct guard *g, enum os_happened what, const char *name)
{
    if (what == OS_GONE || g->what == OS_WATCH_CONTENT)
        return true;
    return g->what == OS_WATCH_NAMES && (!name || strcmp(name, g->name) == 0);
}

static void happened(void *ctx, enum os_happened what, int watch, const char *name)
{
    struct reading *r = ctx;
    if (what == OS_LOST) {
        r->touched = UINT32_MAX;
        return;
    }
    for (size_t i = 0; i < r->sentry->count; i++) {
        const struct guard *g = &r->sentry->guards[i];
        if (g->watch == watch && concerns(g, what, name))
            r->touched |= UINT32_C(1) << g->path;
    }
}

uint32_t sentry_read(struct sentry *s)
{
    struct reading r = {.sentry = s};
    if (s->events >= 0)
        os_events_read(s->events, happened, &r);
    return r.touched;
}

void sentry_explain(const struct sentry *s, struct err *e)
{
    err_errno(e, s->why_blind, "file changes cannot be watched");
    if (s->why_blind == EMFILE)
        err_hint(e, "raise the limit: sysctl fs.inotify.max_user_instances=1024");
    else if (s->why_blind == ENOSPC)
        err_hint(e, "raise the limit: sysctl fs.inotify.max_user_watches=65536");
}
