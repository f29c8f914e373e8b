/* credrelay.conf: the section [alert]. */
#include "alert/section.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/ini.h"

struct reading {
    struct alert_settings *settings;
    const char *path;
};

static bool take_line(void *ctx, const char *section, const char *key, const char *value,
                      unsigned line, struct err *e)
{
    const struct reading *rd = ctx;
    char place[LIMIT_PATH + 16];
    if (strcmp(section, "alert") != 0 || !key)
        return true;
    snprintf(place, sizeof place, "%s:%u", rd->path, line);
    return alert_setting_take(rd->settings, key, value, place, e);
}

static bool read_file(struct alert_settings *s, struct err *e)
{
    char path[LIMIT_PATH];
    struct buf text;
    if (!relay_config_path(path, e))
        return false;
    buf_init(&text, LIMIT_CONFIG);
    const struct reading rd = {.settings = s, .path = path};
    bool ok = file_read_if_there(path, &text, e) &&
              ini_parse(buf_str(&text), text.len, path, take_line, (void *)&rd, e);
    buf_free(&text);
    return ok;
}

/* ---- what settings say together ---- */

static bool has(const struct alert_settings *s, const char *key)
{
    return jv_text(s->options, key) != NULL;
}

/* KEY, as a file or as a command. */
static bool has_secret(const struct alert_settings *s, const char *key)
{
    char name[64];
    snprintf(name, sizeof name, "%s-file", key);
    if (has(s, name))
        return true;
    snprintf(name, sizeof name, "%s-command", key);
    return has(s, name);
}

static bool clash(const char *one, const char *other, struct err *e)
{
    err_set(e, ERR_INVALID, "[alert] has both %s and %s", one, other);
    return err_hint(e, "leave one of them out");
}

static bool one_source(const struct alert_settings *s, const char *key, struct err *e)
{
    char file[64], command[64];
    snprintf(file, sizeof file, "%s-file", key);
    snprintf(command, sizeof command, "%s-command", key);
    return !(has(s, file) && has(s, command)) || clash(file, command, e);
}

static bool lacks(const char *what, const char *needs, struct err *e)
{
    err_set(e, ERR_INVALID, "[alert] has %s, but not what it needs", what);
    return err_hint(e, "add %s", needs);
}

static bool check_mail(const struct alert_settings *s, struct err *e)
{
    bool smtp = has(s, "smtp"), resend = has_secret(s, "resend-key");
    if (!has(s, "mail"))
        return (!smtp && !resend) ||
               lacks(smtp ? "smtp" : "a key of Resend's", "mail = ADDRESS", e);
    if (smtp && resend)
        return clash("smtp", "a key of Resend's", e);
    if (!smtp && !resend)
        return lacks("mail", "smtp = smtps://HOST, or resend-key-file = FILE", e);
    if (resend && !has(s, "mail-from"))
        return lacks("a key of Resend's", "mail-from = ADDRESS, of a domain verified there", e);
    if (has(s, "smtp-user") && !has_secret(s, "smtp-password"))
        return lacks("smtp-user", "smtp-password-file = FILE", e);
    return true;
}

static bool check(const struct alert_settings *s, struct err *e)
{
    if (has(s, "webhook") && has_secret(s, "webhook"))
        return clash("webhook", has(s, "webhook-file") ? "webhook-file" : "webhook-command", e);
    return one_source(s, "smtp-password", e) && one_source(s, "resend-key", e) &&
           one_source(s, "webhook", e) && one_source(s, "webhook-token", e) && check_mail(s, e);
}

static void find_channels(struct alert_settings *s)
{
    const bool is[] = {[CHANNEL_MAIL] = has(s, "mail"),
                       [CHANNEL_WEBHOOK] = has(s, "webhook") || has_secret(s, "webhook"),
                       [CHANNEL_COMMAND] = has(s, "command")};
    _Static_assert(sizeof is / sizeof is[0] == CHANNEL_COUNT, "one for each channel");
    for (int c = 0; c < CHANNEL_COUNT; c++)
        s->channels |= is[c] ? 1u << c : 0;
    s->policy.anybody = s->channels != 0;
}

/* ---- together ---- */

void alert_settings_none(struct alert_settings *ret)
{
    *ret = (struct alert_settings){.options = jv_object()};
    alert_settings_default(ret);
}

bool alert_settings_load(struct alert_settings *ret, struct err *e)
{
    struct alert_settings s;
    alert_settings_none(&s);
    bool ok = s.options || err_no_memory(e);
    if (ok && read_file(&s, e) && alert_settings_from_environment(&s, e) && check(&s, e)) {
        find_channels(&s);
        *ret = s;
        return true;
    }
    alert_settings_free(&s);
    return false;
}

void alert_settings_free(struct alert_settings *s)
{
    jv_free(s->options);
    s->options = NULL;
}
