/* credrelay.conf: sections into a struct relay. */
#include "relay/relay.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"
#include "base/ini.h"
#include "base/parse.h"

static const char *const role_names[] = {[ROLE_READER] = "reader", [ROLE_WRITER] = "writer"};
static const char *const retry_names[] = {
    [RETRY_SAFE] = "safe", [RETRY_ALWAYS] = "always", [RETRY_NEVER] = "never"};

const char *role_name(enum role r)
{
    return role_names[r];
}

extern char **environ;

/* ---- one setter for each kind of value; false: the value is not one ---- */

static bool set_tool(struct relay *r, const char *key, const char *value)
{
    (void)key;
    return tool_exists(value) &&
           (size_t)snprintf(r->tool_name, sizeof r->tool_name, "%s", value) < sizeof r->tool_name;
}

static bool word(const char *const *words, int count, const char *value, int *ret)
{
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], value) == 0) {
            *ret = i;
            return true;
        }
    return false;
}

static bool set_role(struct relay *r, const char *key, const char *value)
{
    (void)key;
    int i;
    if (!word(role_names, 2, value, &i))
        return false;
    r->role = (enum role)i;
    return true;
}

static bool set_retry(struct relay *r, const char *key, const char *value)
{
    (void)key;
    int i;
    if (!word(retry_names, RETRY_COUNT, value, &i))
        return false;
    r->retry = (enum retry)i;
    return true;
}

static bool set_store(struct relay *r, const char *key, const char *value)
{
    (void)key;
    return *value &&
           (size_t)snprintf(r->store_url, sizeof r->store_url, "%s", value) < sizeof r->store_url;
}

static bool set_plain(struct relay *r, const char *key, const char *value)
{
    (void)key;
    return parse_bool(value, &r->plain);
}

static bool set_timeout(struct relay *r, const char *key, const char *value)
{
    (void)key;
    return parse_duration(value, &r->timeout_ms) && r->timeout_ms >= 100;
}

static bool set_preflight(struct relay *r, const char *key, const char *value)
{
    (void)key;
    return parse_duration(value, &r->preflight_ms);
}

static bool set_recover_wait(struct relay *r, const char *key, const char *value)
{
    (void)key;
    return parse_duration(value, &r->recover_wait_ms);
}

static bool set_option(struct relay *r, const char *key, const char *value)
{
    return jv_put_text(r->store_options, key, value);
}

typedef bool set_fn(struct relay *r, const char *key, const char *value);

/* The master copy: what a section may say, and who takes it. */
static const struct row {
    struct setting setting;
    set_fn *set;
} rows[] = {
    {{"tool", "claude", "claude|codex|NAME",
      "whose login is relayed, as tools/NAME.ini describes it"},
     set_tool},
    {{"role", "writer", "reader|writer", "writers publish logins made here; readers only pull"},
     set_role},
    {{"store", "local:", "URL", "the single source: local:[PATH] or ssm://REGION/NAME"}, set_store},
    {{"reader-profile", "", "PROFILE", "AWS profile that a reader uses"}, set_option},
    {{"writer-profile", "", "PROFILE", "AWS profile that a writer uses"}, set_option},
    {{"kms-key-id", "", "KEY", "KMS key that encrypts the values; default aws/ssm"}, set_option},
    {{"tier", "", "standard|advanced|intelligent", "tier of the parameters"}, set_option},
    {{"share-refresh-token", "no", "yes|no",
      "keep one value with the full login instead of two; every machine can then spend it"},
     set_plain},
    {{"retry", "safe", "safe|always|never", "whether claude-p runs a failed run again"}, set_retry},
    {{"timeout", "10s", "DURATION", "longest time one call to the store may take"}, set_timeout},
    {{"preflight", "3s", "DURATION", "longest time claude-p may spend on a login before a run"},
     set_preflight},
    {{"recover-wait", "10s", "DURATION", "how long a failed run waits for a writer to publish"},
     set_recover_wait},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

const struct setting *relay_setting(size_t i)
{
    return i < ROWS ? &rows[i].setting : NULL;
}

static const struct row *find_row(const char *key)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].setting.key, key) == 0)
            return &rows[i];
    return NULL;
}

/* ---- reading the file ---- */

struct reading {
    struct relay *relay;
    const char *path;
    const char *wanted; /* the section's name, or NULL for the first one */
    char first[64];     /* the first relay's section */
    bool found;
};

/* Looking for the first section of a tool's. */
struct search {
    const char *tool;
    char section[64]; /* that is being read; "": none yet */
    bool is, found;
};

static bool apply(struct relay *r, const struct row *row, const char *value, const char *place,
                  struct err *e)
{
    const struct setting *s = &row->setting;
    if (row->set(r, s->key, value))
        return true;
    err_set(e, ERR_INVALID, "%s: %s = %.64s is not valid", place, s->key, value);
    return err_hint(e, "%s takes %s", s->key, s->takes);
}

static bool unknown_key(const char *place, const char *key, struct err *e)
{
    err_set(e, ERR_INVALID, "%s: there is no setting called '%.64s'", place, key);
    return err_hint(e, "the settings are listed in credrelay.conf(5)");
}

