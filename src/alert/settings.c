/* What the section [alert] may say: one table of settings, and how each is taken. */
#include "alert/section.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/parse.h"

#define AFTER_USUAL_MS (30 * 60 * 1000)

/* ---- one taker for each kind of value; false: the value is not one ---- */

typedef bool take_fn(struct alert_settings *s, const char *key, const char *value);

/* For 78 as well, once it is given. */
static bool take_after(struct alert_settings *s, const char *key, const char *value)
{
    (void)key;
    int64_t ms;
    if (!parse_duration(value, &ms))
        return false;
    for (int c = 0; c < TROUBLE_COUNT; c++)
        s->policy.after_ms[c] = ms;
    return true;
}

static bool take_remind(struct alert_settings *s, const char *key, const char *value)
{
    (void)key;
    return parse_duration(value, &s->policy.remind_ms);
}

static bool take_text(struct alert_settings *s, const char *key, const char *value)
{
    return jv_put_text(s->options, key, value);
}

/* NAME@HOST of visible ASCII, without what delimits addresses in a header or an SMTP command
 * (RFC 5321, 4.1.2; quoted names are left out). */
static bool is_address(const char *text, size_t len)
{
    const char *at = memchr(text, '@', len);
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~' || ascii_is_one_of(text[i], "<>()[]\\,;:\""))
            return false;
    return at && at > text && at + 1 < text + len &&
           !memchr(at + 1, '@', len - (size_t)(at + 1 - text));
}

static bool take_addresses(struct alert_settings *s, const char *key, const char *value)
{
    for (const char *p = value;; p++) {
        while (ascii_is_space(*p))
            p++;
        size_t len = strcspn(p, ", \t\r\n");
        if (!is_address(p, len))
            return false;
        p += len;
        while (ascii_is_space(*p))
            p++;
        if (!*p)
            return take_text(s, key, value);
        if (*p != ',')
            return false;
    }
}

static bool take_address(struct alert_settings *s, const char *key, const char *value)
{
    return is_address(value, strlen(value)) && take_text(s, key, value);
}

/* What a URL has behind SCHEME://; NULL: it is of another scheme, or has no host. */
static const char *behind(const char *url, const char *scheme)
{
    size_t len = strlen(scheme);
    bool is = strncmp(url, scheme, len) == 0 && strncmp(url + len, "://", 3) == 0;
    const char *host = url + len + 3;
    return is && *host && !ascii_is_one_of(*host, "/?#:") ? host : NULL;
}

static bool take_smtp(struct alert_settings *s, const char *key, const char *value)
{
    const char *host = behind(value, "smtps");
    if (!host)
        host = behind(value, "smtp");
    return host && !host[strcspn(host, "/?# \t")] && take_text(s, key, value);
}

static bool take_url(struct alert_settings *s, const char *key, const char *value)
{
    bool is = behind(value, "https") || behind(value, "http");
    return is && !value[strcspn(value, " \t\r\n")] && take_text(s, key, value);
}

static bool take_format(struct alert_settings *s, const char *key, const char *value)
{
    bool is =
        strcmp(value, "json") == 0 || strcmp(value, "slack") == 0 || strcmp(value, "ntfy") == 0;
    return is && take_text(s, key, value);
}

static bool take_file(struct alert_settings *s, const char *key, const char *value)
{
    return (value[0] == '/' || strncmp(value, "~/", 2) == 0) && take_text(s, key, value);
}

static bool take_command(struct alert_settings *s, const char *key, const char *value)
{
    return value[0] && take_text(s, key, value);
}

