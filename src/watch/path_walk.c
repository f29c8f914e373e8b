#include "watch/path_walk.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"

/* Links on one way; systems give up after 32 or 40. */
enum { MOST_LINKS = 40 };

struct walk {
    path_walk_fn *fn;
    void *ctx;
    int links;
    char at[LIMIT_PATH];   /* the real folder we are in; "": the root */
    char rest[LIMIT_PATH]; /* what is still to go */
};

/* Cut the first name off the rest.  False: there is none left. */
static bool next_name(struct walk *w, char name[LIMIT_PATH])
{
    const char *from = w->rest + strspn(w->rest, "/");
    size_t n = strcspn(from, "/");
    if (n == 0)
        return false;
    memcpy(name, from, n);
    name[n] = '\0';
    memmove(w->rest, from + n, strlen(from + n) + 1);
    return true;
}

/* ".." in a real folder is the one above. */
static void go_up(struct walk *w)
{
    char *slash = strrchr(w->at, '/');
    if (slash)
        *slash = '\0';
}

static bool follow(struct walk *w, const char *link)
{
    char target[LIMIT_PATH], way[LIMIT_PATH];
    ssize_t n = readlink(link, target, sizeof target - 1);
    if (n <= 0 || ++w->links > MOST_LINKS)
        return false;
    target[n] = '\0';
    int len = snprintf(way, sizeof way, "%s/%s", target, w->rest);
    if ((size_t)len >= sizeof way)
        return false;
    memcpy(w->rest, way, (size_t)len + 1);
    if (target[0] == '/')
        w->at[0] = '\0';
    return true;
}

static bool has_more(const struct walk *w)
{
    return w->rest[strspn(w->rest, "/")] != '\0';
}

static enum path_step look(const struct walk *w, const char *path)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return STEP_MISSING;
    if (S_ISLNK(st.st_mode))
        return STEP_LINK;
    if (!has_more(w))
        return STEP_END;
    return S_ISDIR(st.st_mode) ? STEP_THROUGH : STEP_MISSING;
}

/* True: the way goes on. */
static bool step(struct walk *w, const char *name, bool *ret_ok)
{
    char path[LIMIT_PATH];
    int n = snprintf(path, sizeof path, "%s/%s", w->at, name);
    *ret_ok = (size_t)n < sizeof path;
    if (!*ret_ok)
        return false;
    enum path_step what = look(w, path);
    *ret_ok = w->fn(w->ctx, w->at[0] ? w->at : "/", name, what);
    if (!*ret_ok || what == STEP_END || what == STEP_MISSING)
        return false;
    if (what == STEP_LINK)
        return *ret_ok = follow(w, path);
    memcpy(w->at, path, (size_t)n + 1);
    return true;
}

bool path_walk(const char *path, path_walk_fn *fn, void *ctx)
{
    struct walk w = {.fn = fn, .ctx = ctx};
    char name[LIMIT_PATH];
    bool ok = (size_t)snprintf(w.rest, sizeof w.rest, "%s", path) < sizeof w.rest;
    for (bool more = ok; more && next_name(&w, name);) {
        if (strcmp(name, ".") == 0)
            continue;
        if (strcmp(name, "..") == 0)
            go_up(&w);
        else
            more = step(&w, name, &ok);
    }
    return ok;
}
