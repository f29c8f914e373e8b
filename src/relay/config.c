/* credrelay.conf: sections into a struct relay. */
#include "relay/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"
#include "base/ini.h"
#include "base/shell_word.h"
#include "base/utf8.h"
#include "relay/succession.h"

/* ---- reading the file ---- */

struct reading {
    struct relay *relay;
    const char *path;
    const char *wanted;          /* the section's name, or NULL for the first one */
    char first[RELAY_NAME_SIZE]; /* the first relay's section */
    bool found;
};

/* Looking for the first section of a tool's. */
struct search {
    const char *tool;
    char section[RELAY_NAME_SIZE]; /* that is being read; "": none yet */
    bool is, found;
};

/* Every relay there is. */
struct listing {
    const char *path;
    bool strict; /* no: what has a name that cannot be a relay's is passed over */
    struct relay_names *names;
};

static bool is_relay(const char *section)
{
    return strcmp(section, "alert") != 0;
}

/* Files of the state folder that are no relay's: STATE/watch.lock and its like. */
static const struct {
    const char *name, *whose;
} taken[] = {
    {"watch", "the watcher"},
    {"alerts", "what sends alerts"},
    {"metrics", "log --prometheus"},
    {"config", "what edits the configuration"},
    {"aws-credentials", "what edits the AWS profiles"},
    {"alert", "[alert], which says who is told,"},
};

/* Files of a relay that would be another one's: "x.incident.json" is x's, or x.incident's. */
static const char *const endings[] = {".incident", ".renew", ".rotate-reader", ".rotate-writer"};

/* Some file systems do not tell upper from lower case.  NULL: it is nobody's. */
static const char *taken_by(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (strcasecmp(name, taken[i].name) == 0)
            return taken[i].whose;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t end = strlen(endings[i]);
        if (len > end && strcasecmp(name + len - end, endings[i]) == 0)
            return "a relay with a shorter name";
    }
    return NULL;
}

bool relay_name_ok(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n < RELAY_NAME_SIZE && name[0] != '.' && is_relay(name) && !taken_by(name) &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

bool relay_name_hint(const char *name, struct err *e)
{
    const char *whose = taken_by(name);
    if (whose)
        return err_hint(e, "call it otherwise: %s keeps its own state under that name", whose);
    return err_hint(e, "use letters, digits, dots and dashes, at most 63");
}

static bool bad_section(const char *place, const char *section, struct err *e)
{
    err_set(e, ERR_INVALID, "%s: [%.64s] is no name for a relay", place, section);
    return relay_name_hint(section, e);
}

/* A section that names no tool is claude's. */
static bool search_setting(void *ctx, const char *section, const char *key, const char *value,
                           unsigned line, struct err *e)
{
    struct search *s = ctx;
    (void)line;
    (void)e;
    if (s->found || !is_relay(section) || !relay_name_ok(section))
        return true;
    if (strcmp(section, s->section) != 0) {
        s->found = s->is;
        if (s->found)
            return true;
        snprintf(s->section, sizeof s->section, "%s", section);
        s->is = strcmp(s->tool, "claude") == 0;
    }
    if (key && strcmp(key, "tool") == 0)
        s->is = strcmp(value, s->tool) == 0;
    return true;
}

static bool take_setting(void *ctx, const char *section, const char *key, const char *value,
                         unsigned line, struct err *e)
{
    struct reading *rd = ctx;
    char place[LIMIT_PATH + 16];
    if (!is_relay(section))
        return true;
    snprintf(place, sizeof place, "%s:%u", rd->path, line);
    if (!relay_name_ok(section))
        return bad_section(place, section, e);
    if (!rd->first[0])
        snprintf(rd->first, sizeof rd->first, "%.63s", section);
    if (strcmp(section, rd->wanted ? rd->wanted : rd->first) != 0)
        return true;
    rd->found = true;
    return !key || settings_take(rd->relay, key, value, place, e);
}

/* The one of NAMES that has the same files where upper and lower case are not told apart. */
static const char *same_but_for_case(const struct relay_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcasecmp(names->name[i], name) == 0 && strcmp(names->name[i], name) != 0)
            return names->name[i];
    return NULL;
}

static bool too_alike(const char *place, const char *name, const char *other, struct err *e)
{
    err_set(e, ERR_INVALID, "%s: relay %s would share its files with relay %s", place, name, other);
    return err_hint(e, "call one of them otherwise: file systems may take %s and %s for one name",
                    name, other);
}

