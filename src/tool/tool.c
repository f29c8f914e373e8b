#include "tool/tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"
#include "base/limits.h"
#include "base/refusal.h"
#include "tool/description.h"

/* A name becomes part of a path. */
static bool is_plain(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n < 64 && name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

static const struct tool *find_shipped(const char *name)
{
    const struct tool *const *t = shipped_tools;
    while (*t && strcmp((*t)->name, name) != 0)
        t++;
    return *t;
}

/* The file of a user's own description; it need not exist. */
static bool own_path(const char *name, char out[LIMIT_PATH], struct err *e)
{
    char folder[LIMIT_PATH];
    if (!home_config(folder, e))
        return false;
    int n = snprintf(out, LIMIT_PATH, "%s/tools/%s.ini", folder, name);
    return n < LIMIT_PATH ||
           err_set(e, ERR_INVALID, "the path of the description is too long: %.64s...", folder);
}

bool tool_exists(const char *name)
{
    char path[LIMIT_PATH];
    struct err ignored;
    return is_plain(name) &&
           (find_shipped(name) || (own_path(name, path, &ignored) && access(path, F_OK) == 0));
}

static const struct tool *load_shipped(const char *name, const char *path, struct err *e)
{
    const struct tool *t = find_shipped(name);
    if (t)
        return t;
    err_set(e, ERR_USAGE, "there is no tool called '%s'", name);
    err_hint(e, "describe it in %.256s, see credrelay-tool(5)", path);
    return NULL;
}

const struct tool *tool_load(const char *name, struct err *e)
{
    char path[LIMIT_PATH];
    struct buf text;
    const struct tool *t = NULL;
    struct err why;
    if (!is_plain(name)) {
        err_set(e, ERR_USAGE, "'%.64s' is no name for a tool", name);
        err_hint(e, "use letters, digits, dots and dashes, at most 63");
        return NULL;
    }
    if (!own_path(name, path, e))
        return NULL;
    buf_init(&text, LIMIT_CONFIG);
    if (file_read(path, &text, &why))
        t = description_parse(name, buf_str(&text), text.len, path, e);
    else if (why.code == ERR_NOT_FOUND)
        t = load_shipped(name, path, e);
    else
        *e = why;
    buf_free(&text);
    return t;
}

void tool_free(const struct tool *t)
{
    if (t && find_shipped(t->name) != t)
        description_free((struct tool *)(uintptr_t)t);
}

bool tool_folder(const struct tool *t, char *out, struct err *e)
{
    const char *moved = t->folder_env ? getenv(t->folder_env) : NULL;
    if (!moved || !*moved)
        return home_path(t->folder, out, e);
    if (moved[0] == '/' && snprintf(out, LIMIT_PATH, "%s", moved) < LIMIT_PATH)
        return true;
    char here[LIMIT_PATH];
    if (!realpath(moved, here)) {
        err_set(e, ERR_NOT_FOUND, "%s=%.256s is not a folder", t->folder_env, moved);
        return err_hint(e, "name it from the root on, as in %s=\"$HOME/%s\"", t->folder_env,
                        t->folder);
    }
    snprintf(out, LIMIT_PATH, "%s", here);
    return true;
}

bool tool_login_path(const struct tool *t, char *out, struct err *e)
{
    char folder[LIMIT_PATH];
    return tool_folder(t, folder, e) &&
           (path_join(out, folder, t->file) ||
            err_set(e, ERR_INVALID, "the path of the login is too long: %s/%s", folder, t->file) ||
            refused_because(e, ENAMETOOLONG, folder));
}

bool tool_lock_path(const struct tool *t, char *out, struct err *e)
{
    if (!tool_folder(t, out, e))
        return false;
    size_t len = strlen(out);
    while (len > 1 && out[len - 1] == '/')
        out[--len] = '\0';
    if (len + sizeof ".lock" > LIMIT_PATH)
        return err_set(e, ERR_INVALID, "the path of the lock is too long: %s", out) ||
               refused_because(e, ENAMETOOLONG, out);
    memcpy(out + len, ".lock", sizeof ".lock");
    return true;
}