/* The master copy: what the section may say, and who takes it. */
static const struct row {
    struct setting setting;
    take_fn *take;
} rows[] = {
    {{"mail", "", "ADDRESS,...", "who is told by e-mail"}, take_addresses},
    {{"mail-from", "", "ADDRESS", "the sender; default smtp-user or the first address of mail"},
     take_address},
    {{"smtp", "", "smtp://HOST:PORT|smtps://HOST:PORT",
      "the mail server: STARTTLS, or TLS from the start"},
     take_smtp},
    {{"smtp-user", "", "NAME", "whom to log in as"}, take_text},
    {{"smtp-password-file", "", "FILE", "a file of mode 0600 whose first line is the password"},
     take_file},
    {{"smtp-password-command", "", "COMMAND", "a shell command that prints it"}, take_command},
    {{"resend-key-file", "", "FILE", "a file of mode 0600 with the API key of resend.com"},
     take_file},
    {{"resend-key-command", "", "COMMAND", "a shell command that prints it"}, take_command},
    {{"resend-url", "https://api.resend.com/emails", "URL", "where Resend's API is"}, take_url},
    {{"webhook", "", "URL", "where a message is posted as JSON"}, take_url},
    {{"webhook-file", "", "FILE", "a file of mode 0600 with the URL, when it is a secret"},
     take_file},
    {{"webhook-command", "", "COMMAND", "a shell command that prints it"}, take_command},
    {{"webhook-format", "json", "json|slack|ntfy", "how the webhook wants it"}, take_format},
    {{"webhook-token-file", "", "FILE", "a file of mode 0600 with a bearer token for it"},
     take_file},
    {{"webhook-token-command", "", "COMMAND", "a shell command that prints it"}, take_command},
    {{"command", "", "COMMAND", "a shell command that gets the message on standard input"},
     take_command},
    {{"alert-after", "", "DURATION",
      "how long trouble lasts before it is told; default: at once for a run, 30min for the "
      "watcher"},
     take_after},
    {{"remind-every", "1d", "DURATION", "how often it is told again while it lasts; 0 never"},
     take_remind},
    {{"ca-file", "", "FILE", "PEM certificates to trust instead of the system's"}, take_file},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

const struct setting *alert_setting(size_t i)
{
    return i < ROWS ? &rows[i].setting : NULL;
}

void alert_setting_variable(const char *key, char *out, size_t size)
{
    const char *own = strncmp(key, "alert-", 6) == 0 ? key + 6 : key;
    snprintf(out, size, "CREDRELAY_ALERT_%s", own);
    for (char *p = out; *p; p++)
        if (*p == '-')
            *p = '_';
        else
            *p = (char)toupper((unsigned char)*p);
}

/* ---- secrets are named, not told ---- */

/* Settings that people know from other programs; with "-file" behind, they are ours. */
static const char *const secret_keys[] = {"smtp-password", "resend-key", "webhook-token"};

/* Webhooks whose URL is all it takes to post. */
static const char *const secret_urls[] = {
    "hooks.slack.com/",
    "discord.com/api/webhooks/",
    "discordapp.com/api/webhooks/",
    ".webhook.office.com/",
    "chat.googleapis.com/",
    "token=",
    "secret=",
    "key=",
    "sig=",
};

static const char *secret_behind(const char *key, const char *value)
{
    for (size_t i = 0; i < sizeof secret_keys / sizeof secret_keys[0]; i++)
        if (strcmp(key, secret_keys[i]) == 0)
            return key;
    const char *scheme_end = strstr(value, "://"); /* which may have been left out */
    const char *host = scheme_end ? scheme_end + 3 : value;
    bool has_user = memchr(host, '@', strcspn(host, "/?#")) != NULL;
    if (strcmp(key, "smtp") == 0 && has_user)
        return "smtp-password";
    if (strcmp(key, "webhook") != 0)
        return NULL;
    for (size_t i = 0; i < sizeof secret_urls / sizeof secret_urls[0]; i++)
        if (strstr(value, secret_urls[i]))
            return key;
    return has_user ? key : NULL;
}

static bool is_secret(const char *secret, const char *place, struct err *e)
{
    err_set(e, ERR_INVALID, "%s: a secret does not belong here, where others can read it", place);
    return err_hint(e, "put it into a file of its own, chmod 600, and write: %s-file = FILE",
                    secret);
}

bool alert_setting_take(struct alert_settings *s, const char *key, const char *value,
                        const char *place, struct err *e)
{
    const char *secret = secret_behind(key, value);
    size_t i = 0;
    if (secret)
        return is_secret(secret, place, e);
    while (i < ROWS && strcmp(rows[i].setting.key, key) != 0)
        i++;
    if (i == ROWS) {
        err_set(e, ERR_INVALID, "%s: [alert] has no setting called '%.64s'", place, key);
        return err_hint(e, "the settings are listed in credrelay.conf(5)");
    }
    if (rows[i].take(s, key, value))
        return true;
    if (jv_ran_out())
        return err_no_memory(e);
    /* In the place of a file's name may be what belongs into the file. */
    if (rows[i].take == take_file)
        err_set(e, ERR_INVALID, "%s: %s is not valid", place, key);
    else
        err_set(e, ERR_INVALID, "%s: %s = %.64s is not valid", place, key, value);
    return err_hint(e, "%s takes %s", key, rows[i].setting.takes);
}

static bool take_variable(struct alert_settings *s, const char *key, struct err *e)
{
    char name[64];
    alert_setting_variable(key, name, sizeof name);
    const char *value = getenv(name);
    return !value || !*value || alert_setting_take(s, key, value, name, e);
}

void alert_settings_default(struct alert_settings *s)
{
    s->policy.after_ms[TROUBLE_RUN] = 0;
    s->policy.after_ms[TROUBLE_WATCH] = s->policy.after_ms[TROUBLE_RENEW] = AFTER_USUAL_MS;
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].setting.fallback[0])
            rows[i].take(s, rows[i].setting.key, rows[i].setting.fallback);
}

bool alert_settings_from_environment(struct alert_settings *s, struct err *e)
{
    for (size_t i = 0; i < ROWS; i++)
        if (!take_variable(s, rows[i].setting.key, e))
            return false;
    for (size_t i = 0; i < sizeof secret_keys / sizeof secret_keys[0]; i++)
        if (!take_variable(s, secret_keys[i], e))
            return false;
    return true;
}
