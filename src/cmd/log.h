/* What `credrelay log` is made of: the events themselves, statistics, metrics. */
#ifndef CREDRELAY_CMD_LOG_H
#define CREDRELAY_CMD_LOG_H

#include "cmd/cmd.h"
#include "journal/journal.h"

/* The names in "run,pull"; the last one is NULL. */
enum { MOST_EVENT_NAMES = 32 };
struct event_names {
    char text[512];
    const char *name[MOST_EVENT_NAMES + 1];
};

/* Each returns the exit status.  STATE_DIR is where the log is. */
int log_show(const struct options *o, const char *state_dir, const struct journal_wanted *wanted);
int log_stats(const struct options *o, const char *state_dir, const struct journal_wanted *wanted);
int log_metrics(const struct options *o, const char *state_dir);

#endif
