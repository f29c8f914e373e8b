/* Between the table of settings (alert/settings.c) and the reading of the section
 * (alert/section.c). */
#ifndef CREDRELAY_ALERT_SECTION_H
#define CREDRELAY_ALERT_SECTION_H

#include "alert/settings.h"

void alert_settings_default(struct alert_settings *s);

/* PLACE ("FILE:LINE") begins the message when there is no such setting, it is a secret, or it does
 * not have this value. */
bool alert_setting_take(struct alert_settings *s, const char *key, const char *value,
                        const char *place, struct err *e) MUST_CHECK;

bool alert_settings_from_environment(struct alert_settings *s, struct err *e) MUST_CHECK;

#endif
