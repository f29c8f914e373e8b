#include "service/unit_gather.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/home.h"
#include "base/search.h"
#include "base/utf8.h"
#include "os/process.h"
#include "relay/relay.h"
#include "tool/description.h"

extern char **environ;

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

/* PATHs are long on some systems; a unit has room for this and everything else. */
enum { LIMIT_PATH_VARIABLE = 16 << 10 };

/* ---- the program ---- */

static bool same_file(const char *a, const char *b)
{
    struct stat sa, sb;
    return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
           sa.st_ino == sb.st_ino;
}

/* The way that PATH leads to this program rather than where it really is: package managers keep
 * versions in folders of their own and repoint a link. */
static bool find_program(char *out, struct err *e)
{
    char real[LIMIT_PATH];
    if (!os_program_path(real, sizeof real))
        return err_set(e, ERR_FAILED, "this program cannot tell where it is");
    if (!search_path("credrelay", out) || !same_file(out, real))
        memcpy(out, real, strlen(real) + 1);
    return true;
}

/* ---- the environment ---- */

enum rule {
    LEAVE,    /* no business of the watcher's */
    GIVE,     /* as it is */
    PLACE,    /* a path */
    PROXY,    /* a URL that may hold a password */
    WITHHOLD, /* secret */
};

/* The first that fits counts; a '*' at the end: every name that begins so. */
static const struct {
    const char *name;
    enum rule rule;
} rules[] = {
    {"HOME", PLACE},
    {"XDG_CONFIG_HOME", PLACE},
    {"XDG_STATE_HOME", PLACE},
    {"CREDRELAY_CONFIG", PLACE},
    {"CREDRELAY_MACHINE", GIVE},
    {"CREDRELAY_ALERT_SMTP_PASSWORD", WITHHOLD},
    {"CREDRELAY_ALERT_RESEND_KEY", WITHHOLD},
    {"CREDRELAY_ALERT_WEBHOOK_TOKEN", WITHHOLD},
    {"CREDRELAY_ALERT_*", GIVE},
    {"AWS_ACCESS_KEY_ID", WITHHOLD},
    {"AWS_SECRET_ACCESS_KEY", WITHHOLD},
    {"AWS_SESSION_TOKEN", WITHHOLD},
    {"AWS_SECURITY_TOKEN", WITHHOLD},
    {"AWS_CONTAINER_AUTHORIZATION_TOKEN", WITHHOLD},
    {"AWS_CONFIG_FILE", PLACE},
    {"AWS_SHARED_CREDENTIALS_FILE", PLACE},
    {"AWS_WEB_IDENTITY_TOKEN_FILE", PLACE},
    {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", PLACE},
    {"AWS_CA_BUNDLE", PLACE},
    {"AWS_PROFILE", GIVE},
    {"AWS_DEFAULT_PROFILE", GIVE},
    {"AWS_REGION", GIVE},
    {"AWS_DEFAULT_REGION", GIVE},
    {"AWS_ENDPOINT_URL*", GIVE},
    {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", GIVE},
    {"AWS_ROLE_ARN", GIVE},
    {"AWS_ROLE_SESSION_NAME", GIVE},
    {"AWS_CONTAINER_CREDENTIALS_*", GIVE},
    {"AWS_EC2_METADATA_*", GIVE},
    {"AWS_MAX_ATTEMPTS", GIVE},
    {"AWS_RETRY_MODE", GIVE},
    {"AWS_USE_DUALSTACK_ENDPOINT", GIVE},
    {"AWS_USE_FIPS_ENDPOINT", GIVE},
    {"http_proxy", PROXY},
    {"https_proxy", PROXY},
    {"HTTPS_PROXY", PROXY},
    {"all_proxy", PROXY},
    {"ALL_PROXY", PROXY},
    {"no_proxy", GIVE},
    {"NO_PROXY", GIVE},
    {"NODE_EXTRA_CA_CERTS", PLACE}, /* the client's, behind a proxy that inspects TLS */
};

static bool names(const char *pattern, const char *name, size_t len)
{
    size_t n = strlen(pattern);
    if (pattern[n - 1] == '*')
        return len >= n - 1 && memcmp(pattern, name, n - 1) == 0;
    return len == n && memcmp(pattern, name, n) == 0;
}

/* CREDRELAY_SHARE_REFRESH_TOKEN is share-refresh-token's. */
static bool is_setting(const char *name, size_t len)
{
    const struct setting *s;
    if (len <= 10 || memcmp(name, "CREDRELAY_", 10) != 0)
        return false;
    for (size_t i = 0; (s = relay_setting(i)); i++) {
        size_t at = 0;
        while (s->key[at] && 10 + at < len &&
               (s->key[at] == '-' ? '_' : toupper((unsigned char)s->key[at])) == name[10 + at])
            at++;
        if (!s->key[at] && 10 + at == len)
            return true;
    }
    return false;
}

static enum rule rule_of(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (names(rules[i].name, name, len))
            return rules[i].rule;
    return is_setting(name, len) ? GIVE : LEAVE;
}

static bool give(struct unit_source *s, const char *variable, struct err *e)
{
    if (s->variables == UNIT_VARIABLES)
        return err_set(e, ERR_TOO_LARGE, "more than %d variables for a service", UNIT_VARIABLES);
    s->environment[s->variables++] = variable;
    return true;
}

/* A list of names that is cut at a whole one. */
static void withhold(struct unit_source *s, const char *name, size_t len)
{
    size_t used = strlen(s->withheld);
    const char *comma = used ? ", " : "";
    if (used + strlen(comma) + len < sizeof s->withheld)
        snprintf(s->withheld + used, sizeof s->withheld - used, "%s%.*s", comma, (int)len, name);
}

static bool give_place(struct unit_source *s, const char *variable, const char *value,
                       struct err *e)
{
    if (*value == '/' || *value == '~')
        return give(s, variable, e);
    err_set(e, ERR_INVALID, "%.256s is a relative path, which means nothing to a service",
            variable);
    return err_hint(e, "export %.*s=\"$PWD/%.128s\"", (int)(value - 1 - variable), variable, value);
}

static bool take(struct unit_source *s, enum rule rule, const char *variable, struct err *e)
{
    const char *value = strchr(variable, '=') + 1;
    size_t len = (size_t)(value - 1 - variable);
    if (!*value)
        return true;
    switch (rule) {
    case GIVE: return give(s, variable, e);
    case PLACE: return give_place(s, variable, value, e);
    case PROXY:
        if (!strchr(value, '@'))
            return give(s, variable, e);
        withhold(s, variable, len);
        return true;
    case WITHHOLD: withhold(s, variable, len); return true;
    default: return true;
    }
}

/* Unless it was taken already: of another relay with that tool. */
static bool take_folder(struct unit_source *s, const struct tool *t, struct err *e)
{
    for (size_t i = 0; t->folder_env && i < s->variables; i++)
        if (names(t->folder_env, s->environment[i], strcspn(s->environment[i], "=")))
            return true;
    for (char **v = environ; t->folder_env && *v; v++)
        if (names(t->folder_env, *v, strcspn(*v, "=")))
            return take(s, PLACE, *v, e);
    return true;
}

/* Where the tools keep their logins: those of the configuration, and shipped ones that a relay of
 * tomorrow may have. */
static bool take_folders(struct unit_source *s, struct err *e)
{
    struct relay_names relays;
    bool ok = relay_names(&relays, e);
    for (const struct tool *const *t = shipped_tools; ok && *t; t++)
        ok = take_folder(s, *t, e);
    for (size_t i = 0; ok && i < relays.count; i++) {
        struct relay r;
        if (!relay_load(relays.name[i], &r, e))
            return false;
        ok = take_folder(s, r.tool, e);
        relay_free(&r);
    }
    return ok;
}

static bool take_path(struct unit_source *s, struct err *e)
{
    const char *path = getenv("PATH");
    size_t before;
    buf_text(&s->path, "PATH=");
    before = s->path.len;
    for (const char *p = path ? path : ""; *p;) {
        size_t n = strcspn(p, ":");
        char folder[LIMIT_PATH];
        if (*p == '/' && n < sizeof folder) {
            snprintf(folder, sizeof folder, "%.*s", (int)n, p);
            if (utf8_is_line(folder))
                buf_printf(&s->path, "%s%s", s->path.len > before ? ":" : "", folder);
        }
        p += n + (p[n] == ':');
    }
    if (s->path.len == before)
        buf_text(&s->path, DEFAULT_PATH);
    return !s->path.failed ? give(s, buf_str(&s->path), e) : buf_error(&s->path, "PATH", e);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In an order of their own: the same variables make the same text. */
static bool take_all(struct unit_source *s, struct err *e)
{
    for (char **v = environ; *v; v++)
        if (strchr(*v, '=') && !take(s, rule_of(*v, strcspn(*v, "=")), *v, e))
            return false;
    if (!take_folders(s, e) || !take_path(s, e))
        return false;
    qsort(s->environment, s->variables, sizeof s->environment[0], by_name);
    return true;
}

bool unit_gather(struct unit_source *ret, struct err *e)
{
    char state[LIMIT_PATH];
    *ret = (struct unit_source){.variables = 0};
    buf_init(&ret->path, LIMIT_PATH_VARIABLE);
    ret->unit =
        (struct unit){.program = ret->program, .log = ret->log, .environment = ret->environment};
    bool ok = find_program(ret->program, e) && home_state(state, e) &&
              (path_join(ret->log, state, "watch.log") ||
               err_set(e, ERR_INVALID, "the path of the log is too long: %.64s...", state)) &&
              take_all(ret, e);
    if (!ok)
        unit_source_free(ret);
    return ok;
}

void unit_source_free(struct unit_source *s)
{
    buf_free(&s->path);
}
