#include "aws_config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws_section.h"
#include "base/file.h"
#include "base/home.h"
#include "base/ini.h"
#include "base/limits.h"
#include "base/parse.h"
#include "base/wiped_alloc.h"

#define MAX_ATTEMPTS_DEFAULT 3 /* the SDKs' standard mode */
#define MAX_ATTEMPTS_LEGACY  5 /* retry_mode = legacy; otherwise it is the standard mode too */
#define MAX_ATTEMPTS_LIMIT   100

/* One `key = value` of a profile, or of a [services NAME] section. */
struct setting {
    struct setting *next;
    enum aws_file file;
    enum aws_section kind;
    bool replaced;                        /* another section has taken the place of this one */
    char *header, *section, *key, *value; /* "profile x", its name "x", ... */
};

struct aws_config {
    struct setting *first, **end;
    char names[AWS_FILE_COUNT][LIMIT_PATH]; /* as messages show them */
    char paths[AWS_FILE_COUNT][LIMIT_PATH];
};

const char *aws_env(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value ? value : NULL;
}

/* ---- reading ---- */

struct reading {
    struct aws_config *config;
    enum aws_file file;
    const struct setting *last;
};

/* Two headers can mean one profile, [default] and [profile default]: the one that comes first in the
 * file is then no more. */
static bool replaced(const struct reading *r, const struct setting *new)
{
    const struct setting *last = r->last;
    if (last && strcmp(last->header, new->header) == 0)
        return last->replaced;
    for (const struct setting *s = r->config->first; s; s = s->next)
        if (s != new && s->file == new->file && strcmp(s->header, new->header) == 0)
            return s->replaced;
    for (struct setting *s = r->config->first; s; s = s->next)
        if (s != new && s->file == new->file &&
            s->kind == new->kind &&strcmp(s->section, new->section) == 0)
            s->replaced = true;
    return false;
}

static bool keep(struct reading *r, struct setting like, const char *key, const char *value)
{
    struct setting *s = wiped_calloc(1, sizeof *s);
    if (!s)
        return false;
    *r->config->end = s;
    r->config->end = &s->next;
    s->file = r->file;
    s->kind = like.kind;
    s->header = wiped_strdup(like.header);
    s->section = wiped_strdup(like.section);
    s->key = wiped_strdup(key);
    s->value = wiped_strdup(value);
    if (!s->header || !s->section || !s->key || !s->value)
        return false;
    s->replaced = replaced(r, s);
    r->last = s;
    return true;
}

static bool one_setting(void *ctx, const char *section, const char *key, const char *value,
                        unsigned line, struct err *e)
{
    (void)line;
    if (!key)
        return true;
    struct reading *r = ctx;
    char name[AWS_SECTION_NAME_SIZE] = "", header[AWS_SECTION_NAME_SIZE];
    enum aws_section kind = aws_section_read(section, r->file == AWS_FILE_CREDENTIALS, name);
    snprintf(header, sizeof header, "%s", section);
    return kind == SECTION_OTHER ||
           keep(r, (struct setting){.kind = kind, .header = header, .section = name}, key, value) ||
           err_no_memory(e);
}

static struct aws_config *config_new(void)
{
    struct aws_config *c = wiped_calloc(1, sizeof *c);
    if (c)
        c->end = &c->first;
    return c;
}

