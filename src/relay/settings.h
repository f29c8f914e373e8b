/* The settings of a section: the master table of what credrelay.conf may say about a relay, with
 * each one's default, its override in the environment, and who takes its value.
 *
 *   settings_default(&r);
 *   settings_take(&r, "role", "reader", "credrelay.conf:3", &e)      once for each line
 *   settings_from_environment(&r, &e)                                CREDRELAY_ROLE=... goes last
 *
 * relay/config.c does it in this order; relay/relay.h has the table for help and the manual. */
#ifndef CREDRELAY_RELAY_SETTINGS_H
#define CREDRELAY_RELAY_SETTINGS_H

#include "relay/relay.h"

void settings_default(struct relay *r);

/* PLACE ("FILE:LINE") begins the message when there is no such setting, or not with this value. */
bool settings_take(struct relay *r, const char *key, const char *value, const char *place,
                   struct err *e) MUST_CHECK;

bool settings_from_environment(struct relay *r, struct err *e) MUST_CHECK;

#endif
