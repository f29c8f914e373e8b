/* What people read: a subject and a text, from what is to be told.  Pure. */
#ifndef CREDRELAY_ALERT_MESSAGE_H
#define CREDRELAY_ALERT_MESSAGE_H

#include "alert/incident.h"

/* Who tells it, and what surrounds it.  All of it is plain_text already. */
struct message_about {
    const char *relay, *machine;
    int64_t remind_ms;         /* 0: there are no reminders */
    const char *const *events; /* the last lines of the log, as people read them, oldest first */
    size_t event_count;
};

/* One line without its end. */
bool message_subject(const struct telling *t, const struct message_about *about, struct buf *out);

/* Lines of at most 78 characters where the words allow it, each with its end. */
bool message_text(const struct telling *t, const struct message_about *about, struct buf *out);

#endif
