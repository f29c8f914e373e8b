/* The section [alert]: who is told, each mistake with the sentence it gets, and that no secret is
 * taken from where others can read it. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alert/settings.h"

static const char conf[] = ".config/credrelay/credrelay.conf";

static int with_folder(void **state)
{
    return world_make(state) == 0 && mkdir(in_home(".config"), 0700) == 0
               ? mkdir(in_home(".config/credrelay"), 0700)
               : -1;
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, with_folder, world_remove)

static bool take_unusual(void *ctx, const char *key, const jv *value)
{
    jv *rest = ctx;
    const bool usual = strcmp(key, "resend-url") == 0 || (strcmp(key, "webhook-format") == 0 &&
                                                          strcmp(jv_string(value), "json") == 0);
    return usual || jv_put(rest, key, jv_copy(value));
}

/* "CHANNELS after=RUN,WATCH,RENEW remind=... OPTIONS", without the defaults of the options. */
static void describe(struct alert_settings *s, struct buf *out)
{
    for (int c = 0; c < CHANNEL_COUNT; c++)
        if (s->channels & 1u << c)
            buf_printf(out, "%s ", channel_name((enum channel)c));
    buf_printf(out, "after=%lld,%lld,%lld remind=%lld ", (long long)s->policy.after_ms[0] / 1000,
               (long long)s->policy.after_ms[1] / 1000, (long long)s->policy.after_ms[2] / 1000,
               (long long)s->policy.remind_ms / 1000);
    same_int("anybody", s->policy.anybody, s->channels != 0);
    same_text("resend-url", jv_text(s->options, "resend-url"), "https://api.resend.com/emails");
    jv *rest = jv_object();
    assert_true(jv_each(s->options, take_unusual, rest));
    jv_write(rest, out);
    jv_free(rest);
}

#define USUAL "after=0,1800,1800 remind=86400 "

static const struct {
    const char *text; /* NULL: no file */
    const char *variable, *value;
    const char *settings;
} cases[] = {
    {NULL, NULL, NULL, USUAL "{}"},
    {"[claude]\nrole = reader\n", NULL, NULL, USUAL "{}"},
    {"[alert]\n", NULL, NULL, USUAL "{}"},
    {"[alert]\nmail = ops@example.org\nsmtp = smtps://mail.example.org\nsmtp-user = ops\n"
     "smtp-password-file = ~/.smtp\n[claude]\nrole = reader\n",
     NULL, NULL,
     "mail " USUAL "{\"mail\":\"ops@example.org\",\"smtp\":\"smtps://mail.example.org\","
     "\"smtp-user\":\"ops\",\"smtp-password-file\":\"~/.smtp\"}"},
    {"[alert]\nmail = a@b.c, d+e@f.g\nsmtp = smtp://localhost:2525\nmail-from = x@y.z\n", NULL,
     NULL,
     "mail " USUAL "{\"mail\":\"a@b.c, d+e@f.g\",\"smtp\":\"smtp://localhost:2525\","
     "\"mail-from\":\"x@y.z\"}"},
    {"[alert]\nmail = a@b.c\nresend-key-command = pass resend\nmail-from = x@y.z\n", NULL, NULL,
     "mail " USUAL "{\"mail\":\"a@b.c\",\"resend-key-command\":\"pass resend\","
     "\"mail-from\":\"x@y.z\"}"},
    {"[alert]\nwebhook = https://hooks.example.org/x\n", NULL, NULL,
     "webhook " USUAL "{\"webhook\":\"https://hooks.example.org/x\"}"},
    {"[alert]\nwebhook-file = /etc/hook\nwebhook-format = slack\n", NULL, NULL,
     "webhook " USUAL "{\"webhook-format\":\"slack\",\"webhook-file\":\"/etc/hook\"}"},
    {"[alert]\nwebhook = http://127.0.0.1:8080/topic\nwebhook-format = ntfy\n"
     "webhook-token-file = /t\ncommand = logger -t credrelay\n",
     NULL, NULL,
     "webhook command " USUAL "{\"webhook-format\":\"ntfy\",\"webhook\":"
     "\"http://127.0.0.1:8080/topic\",\"webhook-token-file\":\"/t\","
     "\"command\":\"logger -t credrelay\"}"},
    {"[alert]\nalert-after = 10min\nremind-every = 0\nca-file = /ca.pem\n", NULL, NULL,
     "after=600,600,600 remind=0 {\"ca-file\":\"/ca.pem\"}"},
    /* the environment goes before the file */
    {NULL, "CREDRELAY_ALERT_COMMAND", "cat", "command " USUAL "{\"command\":\"cat\"}"},
    {"[alert]\ncommand = a\n", "CREDRELAY_ALERT_COMMAND", "b",
     "command " USUAL "{\"command\":\"b\"}"},
    {"[alert]\ncommand = a\n", "CREDRELAY_ALERT_AFTER", "5s",
     "command after=5,5,5 remind=86400 {\"command\":\"a\"}"},
    {"[alert]\ncommand = a\n", "CREDRELAY_ALERT_COMMAND", "",
     "command " USUAL "{\"command\":\"a\"}"},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct alert_settings s;
        struct buf got;
        struct err e;
        buf_init(&got, 10000);
        if (cases[i].text)
            put_file(in_home(conf), cases[i].text, 0644);
        if (cases[i].variable)
            setenv(cases[i].variable, cases[i].value, 1);
        if (!alert_settings_load(&s, &e))
            fail_msg("%s: %s", cases[i].settings, e.text);
        describe(&s, &got);
        same_text("settings", buf_str(&got), cases[i].settings);
        alert_settings_free(&s);
        buf_free(&got);
        if (cases[i].variable)
            unsetenv(cases[i].variable);
        unlink(in_home(conf));
    }
}

