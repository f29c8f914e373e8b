#include "own_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/home.h"
#include "base/limits.h"
#include "base/refusal.h"
#include "base/shell_word.h"
#include "shell.h"

/* The option KEY-KIND; NULL: there is none. */
static const char *named(const jv *options, const char *key, const char *kind)
{
    char name[64];
    snprintf(name, sizeof name, "%s-%s", key, kind);
    return jv_text(options, name);
}

bool own_secret_named(const jv *options, const char *key)
{
    return named(options, key, "file") || named(options, key, "command");
}

/* ---- a file ---- */

static bool check(const char *path, const struct stat *st, struct err *e)
{
    if (!S_ISREG(st->st_mode)) {
        err_set(e, ERR_INVALID, "%s is not a file", path);
        return err_hint(e, "name a file whose first line is the secret");
    }
    if (st->st_uid != geteuid() && st->st_uid != 0) {
        err_set(e, ERR_DENIED, "%s belongs to user %ld and this is user %ld", path,
                (long)st->st_uid, (long)geteuid());
        return err_hint(e, "take it over: sudo chown %ld %s", (long)geteuid(), QUOTED(path));
    }
    if (st->st_mode & (S_IRWXG | S_IRWXO)) {
        err_set(e, ERR_DENIED, "%s is open to others (mode %04o)", path,
                (unsigned)(st->st_mode & 07777));
        return err_hint(e, "close it, and change the secret if it may have been read: chmod 600 %s",
                        QUOTED(path));
    }
    return true;
}

static bool read_some(int fd, const char *path, struct buf *out, struct err *e)
{
    for (;;) {
        size_t room = buf_left(out);
        char *at = buf_space(out, room);
        if (!at)
            return err_no_memory(e);
        ssize_t n = room ? read(fd, at, room) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return refused(e, errno, "cannot read", path);
        if (n == 0)
            return true;
        buf_added(out, (size_t)n);
    }
}

static bool read_file(const char *path, struct buf *out, struct err *e)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        refused(e, errno, "cannot open", path);
        return e->code == ERR_NOT_FOUND &&
               err_hint(e, "write the secret into it: (umask 077; cat >%s)", QUOTED(path));
    }
    bool ok = fstat(fd, &st) == 0 || refused(e, errno, "cannot look at", path);
    ok = ok && check(path, &st, e) && read_some(fd, path, out, e);
    close(fd);
    return ok;
}

/* ---- both ---- */

static bool fetch(const jv *options, const char *key, int64_t deadline, struct buf *out,
                  struct err *e)
{
    const char *file = named(options, key, "file"), *command = named(options, key, "command");
    char path[LIMIT_PATH], what[64];
    if (file) {
        if (strncmp(file, "~/", 2) != 0)
            return read_file(file, out, e);
        return home_path(file + 2, path, e) && read_file(path, out, e);
    }
    if (command) {
        snprintf(what, sizeof what, "%s-command", key);
        const struct shell_command shell = {.command = command, .what = what, .deadline = deadline};
        return shell_run(&shell, out, e);
    }
    err_set(e, ERR_NOT_FOUND, "the configuration does not say where %s is", key);
    return err_hint(e, "add to [alert]: %s-file = FILE", key);
}

bool own_secret_read(const jv *options, const char *key, int64_t deadline, struct buf *out,
                     struct err *e)
{
    struct buf whole;
    buf_init(&whole, LIMIT_OWN_SECRET);
    bool ok = fetch(options, key, deadline, &whole, e);
    size_t len = strcspn(buf_str(&whole), "\r\n");
    if (ok && !len) {
        err_set(e, ERR_INVALID, "the first line of %s-%s is empty", key,
                named(options, key, "file") ? "file" : "command");
        ok = err_hint(e, "it must be the secret, and nothing else");
    }
    ok = ok && (buf_bytes(out, buf_str(&whole), len) || buf_error(out, key, e));
    buf_free(&whole);
    return ok;
}
