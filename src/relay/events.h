/* The events of the log (credrelay-log(5)): one function for each, so that the schema has one
 * place.  A log that cannot be written stops nobody; it is told once on standard error. */
#ifndef CREDRELAY_RELAY_EVENTS_H
#define CREDRELAY_RELAY_EVENTS_H

#include <stdio.h>

#include "relay/engine.h"
#include "relay/rollback.h"

/* From now on every event of this process (and of what it forks) goes to OUT as well, as a line: what
 * `watch --json` prints. */
void events_echo(FILE *out);

/* For those who have an event of their own to tell (alert/events.c): one that names its relay and
 * machine, and its way into the log, which frees it. */
jv *event_new(const struct relay *r, const char *name);
void event_append(const struct relay *r, jv *v);

/* "publish", "pull" or "sync": REPORT, or NULL and what failed.  A report that leaves undone what was
 * asked for (sync_unmet) is not ok either. */
void event_sync(const struct relay *r, enum intent intent, const struct sync_report *report,
                const struct err *failure);

/* "rollback": VERSION was put back, or was not. */
void event_rollback(const struct relay *r, int64_t version, const struct rollback_report *report,
                    const struct err *failure);

struct run_event {
    const char *verdict;     /* failure_class_name, of the first run */
    bool recovery_attempted; /* a login was looked for */
    bool recovery_succeeded; /* the run, or its repetition, was fine in the end */
    bool retried;
    int exit_status;
    const char *message; /* one line: why it could not be recovered; NULL none */
};

/* "run": a run whose login was in question.  Good days are not logged. */
void event_run(const struct relay *r, const struct run_event *run);

struct renew_report;

/* "renew": REPORT, or NULL and what failed.  Where nothing was tried nothing is logged. */
void event_renew(const struct relay *r, const struct renew_report *report,
                 const struct err *failure);

/* A step of giving a role a new key at AWS; a text that is "" is not said. */
struct key_event {
    const char *did; /* rotate_event_name, "taken", "stopped" */
    enum role role;
    const char *profile, *user, *key; /* KEY: its id, which is no secret */
    const char *host;                 /* that was given it */
    const struct err *why;            /* it was not done; NULL: it was */
};

/* "key" */
void event_key(const struct relay *r, const struct key_event *k);

/* What the watcher does and meets beside its syncs. */
enum watch_did {
    WATCH_START,     /* this relay is watched from now on */
    WATCH_RELOAD,    /* the same, after the configuration was read anew */
    WATCH_STOP,      /* and no more */
    WATCH_CHANGE,    /* the file holds another login than before, or none that is usable */
    WATCH_FAILING,   /* a sync failed, or fails otherwise than before */
    WATCH_RECOVERED, /* the store answers again */
    WATCH_BLIND,     /* the system does not tell of changes: the file is looked at instead */
    WATCH_DID_COUNT
};

struct watch_event {
    enum watch_did did;
    const struct login_facts *login; /* WATCH_CHANGE: in the file now; else NULL */
    const struct err *why;           /* WATCH_FAILING, WATCH_BLIND; else NULL */
    int64_t since;                   /* WATCH_RECOVERED: failing since, ms since 1970; else 0 */
};

void event_watch(const struct relay *r, const struct watch_event *w);

/* "deadline": a person must log in by DEADLINE (ms since 1970), which is less than DAYS away;
 * MESSAGE says who does what where. */
void event_deadline(const struct relay *r, int64_t deadline, int days, const char *message);

#endif
