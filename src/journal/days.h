/* Runs and what became of them, counted by day (of this machine's time zone), and shown as a bar
 * chart of 80 columns.
 *
 *   struct days *d = days_new(14, clock_wall_ms());
 *   d->log_begins = ...;
 *   days_take(d, ev);                                   for each event
 *   days_chart(d, &style, &out);
 *   days_free(d);
 *
 * Only runs whose login was in question are in the log: a run that just works costs no line. */
#ifndef CREDRELAY_JOURNAL_DAYS_H
#define CREDRELAY_JOURNAL_DAYS_H

#include "journal/outcome.h"

enum { MOST_DAYS = 366 };

struct day {
    int64_t begins; /* ms since 1970 */
    char name[16];  /* "2026-11-24" */
    char of_week[4];
    unsigned runs; /* that are in the log */
    unsigned count[OUTCOME_COUNT];
};

struct days {
    int64_t log_begins; /* the oldest event of all, ms since 1970; 0: there is none */
    int count;
    struct day day[]; /* oldest first, the last is today */
};

/* The last COUNT days, 1 to MOST_DAYS.  NULL: out of memory. */
struct days *days_new(int count, int64_t now);
void days_free(struct days *d);

void days_take(struct days *d, const struct journal_event *ev);

struct chart_style {
    bool utf8; /* else ASCII */
    bool colour;
};

void days_chart(const struct days *d, const struct chart_style *style, struct buf *out);

/* The same as data. */
jv *days_value(const struct days *d);

#endif