/* The section's name becomes part of file names. */
static bool plain_name(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n < 64 && name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

static bool bad_section(const char *place, const char *section, struct err *e)
{
    err_set(e, ERR_INVALID, "%s: [%.64s] is no name for a relay", place, section);
    return err_hint(e, "use letters, digits, dots and dashes, at most 63");
}

static bool is_relay(const char *section)
{
    return strcmp(section, "alert") != 0;
}

/* A section that names no tool is claude's. */
static bool search_setting(void *ctx, const char *section, const char *key, const char *value,
                           unsigned line, struct err *e)
{
    struct search *s = ctx;
    (void)line;
    (void)e;
    if (s->found || !is_relay(section) || !plain_name(section))
        return true;
    if (strcmp(section, s->section) != 0) {
        s->found = s->is;
        if (s->found)
            return true;
        snprintf(s->section, sizeof s->section, "%s", section);
        s->is = strcmp(s->tool, "claude") == 0;
    }
    if (strcmp(key, "tool") == 0)
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
    if (!plain_name(section))
        return bad_section(place, section, e);
    if (!rd->first[0])
        snprintf(rd->first, sizeof rd->first, "%.63s", section);
    if (strcmp(section, rd->wanted ? rd->wanted : rd->first) != 0)
        return true;
    rd->found = true;
    const struct row *row = find_row(key);
    return row ? apply(rd->relay, row, value, place, e) : unknown_key(place, key, e);
}

/* The file's text; without the file, none. */
static bool read_text(const char *path, struct buf *out, struct err *e)
{
    struct err why;
    if (file_read(path, out, &why) || why.code == ERR_NOT_FOUND)
        return true;
    *e = why;
    return false;
}

/* share-refresh-token -> CREDRELAY_SHARE_REFRESH_TOKEN */
static const char * override(const char *key, char *name, size_t size)
{
    snprintf(name, size, "CREDRELAY_%s", key);
    for (char *p = name; *p; p++)
        if (*p == '-')
            *p = '_';
        else
            *p = (char)toupper((unsigned char)*p);
    return getenv(name);
}

/* Most machines have none: one look instead of a dozen. */
static bool any_override(void)
{
    for (char **variable = environ; *variable; variable++)
        if (strncmp(*variable, "CREDRELAY_", 10) == 0)
            return true;
    return false;
}

static bool read_environment(struct relay *r, struct err *e)
{
    char name[64];
    if (!any_override())
        return true;
    for (size_t i = 0; i < ROWS; i++) {
        const char *value = override(rows[i].setting.key, name, sizeof name);
        if (value && *value && !apply(r, &rows[i], value, name, e))
            return false;
    }
    return true;
}

/* ---- the rest of a relay ---- */

static void set_defaults(struct relay *r)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].setting.fallback[0])
            rows[i].set(r, rows[i].setting.key, rows[i].setting.fallback);
}

/* The name goes into the store and the log, which take UTF-8 only. */
static bool is_utf8(const char *text)
{
    jv *v = jv_object();
    bool is = jv_put_text(v, "text", text);
    jv_free(v);
    return is;
}

static bool name_machine(struct relay *r, struct err *e)
{
    const char *given = getenv("CREDRELAY_MACHINE");
    if (given && *given) {
        if (strlen(given) >= sizeof r->machine) {
            err_set(e, ERR_INVALID, "CREDRELAY_MACHINE is longer than %zu bytes",
                    sizeof r->machine - 1);
            return err_hint(e, "give this machine a shorter name");
        }
        if (!is_utf8(given)) {
            err_set(e, ERR_INVALID, "CREDRELAY_MACHINE is not valid UTF-8");
            return err_hint(e, "give this machine another name");
        }
        snprintf(r->machine, sizeof r->machine, "%s", given);
        return true;
    }
    if (gethostname(r->machine, sizeof r->machine) != 0 || !r->machine[0])
        snprintf(r->machine, sizeof r->machine, "unnamed");
    r->machine[sizeof r->machine - 1] = '\0';
    return true;
}

static bool no_such_relay(const struct reading *rd, struct err *e)
{
    err_set(e, ERR_USAGE, "%s has no relay called '%.64s'", rd->path, rd->wanted);
    return err_hint(e, "name one of its sections: grep '^\\[' '%s'", rd->path);
}

static bool load_tool(struct relay *r, struct err *e)
{
    r->tool = tool_load(r->tool_name, e);
    return r->tool && tool_login_path(r->tool, r->login_path, e);
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
    return read_environment(r, e) && load_tool(r, e) && home_state(r->state_dir, e);
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
    if (!read_environment(r, e))
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
    set_defaults(&r);
    bool ok = name_machine(&r, e) && relay_config_path(path, e) && read_text(path, &text, e) &&
              fn(name, path, &text, &r, e);
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
    return (n >= 0 && n < LIMIT_PATH) || err_errno(e, ENAMETOOLONG, "%.64s...", r->state_dir);
}
