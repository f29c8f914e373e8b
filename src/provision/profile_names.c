#include "provision/profile_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/home.h"
#include "base/ini.h"
#include "base/limits.h"
#include "provision/aws_profile.h"

/* A section of the configuration is a profile when it is called so; others are sso-session, services
 * and the like. */
static const char of_config[] = "profile ";

struct listing {
    struct profile_names *names;
    bool config;
};

bool profile_named(const struct profile_names *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->name[i], name) == 0)
            return true;
    return false;
}

static bool take(void *ctx, const char *section, const char *key, const char *value, unsigned line,
                 struct err *e)
{
    struct listing *l = ctx;
    struct profile_names *p = l->names;
    (void)value;
    (void)line;
    (void)e;
    bool prefixed = strncmp(section, of_config, strlen(of_config)) == 0;
    if (key || (l->config && !prefixed && strcmp(section, "default") != 0))
        return true;
    const char *name = l->config && prefixed ? section + strlen(of_config) : section;
    if (strlen(name) >= PROFILE_NAME_SIZE || profile_named(p, name))
        return true;
    if (p->count == PROFILE_NAMES)
        p->more = true;
    else
        snprintf(p->name[p->count++], PROFILE_NAME_SIZE, "%s", name);
    return true;
}

static bool read_names(const char *path, bool config, struct profile_names *names, struct err *e)
{
    struct listing l = {names, config};
    struct buf text;
    buf_init(&text, LIMIT_CONFIG);
    bool ok = file_read_if_there(path, &text, e) &&
              ini_parse(buf_str(&text), text.len, path, take, &l, e);
    buf_free(&text);
    return ok;
}

static bool config_file(char *out, struct err *e)
{
    const char *set = getenv("AWS_CONFIG_FILE");
    if (!set || !*set)
        return home_path(".aws/config", out, e);
    if (strncmp(set, "~/", 2) == 0)
        return home_path(set + 2, out, e);
    return snprintf(out, LIMIT_PATH, "%s", set) < LIMIT_PATH ||
           err_set(e, ERR_INVALID, "AWS_CONFIG_FILE is too long for a path");
}

bool profile_names(struct profile_names *ret, struct err *e)
{
    char path[LIMIT_PATH];
    ret->count = 0;
    ret->more = false;
    return aws_profile_file(path, e) && read_names(path, false, ret, e) && config_file(path, e) &&
           read_names(path, true, ret, e);
}
