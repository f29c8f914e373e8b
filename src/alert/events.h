/* Alerts and the log: what we write there (credrelay-log(5)), and the last of it for a message. */
#ifndef CREDRELAY_ALERT_EVENTS_H
#define CREDRELAY_ALERT_EVENTS_H

#include "alert/outbox.h"

/* "incident": it opened, or it is over. */
void event_incident(const struct relay *r, bool open, enum trouble what, const struct err *why);

/* "alert": a channel was given a message; FAILURE is NULL when it took it. */
void event_alert(const struct relay *r, enum channel c, const struct letter *l,
                 const struct err *failure);

enum { LAST_EVENTS = 8, LAST_EVENT_SIZE = 200 };

/* The last events of a relay as people read them, oldest first; without those that say that there
 * was nothing to do, and without ours. */
struct last_events {
    char line[LAST_EVENTS][LAST_EVENT_SIZE];
    const char *lines[LAST_EVENTS];
    size_t count;
};

/* A log that cannot be read has none. */
void last_events(const struct relay *r, struct last_events *ret);

#endif