#define SECRET             "a secret does not belong here, where others can read it"
#define PUT(key)           "put it into a file of its own, chmod 600, and write: " key "-file = FILE"
#define NOT_VALID(setting) "@:2: " setting " is not valid"

static const struct {
    const char *text; /* behind [alert] */
    const char *variable, *value;
    const char *message, *hint; /* "@": the file's path */
} mistakes[] = {
    {"smpt = x", NULL, NULL, "@:2: [alert] has no setting called 'smpt'",
     "the settings are listed in credrelay.conf(5)"},
    {"mail = ops", NULL, NULL, NOT_VALID("mail = ops"), "mail takes ADDRESS,..."},
    {"mail =", NULL, NULL, NOT_VALID("mail = "), "mail takes ADDRESS,..."},
    {"mail = a@b,", NULL, NULL, NOT_VALID("mail = a@b,"), "mail takes ADDRESS,..."},
    {"mail = a@", NULL, NULL, NOT_VALID("mail = a@"), "mail takes ADDRESS,..."},
    {"mail = @b", NULL, NULL, NOT_VALID("mail = @b"), "mail takes ADDRESS,..."},
    {"mail = a\x7f@b", NULL, NULL, NOT_VALID("mail = a @b"), "mail takes ADDRESS,..."},
    {"webhook = https://", NULL, NULL, NOT_VALID("webhook = https://"), "webhook takes URL"},
    {"mail = a@b c@d", NULL, NULL, NOT_VALID("mail = a@b c@d"), "mail takes ADDRESS,..."},
    {"mail = <a@b>", NULL, NULL, NOT_VALID("mail = <a@b>"), "mail takes ADDRESS,..."},
    {"mail = a@b@c", NULL, NULL, NOT_VALID("mail = a@b@c"), "mail takes ADDRESS,..."},
    {"mail-from = a@b\n  Bcc: c@d", NULL, NULL, NOT_VALID("mail-from = a@b Bcc: c@d"),
     "mail-from takes ADDRESS"},
    {"mail-from = é@b", NULL, NULL, NOT_VALID("mail-from = é@b"), "mail-from takes ADDRESS"},
    {"smtp = mail.example.org", NULL, NULL, NOT_VALID("smtp = mail.example.org"),
     "smtp takes smtp://HOST:PORT|smtps://HOST:PORT"},
    {"smtp = smtp://h/path", NULL, NULL, NOT_VALID("smtp = smtp://h/path"),
     "smtp takes smtp://HOST:PORT|smtps://HOST:PORT"},
    {"webhook = ftp://h/", NULL, NULL, NOT_VALID("webhook = ftp://h/"), "webhook takes URL"},
    {"webhook = https:///x", NULL, NULL, NOT_VALID("webhook = https:///x"), "webhook takes URL"},
    {"webhook = https://h/a b", NULL, NULL, NOT_VALID("webhook = https://h/a b"),
     "webhook takes URL"},
    {"webhook-format = teams", NULL, NULL, NOT_VALID("webhook-format = teams"),
     "webhook-format takes json|slack|ntfy"},
    {"webhook-file = hook", NULL, NULL, NOT_VALID("webhook-file"), "webhook-file takes FILE"},
    {"command =", NULL, NULL, NOT_VALID("command = "), "command takes COMMAND"},
    {"alert-after = soon", NULL, NULL, NOT_VALID("alert-after = soon"),
     "alert-after takes DURATION"},
    {"", "CREDRELAY_ALERT_SMTP", "x", "CREDRELAY_ALERT_SMTP: smtp = x is not valid",
     "smtp takes smtp://HOST:PORT|smtps://HOST:PORT"},
    /* secrets, which the message does not repeat */
    {"smtp-password = hunter2", NULL, NULL, "@:2: " SECRET, PUT("smtp-password")},
    {"resend-key = re_123", NULL, NULL, "@:2: " SECRET, PUT("resend-key")},
    {"webhook-token = tk_123", NULL, NULL, "@:2: " SECRET, PUT("webhook-token")},
    {"smtp = smtps://ops:hunter2@mail.example.org", NULL, NULL, "@:2: " SECRET,
     PUT("smtp-password")},
    {"webhook = https://hooks.slack.com/services/T/B/x", NULL, NULL, "@:2: " SECRET,
     PUT("webhook")},
    {"webhook = https://discord.com/api/webhooks/1/x", NULL, NULL, "@:2: " SECRET, PUT("webhook")},
    {"webhook = https://acme.webhook.office.com/x", NULL, NULL, "@:2: " SECRET, PUT("webhook")},
    {"webhook = https://u:p@example.org/x", NULL, NULL, "@:2: " SECRET, PUT("webhook")},
    {"webhook = https://example.org/x?token=1", NULL, NULL, "@:2: " SECRET, PUT("webhook")},
    {"smtp = ops:hunter2@mail.example.org", NULL, NULL, "@:2: " SECRET, PUT("smtp-password")},
    {"webhook = hooks.slack.com/services/T/B/x", NULL, NULL, "@:2: " SECRET, PUT("webhook")},
    {"smtp-password-file = hunter2", NULL, NULL, NOT_VALID("smtp-password-file"),
     "smtp-password-file takes FILE"},
    {"webhook-file = https://hooks.slack.com/x", NULL, NULL, NOT_VALID("webhook-file"),
     "webhook-file takes FILE"},
    {"", "CREDRELAY_ALERT_SMTP_PASSWORD", "hunter2", "CREDRELAY_ALERT_SMTP_PASSWORD: " SECRET,
     PUT("smtp-password")},
    {"", "CREDRELAY_ALERT_RESEND_KEY", "re_1", "CREDRELAY_ALERT_RESEND_KEY: " SECRET,
     PUT("resend-key")},
    {"", "CREDRELAY_ALERT_WEBHOOK", "https://hooks.slack.com/x", "CREDRELAY_ALERT_WEBHOOK: " SECRET,
     PUT("webhook")},
    /* together */
    {"mail = a@b", NULL, NULL, "[alert] has mail, but not what it needs",
     "add smtp = smtps://HOST, or resend-key-file = FILE"},
    {"smtp = smtp://h", NULL, NULL, "[alert] has smtp, but not what it needs",
     "add mail = ADDRESS"},
    {"resend-key-file = /k", NULL, NULL, "[alert] has a key of Resend's, but not what it needs",
     "add mail = ADDRESS"},
    {"mail = a@b\nresend-key-file = /k", NULL, NULL,
     "[alert] has a key of Resend's, but not what it needs",
     "add mail-from = ADDRESS, of a domain verified there"},
    {"mail = a@b\nsmtp = smtp://h\nresend-key-file = /k", NULL, NULL,
     "[alert] has both smtp and a key of Resend's", "leave one of them out"},
    {"mail = a@b\nsmtp = smtp://h\nsmtp-user = u", NULL, NULL,
     "[alert] has smtp-user, but not what it needs", "add smtp-password-file = FILE"},
    {"mail = a@b\nsmtp = smtp://h\nsmtp-password-file = /a\nsmtp-password-command = b", NULL, NULL,
     "[alert] has both smtp-password-file and smtp-password-command", "leave one of them out"},
    {"webhook = https://h/\nwebhook-file = /f", NULL, NULL,
     "[alert] has both webhook and webhook-file", "leave one of them out"},
    {"webhook = https://h/\nwebhook-command = f", NULL, NULL,
     "[alert] has both webhook and webhook-command", "leave one of them out"},
    {"mail = a@b\nmail-from = c@d\nresend-key-file = /a\nresend-key-command = b", NULL, NULL,
     "[alert] has both resend-key-file and resend-key-command", "leave one of them out"},
    {"webhook = https://h/\nwebhook-token-file = /a\nwebhook-token-command = b", NULL, NULL,
     "[alert] has both webhook-token-file and webhook-token-command", "leave one of them out"},
    {"webhook-file = /f\nwebhook-command = f", NULL, NULL,
     "[alert] has both webhook-file and webhook-command", "leave one of them out"},
};

