/* The section [alert] of credrelay.conf: who is told, and how (credrelay.conf(5)).
 *
 *   struct alert_settings s;
 *   if (!alert_settings_load(&s, &e)) ...      no section: nobody is told
 *   alert_settings_free(&s);
 *
 * A password, a key and a webhook's secret URL are never in the configuration nor in the
 * environment, which others can read: the settings name a file of mode 0600 or a command, and only
 * the channel's helper looks there. */
#ifndef CREDRELAY_ALERT_SETTINGS_H
#define CREDRELAY_ALERT_SETTINGS_H

#include "alert/outbox.h"

struct alert_settings {
    struct alert_policy policy;
    jv *options;       /* the rest, as written: what the channels' helpers are told */
    unsigned channels; /* a bit for each enum channel that is set up */
};

/* Nobody is told. */
void alert_settings_none(struct alert_settings *ret);

bool alert_settings_load(struct alert_settings *ret, struct err *e) MUST_CHECK;
void alert_settings_free(struct alert_settings *s);

/* What the section may say, one by one, for help and the manual; NULL after the last. */
const struct setting *alert_setting(size_t i);

/* mail-from -> "CREDRELAY_ALERT_MAIL_FROM", alert-after -> "CREDRELAY_ALERT_AFTER". */
void alert_setting_variable(const char *key, char *out, size_t size);

#endif
