#include "alert/books.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alert/books_json.h"
#include "base/file.h"

#define BOOKS_SUFFIX ".incident.json"
#define LOCK_SUFFIX  ".incident.lock"
#define MARK_SUFFIX  ".trouble"

static void begin(const struct relay *r, struct books *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->relay = r;
    ret->lock = LOCK_NONE;
    buf_init(&ret->saved, LIMIT_INCIDENT);
}

/* Damaged books are empty books: one message too many is better than none. */
static bool load(struct books *b, struct err *e)
{
    char path[LIMIT_PATH];
    struct err why;
    if (!relay_state_path(b->relay, BOOKS_SUFFIX, path, e))
        return false;
    if (!file_read(path, &b->saved, &why) && why.code != ERR_NOT_FOUND &&
        why.code != ERR_TOO_LARGE) {
        *e = why;
        return false;
    }
    jv *doc = b->saved.len ? jv_parse(buf_str(&b->saved), b->saved.len, &why) : NULL;
    books_read(doc, b);
    jv_free(doc);
    return true;
}

bool books_peek(const struct relay *r, struct books *ret, struct err *e)
{
    begin(r, ret);
    if (load(ret, e))
        return true;
    buf_free(&ret->saved);
    return false;
}

bool books_open(const struct relay *r, int64_t wait_ms, struct books *ret, struct err *e)
{
    char path[LIMIT_PATH];
    begin(r, ret);
    if (!dir_make(r->state_dir, e) || !relay_state_path(r, LOCK_SUFFIX, path, e) ||
        !lock_take(path, wait_ms, &ret->lock, e))
        return false;
    if (load(ret, e))
        return true;
    buf_free(&ret->saved);
    lock_release(&ret->lock);
    return false;
}

/* ---- the hint ---- */

bool books_maybe_trouble(const struct relay *r)
{
    char path[LIMIT_PATH];
    struct err ignored;
    return relay_state_path(r, MARK_SUFFIX, path, &ignored) && access(path, F_OK) == 0;
}

static bool mark(const struct books *b, struct err *e)
{
    char path[LIMIT_PATH];
    if (!relay_state_path(b->relay, MARK_SUFFIX, path, e))
        return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(e, errno, "cannot make %s", path);
    close(fd);
    return true;
}

/* One that stays costs the next good run a look. */
static void unmark(const struct books *b)
{
    char path[LIMIT_PATH];
    struct err ignored;
    if (relay_state_path(b->relay, MARK_SUFFIX, path, &ignored))
        unlink(path);
}

/* ---- writing ---- */

static bool save(const struct books *b, struct err *e)
{
    char path[LIMIT_PATH];
    struct buf text;
    buf_init(&text, LIMIT_INCIDENT);
    bool ok = books_write(b, &text, e);
    bool same = ok && text.len == b->saved.len && memcmp(text.data, b->saved.data, text.len) == 0;
    ok = ok && (same || (relay_state_path(b->relay, BOOKS_SUFFIX, path, e) &&
                         file_replace(path, text.data, text.len, e)));
    buf_free(&text);
    return ok;
}

bool books_close(struct books *b, struct err *e)
{
    bool ok = true;
    if (b->lock.fd >= 0) {
        bool stands = b->incident.since != 0;
        ok = (!stands || mark(b, e)) && save(b, e);
        if (ok && !stands)
            unmark(b);
    }
    lock_release(&b->lock);
    buf_free(&b->saved);
    return ok;
}

void books_each(const char *folder, void (*fn)(void *ctx, const char *relay), void *ctx)
{
    const size_t suffix = sizeof BOOKS_SUFFIX - 1;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        size_t len = strlen(entry->d_name);
        char relay[RELAY_NAME_SIZE];
        if (entry->d_name[0] == '.' || len <= suffix || len - suffix >= sizeof relay ||
            strcmp(entry->d_name + len - suffix, BOOKS_SUFFIX) != 0)
            continue;
        snprintf(relay, sizeof relay, "%.*s", (int)(len - suffix), entry->d_name);
        fn(ctx, relay);
    }
    if (dir)
        closedir(dir);
}
