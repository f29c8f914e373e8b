#include "tool/override.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"

/* Among the variables of a description: the place of the settings' member. */
#define MEMBER "member"

/* Settings files, those of the system's first: they go before a user's own. */
struct settings {
    size_t count;
    struct {
        char path[LIMIT_PATH];
        jv *doc;
    } file[TOOL_LIST + 1];
};

/* What cannot be read says nothing: the client then goes on without it as well. */
static void read_settings(struct settings *s, const char *path)
{
    struct buf text;
    struct err ignored;
    jv *doc = NULL;
    buf_init(&text, LIMIT_LOGIN_FILE);
    if (file_read(path, &text, &ignored))
        doc = jv_parse(buf_str(&text), text.len, &ignored);
    buf_free(&text);
    if (!doc)
        return;
    snprintf(s->file[s->count].path, LIMIT_PATH, "%s", path);
    s->file[s->count++].doc = doc;
}

static struct settings *load_settings(const struct tool *t)
{
    char folder[LIMIT_PATH], path[LIMIT_PATH];
    struct err ignored;
    struct settings *s = calloc(1, sizeof *s);
    if (!s)
        err_note_no_memory();
    if (!s || !t->settings)
        return s;
    for (const char *const *managed = t->managed; *managed; managed++)
        read_settings(s, *managed);
    if (tool_folder(t, folder, &ignored) && path_join(path, folder, t->settings))
        read_settings(s, path);
    return s;
}

static void free_settings(struct settings *s)
{
    for (size_t i = 0; s && i < s->count; i++)
        jv_free(s->file[i].doc);
    free(s);
}

/* "0" and "false" switch a CLAUDE_CODE_USE_* off; no key looks like that. */
static bool is_on(const char *value)
{
    return value && *value && strcmp(value, "0") != 0 && strcmp(value, "false") != 0;
}

static bool set_by(const struct tool *t, const jv *doc, const struct override *o)
{
    if (!o->helper)
        return t->environment && is_on(jv_text(jv_get(doc, t->environment), o->name));
    const char *helper = jv_text(doc, o->name);
    return helper && *helper;
}

static void look(const struct tool *t, const struct settings *s, const char *name,
                 struct override *ret)
{
    *ret = (struct override){.name = name, .helper = strcmp(name, MEMBER) == 0};
    if (ret->helper)
        ret->name = t->helper;
    ret->used = !ret->helper && is_on(getenv(name));
    for (size_t i = 0; s && !ret->used && i < s->count; i++)
        if (set_by(t, s->file[i].doc, ret)) {
            ret->used = true;
            snprintf(ret->where, sizeof ret->where, "%s", s->file[i].path);
        }
}

void tool_overrides(const struct tool *t, override_fn *fn, void *ctx)
{
    struct settings *s = load_settings(t);
    struct override o;
    bool more = true, helper = false;
    for (const char *const *name = t->overrides; more && *name; name++) {
        if (!t->helper && strcmp(*name, MEMBER) == 0)
            continue;
        look(t, s, *name, &o);
        helper |= o.helper;
        more = fn(ctx, &o);
    }
    /* A description that gives it no place means the last one. */
    if (more && t->helper && !helper) {
        look(t, s, MEMBER, &o);
        fn(ctx, &o);
    }
    free_settings(s);
}

struct first {
    const struct tool *tool;
    const char *words;
};

static bool first_used(void *ctx, const struct override *o)
{
    struct first *f = ctx;
    if (o->used)
        f->words = o->helper ? f->tool->helper_words : o->name;
    return !o->used;
}

const char *tool_override(const struct tool *t)
{
    struct first f = {.tool = t};
    tool_overrides(t, first_used, &f);
    return f.words;
}
