/* How the relays of this machine are doing, as text for Prometheus (its exposition format,
 * https://prometheus.io/docs/instrumenting/exposition_formats): a file that node_exporter's textfile
 * collector reads.  Pure.
 *
 * Counters must not go back when the log is rotated, so the file is its own memory: what stood in
 * it is read (metrics_recall), also up to where the log is counted, and the events behind are added. */
#ifndef CREDRELAY_JOURNAL_METRICS_H
#define CREDRELAY_JOURNAL_METRICS_H

#include "journal/outcome.h"
#include "relay/relay.h"

struct relay_metrics {
    char relay[RELAY_NAME_SIZE];
    struct login_facts login; /* the one on this machine */
    bool incident;            /* open: something is wrong, and people are told */
    int64_t total[OUTCOME_COUNT];
    int64_t at[OUTCOME_COUNT]; /* the last of each, ms since 1970; 0: none known */
};

struct metrics {
    bool watcher;             /* it runs */
    int64_t counted;          /* the events up to then are in the totals, ms since 1970 */
    struct journal_mark mark; /* and up to there; a file of the first versions does not say */
    size_t relays;
    struct relay_metrics relay[MOST_RELAYS];
};

/* Take totals, times and `counted` from the file as it was, for the relays in M.  What is not ours
 * in it is passed over. */
void metrics_recall(struct metrics *m, const char *text);

/* Count EV, which is behind the mark; where there is none, unless it is counted by its time. */
void metrics_take(struct metrics *m, const struct journal_event *ev);

void metrics_write(const struct metrics *m, struct buf *out);

#endif
