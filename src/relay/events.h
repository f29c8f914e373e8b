/* The events of the log (credrelay-log(5)): one function for each, so that the schema has one
 * place.  A log that cannot be written stops nobody; it is told once on standard error. */
#ifndef CREDRELAY_RELAY_EVENTS_H
#define CREDRELAY_RELAY_EVENTS_H

#include "relay/engine.h"

/* "publish", "pull" or "sync": REPORT, or NULL and what failed. */
void event_sync(const struct relay *r, enum intent intent, const struct sync_report *report,
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

#endif