static bool may_stand_beside(const struct relay_names *names, const char *name, const char *place,
                             struct err *e)
{
    if (!relay_name_ok(name))
        return bad_section(place, name, e);
    const char *other = same_but_for_case(names, name);
    if (other)
        return too_alike(place, name, other, e);
    if (names->count < MOST_RELAYS)
        return true;
    err_set(e, ERR_INVALID, "%s: more than %d relays", place, MOST_RELAYS);
    return err_hint(e, "use a configuration of their own for the others: CREDRELAY_CONFIG=FILE");
}

static bool list_name(void *ctx, const char *section, const char *key, const char *value,
                      unsigned line, struct err *e)
{
    struct listing *l = ctx;
    char place[LIMIT_PATH + 16];
    (void)value;
    if (key || !is_relay(section))
        return true;
    for (size_t i = 0; i < l->names->count; i++)
        if (strcmp(l->names->name[i], section) == 0)
            return true;
    snprintf(place, sizeof place, "%s:%u", l->path, line);
    struct err why;
    if (!may_stand_beside(l->names, section, place, &why)) {
        if (l->strict)
            *e = why;
        return !l->strict;
    }
    snprintf(l->names->name[l->names->count++], RELAY_NAME_SIZE, "%s", section);
    return true;
}

static bool list_names(const char *path, const struct buf *text, bool strict,
                       struct relay_names *ret, struct err *e)
{
    struct listing l = {.path = path, .strict = strict, .names = ret};
    ret->count = 0;
    return ini_parse(buf_str(text), text->len, path, list_name, &l, e);
}

/* Its files are its own; also those of a relay that has its tool's name and no section. */
static bool is_alone(const struct relay *r, const char *path, const struct buf *text, bool strict,
                     struct err *e)
{
    struct relay_names names;
    if (!list_names(path, text, strict, &names, e))
        return false;
    const char *other = same_but_for_case(&names, r->name);
    return !other || too_alike(path, r->name, other, e);
}

/* ---- the rest of a relay ---- */

/* The name goes into the store and the log, which take UTF-8 only, and onto other machines' screens:
 * what a terminal would obey in it is "?". */
static bool name_machine(struct relay *r, struct err *e)
{
    const char *given = getenv("CREDRELAY_MACHINE");
    if (given && *given) {
        if (strlen(given) >= sizeof r->machine) {
            err_set(e, ERR_INVALID, "CREDRELAY_MACHINE is longer than %zu bytes",
                    sizeof r->machine - 1);
            return err_hint(e, "give this machine a shorter name");
        }
        if (!utf8_is_text(given)) {
            err_set(e, ERR_INVALID, "CREDRELAY_MACHINE is not valid UTF-8");
            return err_hint(e, "give this machine another name");
        }
        snprintf(r->machine, sizeof r->machine, "%s", given);
        utf8_make_printable(r->machine);
        return true;
    }
    if (gethostname(r->machine, sizeof r->machine) != 0 || !r->machine[0])
        snprintf(r->machine, sizeof r->machine, "unnamed");
    r->machine[sizeof r->machine - 1] = '\0';
    utf8_make_printable(r->machine);
    return true;
}

static bool no_such_relay(const struct reading *rd, struct err *e)
{
    err_set(e, ERR_USAGE, "%s has no relay called '%.64s'", rd->path, rd->wanted);
    return err_hint(e, "name one of its sections: grep '^\\[' %s", QUOTED(rd->path));
}

static bool load_tool(struct relay *r, struct err *e)
{
    r->tool = tool_load(r->tool_name, e);
    if (!r->tool || !tool_login_path(r->tool, r->login_path, e))
        return false;
    if (r->login_place != LOGIN_KEYCHAIN || r->tool->keychain)
        return true;
    err_set(e, ERR_INVALID, "login-source = keychain: %s has no item in the Keychain",
            r->tool_name);
    return err_hint(e, "login-source = file, or describe the item: credrelay-tool(5)");
}

static bool load(const char *name, const char *path, const struct buf *text, struct relay *r,
                 struct err *e)
{
    struct reading rd = {.relay = r, .path = path, .wanted = name};
    if (!ini_parse(buf_str(text), text->len, path, take_setting, &rd, e))
        return false;
    if (name && !rd.found && strcmp(name, "claude") != 0)
        return no_such_relay(&rd, e);
    const char *section = name ? name : rd.first[0] ? rd.first : "claude";
    snprintf(r->name, sizeof r->name, "%s", section);
    return is_alone(r, path, text, true, e) && settings_from_environment(r, e) && load_tool(r, e) &&
           home_state(r->state_dir, e);
}

