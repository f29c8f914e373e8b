#include "tool/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/home.h"
#include "base/json.h"
#include "base/limits.h"

static const struct tool *const tools[] = {&tool_claude};

const struct tool *tool_find(const char *name)
{
    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++)
        if (strcmp(tools[i]->name, name) == 0)
            return tools[i];
    return NULL;
}

const char *tool_names(void)
{
    return tool_claude.name;
}

bool tool_folder(const struct tool *t, char *out, struct err *e)
{
    const char *moved = getenv(t->folder_env);
    if (!moved || !*moved)
        return home_path(t->folder, out, e);
    if (moved[0] == '/' && snprintf(out, LIMIT_PATH, "%s", moved) < LIMIT_PATH)
        return true;
    char here[LIMIT_PATH];
    return realpath(moved, here) && snprintf(out, LIMIT_PATH, "%s", here) < LIMIT_PATH
               ? true
               : err_set(e, ERR_NOT_FOUND, "%s=%.256s is not a folder", t->folder_env, moved);
}

bool tool_login_path(const struct tool *t, char *out, struct err *e)
{
    char folder[LIMIT_PATH];
    return tool_folder(t, folder, e) &&
           (path_join(out, folder, t->file) ||
            err_set(e, ERR_INVALID, "the path of the login is too long: %.64s...", folder));
}

bool tool_lock_path(const struct tool *t, char *out, struct err *e)
{
    if (!tool_folder(t, out, e))
        return false;
    size_t len = strlen(out);
    while (len > 1 && out[len - 1] == '/')
        out[--len] = '\0';
    if (len + sizeof ".lock" > LIMIT_PATH)
        return err_set(e, ERR_INVALID, "the path of the lock is too long: %.64s...", out);
    memcpy(out + len, ".lock", sizeof ".lock");
    return true;
}

/* "0" and "false" switch a CLAUDE_CODE_USE_* off; no key looks like that. */
static bool is_on(const char *value)
{
    return value && *value && strcmp(value, "0") != 0 && strcmp(value, "false") != 0;
}

static bool has_helper(const struct tool *t)
{
    char folder[LIMIT_PATH], path[LIMIT_PATH];
    struct err ignored;
    struct buf text;
    buf_init(&text, LIMIT_LOGIN_FILE);
    jv *settings = NULL;
    if (tool_folder(t, folder, &ignored) && path_join(path, folder, t->settings) &&
        file_read(path, &text, &ignored))
        settings = jv_parse(buf_str(&text), text.len, &ignored);
    const char *helper = jv_text(settings, t->helper);
    bool has = helper && *helper;
    jv_free(settings);
    buf_free(&text);
    return has;
}

const char *tool_override(const struct tool *t)
{
    for (const char *const *name = t->overrides; *name; name++)
        if (is_on(getenv(*name)))
            return *name;
    return has_helper(t) ? "apiKeyHelper in settings.json" : NULL;
}