static bool read_file(struct aws_config *c, enum aws_file file, struct err *e)
{
    static const struct {
        const char *variable, *usual;
    } places[] = {
        [AWS_FILE_CREDENTIALS] = {"AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"},
        [AWS_FILE_CONFIG] = {"AWS_CONFIG_FILE", "~/.aws/config"},
    };
    char *path = c->paths[file], home[LIMIT_PATH];
    struct err why;
    const char *set = aws_env(places[file].variable);
    snprintf(c->names[file], LIMIT_PATH, "%s", set ? set : places[file].usual);
    if (c->names[file][0] != '~')
        memcpy(path, c->names[file], LIMIT_PATH);
    else if (!path_join(path, home_folder(home, &why) ? home : "/",
                        c->names[file] + strspn(c->names[file], "~/")))
        return err_set(e, ERR_INVALID, "%s: the path is too long", c->names[file]);

    struct buf text;
    buf_init(&text, LIMIT_CONFIG);
    bool ok = file_read(path, &text, &why);
    struct reading r = {.config = c, .file = file};
    if (ok)
        ok = ini_parse(buf_str(&text), text.len, c->names[file], one_setting, &r, e);
    else if (why.code == ERR_NOT_FOUND || why.code == ERR_INVALID)
        ok = true; /* AWS_CONFIG_FILE=/dev/null is how to have none */
    else
        *e = why;
    buf_free(&text);
    return ok;
}

bool aws_config_load(struct aws_config **ret, struct err *e)
{
    struct aws_config *c = config_new();
    if (!c)
        return err_no_memory(e);
    for (enum aws_file file = 0; file < AWS_FILE_COUNT; file++)
        if (!read_file(c, file, e)) {
            aws_config_free(c);
            return false;
        }
    *ret = c;
    return true;
}

bool aws_config_parse(const char *credentials, const char *config, struct aws_config **ret,
                      struct err *e)
{
    const char *const texts[] = {[AWS_FILE_CREDENTIALS] = credentials, [AWS_FILE_CONFIG] = config};
    static const char *const names[] = {"credentials", "config"};
    struct aws_config *c = config_new();
    bool ok = c || err_no_memory(e);
    for (enum aws_file file = 0; ok && file < AWS_FILE_COUNT; file++) {
        struct reading r = {.config = c, .file = file};
        snprintf(c->names[file], LIMIT_PATH, "%s", names[file]);
        ok = !texts[file] ||
             ini_parse(texts[file], strlen(texts[file]), names[file], one_setting, &r, e);
    }
    if (ok)
        *ret = c;
    else
        aws_config_free(c);
    return ok;
}

void aws_config_free(struct aws_config *c)
{
    for (struct setting *s = c ? c->first : NULL; s;) {
        struct setting *next = s->next;
        wiped_free(s->header);
        wiped_free(s->section);
        wiped_free(s->key);
        wiped_free(s->value);
        wiped_free(s);
        s = next;
    }
    wiped_free(c);
}

const char *aws_config_file_name(const struct aws_config *c, enum aws_file file)
{
    return c->names[file];
}

const char *aws_config_file_path(const struct aws_config *c, enum aws_file file)
{
    return c->paths[file];
}

/* ---- looking up ---- */

const char *aws_config_profile(const char *chosen)
{
    if (chosen && *chosen)
        return chosen;
    const char *set = aws_env("AWS_PROFILE");
    if (!set)
        set = aws_env("AWS_DEFAULT_PROFILE");
    return set ? set : "default";
}

bool aws_config_has_profile(const struct aws_config *c, const char *profile)
{
    for (const struct setting *s = c->first; s; s = s->next)
        if (s->kind == SECTION_PROFILE && strcmp(s->section, profile) == 0)
            return true;
    return false;
}

/* The last one counts, should a key stand twice (botocore refuses such a file). */
static char *find_own(const struct aws_config *c, enum aws_file file, enum aws_section kind,
                      const char *section, const char *key, bool *ret_section)
{
    char *value = NULL;
    *ret_section = false;
    for (const struct setting *s = c->first; s; s = s->next) {
        if (s->file != file || s->kind != kind || s->replaced || strcmp(s->section, section) != 0)
            continue;
        *ret_section = true;
        if (strcmp(s->key, key) == 0)
            value = s->value;
    }
    return value;
}

/* A section of any kind has what stands in its file's [DEFAULT] as well. */
static char *find(const struct aws_config *c, enum aws_file file, enum aws_section kind,
                  const char *section, const char *key)
{
    bool here, ignored;
    char *value = find_own(c, file, kind, section, key, &here);
    return value || !here ? value : find_own(c, file, SECTION_DEFAULTS, "", key, &ignored);
}