/* The section of TOOL's, or none, and then the defaults under the tool's name. */
static bool load_of_tool(const char *tool, const char *path, const struct buf *text,
                         struct relay *r, struct err *e)
{
    struct search s = {.tool = tool, .section = ""};
    struct reading rd = {.relay = r, .path = path, .wanted = s.section};
    if (!ini_parse(buf_str(text), text->len, path, search_setting, &s, e))
        return false;
    bool found = s.found || s.is;
    if (found && !ini_parse(buf_str(text), text->len, path, take_setting, &rd, e))
        return false;
    snprintf(r->name, sizeof r->name, "%s", found ? s.section : tool);
    if (!is_alone(r, path, text, false, e) || !settings_from_environment(r, e))
        return false;
    /* CREDRELAY_TOOL is for those who name no tool. */
    snprintf(r->tool_name, sizeof r->tool_name, "%s", tool);
    return load_tool(r, e) && home_state(r->state_dir, e);
}

typedef bool load_fn(const char *name, const char *path, const struct buf *text, struct relay *r,
                     struct err *e);

static bool load_with(load_fn *fn, const char *name, struct relay *ret, struct err *e)
{
    char path[LIMIT_PATH];
    struct relay r = {.store_options = jv_object()};
    struct buf text;
    if (!r.store_options)
        return err_no_memory(e);
    buf_init(&text, LIMIT_CONFIG);
    settings_default(&r);
    bool ok = name_machine(&r, e) && relay_config_path(path, e) &&
              file_read_if_there(path, &text, e) && fn(name, path, &text, &r, e);
    buf_free(&text);
    if (ok)
        *ret = r;
    else
        relay_free(&r);
    return ok;
}

bool relay_load(const char *name, struct relay *ret, struct err *e)
{
    return load_with(load, name, ret, e);
}

bool relay_load_of_tool(const char *tool, struct relay *ret, struct err *e)
{
    return load_with(load_of_tool, tool, ret, e);
}

bool relay_names(struct relay_names *ret, struct err *e)
{
    char path[LIMIT_PATH];
    struct buf text;
    struct relay_names names;
    buf_init(&text, LIMIT_CONFIG);
    bool ok = relay_config_path(path, e) && file_read_if_there(path, &text, e) &&
              list_names(path, &text, true, &names, e);
    buf_free(&text);
    if (ok && !names.count)
        snprintf(names.name[names.count++], RELAY_NAME_SIZE, "claude");
    if (ok)
        *ret = names;
    return ok;
}

bool relay_may_be_added(const char *name, const char *path, const struct buf *text, struct err *e)
{
    struct relay_names names;
    return list_names(path, text, true, &names, e) && may_stand_beside(&names, name, path, e);
}

bool relay_takes_turns(const struct relay *r)
{
    bool can_renew = r->tool->renew[0] || r->renew_command[0];
    return r->role == ROLE_WRITER && !r->plain && can_renew &&
           strcmp(r->store_url, "local:") != 0 && !succession_alone(r->writers, r->machine);
}

struct login_source relay_login_source(const struct relay *r)
{
    return (struct login_source){.tool = r->tool, .path = r->login_path, .place = r->login_place};
}

void relay_free(struct relay *r)
{
    jv_free(r->store_options);
    r->store_options = NULL;
    tool_free(r->tool);
    r->tool = NULL;
}

bool relay_config_path(char *out, struct err *e)
{
    const char *given = getenv("CREDRELAY_CONFIG");
    if (given && *given)
        return snprintf(out, LIMIT_PATH, "%s", given) < LIMIT_PATH ||
               err_errno(e, ENAMETOOLONG, "%.64s...", given);
    char folder[LIMIT_PATH];
    return home_config(folder, e) && (path_join(out, folder, "credrelay.conf") ||
                                      err_errno(e, ENAMETOOLONG, "%.64s...", folder));
}

bool relay_state_path(const struct relay *r, const char *suffix, char *out, struct err *e)
{
    int n = snprintf(out, LIMIT_PATH, "%s/%s%s", r->state_dir, r->name, suffix);
    return (size_t)n < LIMIT_PATH || err_errno(e, ENAMETOOLONG, "%.64s...", r->state_dir);
}
