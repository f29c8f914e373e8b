/* Being told: trouble of a login reaches its owner once, soon, and with the remedy.
 *
 * What goes wrong with a relay on this machine is one *incident*, whoever meets it and however
 * often: it has one message when it opens, one a day while it lasts, and one when it is over,
 * across processes that run at once, restarts and reboots.  It is over when nothing that was
 * reported still stands.
 *
 *   alert_trouble(&relay, TROUBLE_RUN, &why, now, &e)      a run ended in 78
 *   alert_fine(&relay, TROUBLE_RUN, now, &e)               a run worked
 *
 * and the watcher, in every round:
 *
 *   alert_trouble(&relay, TROUBLE_WATCH, &why, now, &e)    it cannot do its duty; said again in each
 *                                                          round while it lasts
 *   alert_fine(&relay, TROUBLE_WATCH, now, &e)             it can
 *   alert_deadline(&relay, deadline, now, &e)              when a person must log in again; 0 not known
 *   alert_tend(&relay, now, &e)                            last: reminders, and what was not delivered
 *
 * Nobody waits for a channel: what is due is sent by a process of its own, with nothing of the
 * caller's open, and what a channel does not take is kept and sent again.  A machine without an
 * [alert] section keeps the books all the same (alert_look), so that trouble which is older than
 * the section is told as soon as there is one.
 *
 * NOW is the wall clock (clock_wall_ms).  False: the books could not be read or written, *e says
 * why, and nobody will be told: say it where you can, and go on. */
#ifndef CREDRELAY_ALERT_ALERT_H
#define CREDRELAY_ALERT_ALERT_H

#include "relay/relay.h"

/* What can be wrong; each stands until alert_fine of the same, and TROUBLE_RUN's also ends what
 * nobody has said again for an hour. */
enum trouble {
    TROUBLE_RUN,   /* a run ended in 78: told at once */
    TROUBLE_WATCH, /* the watcher cannot do its duty: told after `alert-after` */
    TROUBLE_RENEW, /* the login could not be renewed here: told after `alert-after` */
    TROUBLE_COUNT
};

/* WHY: its text says what failed and its hint is the remedy; both are sent to people. */
bool alert_trouble(const struct relay *r, enum trouble what, const struct err *why, int64_t now,
                   struct err *e);

/* Costs one system call while nothing is wrong. */
bool alert_fine(const struct relay *r, enum trouble what, int64_t now, struct err *e);

/* The time limit of the human login (ms since 1970) is told 7, 3 and 1 days before, once each. */
bool alert_deadline(const struct relay *r, int64_t deadline, int64_t now, struct err *e);

bool alert_tend(const struct relay *r, int64_t now, struct err *e);

/* ---- looking, for status and doctor ---- */

struct alert_view {
    bool open;         /* something is wrong; then: */
    bool told;         /* a message about it was made (it may be pending) */
    enum trouble what; /* the first of those that stand */
    int64_t since;     /* ms since 1970 */
    int64_t runs;      /* that ended in 78 since then */
    struct err why;    /* text: what failed; hint: the remedy */

    size_t pending;     /* messages that a channel has not taken yet, counted for each channel */
    int64_t sent_at;    /* when a channel last took one; 0: never */
    int64_t failed_at;  /* when a channel last refused one; 0: never, or it has taken one since */
    char failure[1024]; /* "mail: ..." */
};

bool alert_look(const struct relay *r, struct alert_view *ret, struct err *e) MUST_CHECK;

/* "run", "watch", "renew" */
const char *trouble_name(enum trouble what);

#endif
