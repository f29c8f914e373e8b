/* What a section may say: one table of settings, and how each is taken. */
#include "relay/settings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

extern char **environ;

static const char *const role_names[] = {[ROLE_READER] = "reader", [ROLE_WRITER] = "writer"};
static const char *const retry_names[] = {
    [RETRY_SAFE] = "safe", [RETRY_ALWAYS] = "always", [RETRY_NEVER] = "never"};

const char *role_name(enum role r)
{
    return role_names[r];
}

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

static bool set_login_source(struct relay *r, const char *key, const char *value)
{
    (void)key;
    for (int i = 0; i < LOGIN_PLACE_COUNT; i++)
        if (strcmp(login_place_name((enum login_place)i), value) == 0) {
            r->login_place = (enum login_place)i;
            return true;
        }
    return false;
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

static bool set_writers(struct relay *r, const char *key, const char *value)
{
    (void)key;
    return (size_t)snprintf(r->writers, sizeof r->writers, "%s", value) < sizeof r->writers;
}

static bool set_fleet_size(struct relay *r, const char *key, const char *value)
{
    (void)key;
    return parse_int64(value, 1, 1000000, &r->fleet_size);
}

/* Whether, or with what. */
static bool set_renew(struct relay *r, const char *key, const char *value)
{
    (void)key;
    r->renew_command[0] = '\0';
    if (parse_bool(value, &r->renews))
        return true;
    r->renews = true;
    return value[strspn(value, " \t\n")] &&
           (size_t)snprintf(r->renew_command, sizeof r->renew_command, "%s", value) <
               sizeof r->renew_command;
}

static bool set_log_size(struct relay *r, const char *key, const char *value)
{
    (void)key;
    return parse_size(value, &r->log_size) && r->log_size >= LIMIT_EVENT;
}

static bool set_log_keep(struct relay *r, const char *key, const char *value)
{
    (void)key;
    return parse_int64(value, 0, LIMIT_LOG_FILES, &r->log_keep);
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
    {{"login-source", "auto", "auto|file|keychain",
      "where the login is on this machine: as the client itself looks, its file, or macOS's "
      "Keychain"},
     set_login_source},
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
    {{"renew", "yes", "yes|no|COMMAND",
      "whether this machine renews the login, and with which command"},
     set_renew},
    {{"writers", "", "NAME,NAME,...",
      "the writers, in the order in which they renew for each other"},
     set_writers},
    {{"fleet-size", "4", "NUMBER", "how many machines ask the store: many take turns"},
     set_fleet_size},
    {{"log-size", "1M", "SIZE", "how large events.jsonl grows before it is rotated"}, set_log_size},
    {{"log-keep", "5", "NUMBER", "how many rotated files of the log are kept"}, set_log_keep},
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

static bool apply(struct relay *r, const struct row *row, const char *value, const char *place,
                  struct err *e)
{
    const struct setting *s = &row->setting;
    if (row->set(r, s->key, value))
        return true;
    if (jv_ran_out())
        return err_no_memory(e);
    err_set(e, ERR_INVALID, "%s: %s = %.64s is not valid", place, s->key, value);
    return err_hint(e, "%s takes %s", s->key, s->takes);
}

static bool unknown_key(const char *place, const char *key, struct err *e)
{
    err_set(e, ERR_INVALID, "%s: there is no setting called '%.64s'", place, key);
    return err_hint(e, "the settings are listed in credrelay.conf(5)");
}

bool settings_take(struct relay *r, const char *key, const char *value, const char *place,
                   struct err *e)
{
    const struct row *row = find_row(key);
    return row ? apply(r, row, value, place, e) : unknown_key(place, key, e);
}

void settings_default(struct relay *r)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].setting.fallback[0])
            rows[i].set(r, rows[i].setting.key, rows[i].setting.fallback);
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

bool settings_from_environment(struct relay *r, struct err *e)
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