static void test_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct alert_settings s;
        struct err e = {0};
        char text[512], message[1024];
        const char *want = mistakes[i].message;
        snprintf(text, sizeof text, "[alert]\n%s\n", mistakes[i].text);
        put_file(in_home(conf), text, 0600);
        if (mistakes[i].variable)
            setenv(mistakes[i].variable, mistakes[i].value, 1);
        if (alert_settings_load(&s, &e))
            fail_msg("was taken: %s", text);
        snprintf(message, sizeof message, "%s%s", want[0] == '@' ? in_home(conf) : "",
                 want[0] == '@' ? want + 1 : want);
        same_error(text, &e, ERR_INVALID, message, mistakes[i].hint);
        if (mistakes[i].variable)
            unsetenv(mistakes[i].variable);
    }
}

/* Other sections are other people's business. */
static void test_a_broken_relay_does_not_silence_alerts(void **state)
{
    struct alert_settings s;
    struct err e;
    (void)state;
    put_file(in_home(conf), "[claude]\nrole = king\n[alert]\ncommand = x\n", 0600);
    assert_true(alert_settings_load(&s, &e));
    same_int("channels", (int)s.channels, 1 << CHANNEL_COMMAND);
    alert_settings_free(&s);
}

static void test_table(void **state)
{
    const struct setting *s;
    char name[64];
    (void)state;
    for (size_t i = 0; (s = alert_setting(i)); i++) {
        same_int(s->key, s->takes[0] && s->help[0] && !strchr(s->help, '\n'), true);
        alert_setting_variable(s->key, name, sizeof name);
        same_int(s->key, strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == strlen(name), true);
    }
    alert_setting_variable("alert-after", name, sizeof name);
    same_text("alert-after", name, "CREDRELAY_ALERT_AFTER");
    alert_setting_variable("mail-from", name, sizeof name);
    same_text("mail-from", name, "CREDRELAY_ALERT_MAIL_FROM");
}

int main(void)
{
    jv_init();
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_cases),
        WITH_FOLDER(test_mistakes),
        WITH_FOLDER(test_a_broken_relay_does_not_silence_alerts),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