const char *aws_config_get_in(const struct aws_config *c, enum aws_file file, const char *profile,
                              const char *key)
{
    const char *value = find(c, file, SECTION_PROFILE, profile, key);
    return value && *value ? value : NULL;
}

const char *aws_config_get(const struct aws_config *c, const char *profile, const char *key)
{
    const char *value = aws_config_get_in(c, AWS_FILE_CREDENTIALS, profile, key);
    return value ? value : aws_config_get_in(c, AWS_FILE_CONFIG, profile, key);
}

const char *aws_config_region(const struct aws_config *c, const char *profile)
{
    const char *region = aws_env("AWS_REGION");
    if (!region)
        region = aws_env("AWS_DEFAULT_REGION");
    return region ? region : aws_config_get(c, profile, "region");
}

bool aws_config_flag(const struct aws_config *c, const char *profile, const char *variable,
                     const char *key)
{
    const char *text = aws_env(variable);
    if (!text)
        text = aws_config_get(c, profile, key);
    return text && strcasecmp(text, "true") == 0;
}

/* `ssm =` and below it, indented, `endpoint_url = URL`: ini.h hands that over as one value whose
 * lines are the nested settings.  The value of the last line for KEY, cut out in place. */
static const char *nested(char *value, const char *key)
{
    const char *found = NULL;
    size_t key_len = strlen(key);
    for (char *line = value; line;) {
        char *end = strchr(line, '\n');
        char *p = line + key_len;
        if (strncmp(line, key, key_len) == 0 && p[strspn(p, " \t")] == '=') {
            p += strspn(p, " \t") + 1;
            found = p + strspn(p, " \t");
        }
        line = end ? end + 1 : NULL;
    }
    if (found)
        value[(size_t)(found - value) + strcspn(found, "\n")] = '\0';
    return found;
}

static const char *service_endpoint(const struct aws_config *c, const char *profile,
                                    const char *service)
{
    const char *services = aws_config_get(c, profile, "services");
    char *found = services ? find(c, AWS_FILE_CONFIG, SECTION_SERVICES, services, service) : NULL;
    return found ? nested(found, "endpoint_url") : NULL;
}

const char *aws_config_endpoint_url(const struct aws_config *c, const char *profile,
                                    const char *service)
{
    char variable[64] = "AWS_ENDPOINT_URL_";
    size_t n = strlen(variable);
    for (const char *p = service; *p && n + 1 < sizeof variable; p++)
        variable[n++] = (char)toupper((unsigned char)*p);
    variable[n] = '\0';

    if (aws_config_flag(c, profile, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                        "ignore_configured_endpoint_urls"))
        return NULL;
    const char *url = aws_env(variable);
    if (!url)
        url = aws_env("AWS_ENDPOINT_URL");
    if (!url)
        url = service_endpoint(c, profile, service);
    return url ? url : aws_config_get(c, profile, "endpoint_url");
}

const char *aws_config_ca_bundle(const struct aws_config *c, const char *profile)
{
    const char *file = aws_env("AWS_CA_BUNDLE");
    return file ? file : aws_config_get(c, profile, "ca_bundle");
}

int aws_config_max_attempts(const struct aws_config *c, const char *profile)
{
    const char *text = aws_env("AWS_MAX_ATTEMPTS"), *mode = aws_env("AWS_RETRY_MODE");
    int64_t n;
    if (!text)
        text = aws_config_get(c, profile, "max_attempts");
    if (!mode)
        mode = aws_config_get(c, profile, "retry_mode");
    /* A number nobody can mean must not keep a login from being pulled. */
    if (text && parse_int64(text, 1, MAX_ATTEMPTS_LIMIT, &n))
        return (int)n;
    return mode && strcasecmp(mode, "legacy") == 0 ? MAX_ATTEMPTS_LEGACY : MAX_ATTEMPTS_DEFAULT;
}
