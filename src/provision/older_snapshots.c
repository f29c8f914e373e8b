/* Logins in somebody's secrets.json, whatever that file is made for: found by what they are, not by
 * where they stand. */
#include "provision/older.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/home.h"

/* Below the home folder. */
static const char *const places[] = {"secrets.json", ".secrets.json", ".claude/secrets.json",
                                     ".config/secrets.json", ".secrets/secrets.json"};

/* Members lead so deep to a login at most; their names are cut to this for messages. */
enum { DEPTH = 8, WHERE = 256 };

struct search {
    const struct tool *tool;
    const char *path;
    older_snapshot_fn *fn;
    void *ctx;
    int depth;
    char where[WHERE];
    struct err *e;
};

/* TEXT is a login, one that the client would not take included, or what stands inside one: the
 * tool's first part without its name. */
static bool look(struct search *s, const char *text, size_t len, struct login_facts *ret,
                 bool *ret_is)
{
    struct buf inside;
    if (!login_look(s->tool, text, len, ret, s->e))
        return false;
    *ret_is =
        ret->state == LOGIN_USABLE || ret->state == LOGIN_BLANK || ret->state == LOGIN_MALFORMED;
    if (*ret_is || s->tool->parts[1])
        return true;
    buf_init(&inside, LIMIT_LOGIN_FILE);
    bool ok = buf_printf(&inside, "{\"%s\":", s->tool->parts[0]) && buf_bytes(&inside, text, len) &&
              buf_text(&inside, "}");
    ok = ok ? login_look(s->tool, buf_str(&inside), inside.len, ret, s->e)
            : buf_error(&inside, "a snapshot", s->e);
    buf_free(&inside);
    *ret_is = ok && (ret->state == LOGIN_USABLE || ret->state == LOGIN_BLANK);
    return ok;
}

/* Is V a login, as an object or as the text of one? */
static bool look_at(struct search *s, const jv *v, struct login_facts *ret, bool *ret_is)
{
    struct buf text;
    *ret_is = false;
    buf_init(&text, LIMIT_LOGIN_FILE);
    bool ok = true;
    if (jv_is_string(v) && jv_string(v)[0] == '{')
        ok = buf_text(&text, jv_string(v)) || buf_error(&text, "a snapshot", s->e);
    else if (jv_is_object(v))
        ok = jv_write(v, &text) || buf_error(&text, "a snapshot", s->e);
    ok = ok && (text.len == 0 || look(s, text.data, text.len, ret, ret_is));
    buf_free(&text);
    return ok;
}

static bool walk(struct search *s, const jv *v);

static bool walk_member(void *ctx, const char *key, const jv *value)
{
    struct search *s = ctx;
    size_t len = strlen(s->where);
    snprintf(s->where + len, sizeof s->where - len, "%s%s", len ? "." : "", key);
    s->depth++;
    bool ok = walk(s, value);
    s->depth--;
    s->where[len] = '\0';
    return ok;
}

static bool walk(struct search *s, const jv *v)
{
    struct login_facts facts;
    bool is;
    if (!look_at(s, v, &facts, &is))
        return false;
    if (is) {
        s->fn(s->ctx, s->path, s->where, &facts);
        return true;
    }
    if (s->depth == DEPTH)
        return true;
    if (jv_is_object(v))
        return jv_each(v, walk_member, s);
    for (size_t i = 0; jv_is_array(v) && i < jv_size(v); i++) {
        char index[24];
        snprintf(index, sizeof index, "%zu", i);
        if (!walk_member(s, index, jv_at(v, i)))
            return false;
    }
    return true;
}

bool older_snapshots_in(const struct tool *t, const char *path, const char *text, size_t len,
                        older_snapshot_fn *fn, void *ctx, struct err *e)
{
    struct search s = {.tool = t, .path = path, .fn = fn, .ctx = ctx, .where = "", .e = e};
    struct err no_json;
    jv *v = jv_parse(text, len, &no_json);
    bool ok = !v || walk(&s, v);
    jv_free(v);
    return ok;
}

bool older_snapshots(const struct tool *t, older_snapshot_fn *fn, void *ctx, struct err *e)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char path[LIMIT_PATH];
        struct buf text;
        struct err unreadable;
        if (!home_path(places[i], path, e))
            return false;
        buf_init(&text, LIMIT_LOGIN_FILE);
        bool ok = !file_read(path, &text, &unreadable) ||
                  older_snapshots_in(t, path, buf_str(&text), text.len, fn, ctx, e);
        buf_free(&text);
        if (!ok)
            return false;
    }
    return true;
}
