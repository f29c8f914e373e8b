/* What an event of the log means for the login, in one word: the one place where `log --stats`,
 * `log --prometheus` and `status` have it from. */
#ifndef CREDRELAY_JOURNAL_OUTCOME_H
#define CREDRELAY_JOURNAL_OUTCOME_H

#include "journal/journal.h"

enum outcome {
    OUTCOME_OTHER,     /* it is about something else */
    OUTCOME_NOTHING,   /* a sync found nothing to do */
    OUTCOME_PUBLISHED, /* a login of this machine went into the store */
    OUTCOME_PULLED,    /* a login of the store's came to this machine */
    OUTCOME_REFUSED,   /* a publish, pull or sync that could not be done */
    OUTCOME_RECOVERED, /* a run whose login was replaced, and which then worked */
    OUTCOME_FAILED,    /* a run that failed for its login (or the credential used instead) */
    OUTCOME_COUNT
};

enum outcome journal_outcome(const struct journal_event *ev);

/* "published", ... for --json and metrics. */
const char *outcome_name(enum outcome o);

/* When each outcome was last seen, and in which event. */
struct journal_latest {
    int64_t at[OUTCOME_COUNT]; /* ms since 1970; 0: not in the log */
    jv *event[OUTCOME_COUNT];  /* its members; NULL: not in the log */
};

/* How far back that is looked for: two weeks of a sync every five minutes, read in about 1 ms. */
#define LATEST_REACH (1 << 20)

/* Of RELAY, out of the last LATEST_REACH bytes; syncs with nothing to do out of less.  *RET is
 * empty when it fails. */
bool journal_latest(const char *state_dir, const char *relay, struct journal_latest *ret,
                    struct err *e) MUST_CHECK;
void journal_latest_free(struct journal_latest *l);

#endif
