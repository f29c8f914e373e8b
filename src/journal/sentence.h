/* An event of the log as people read it: one sentence without an end.  Pure. */
#ifndef CREDRELAY_JOURNAL_SENTENCE_H
#define CREDRELAY_JOURNAL_SENTENCE_H

#include "journal/journal.h"

/* Append it.  What the log quotes and a terminal would obey becomes '?'. */
void journal_sentence(const struct journal_event *ev, struct buf *out);

/* The names of the events of credrelay-log(5), one by one; NULL after the last.  A log may have others: a
 * later version's. */
const char *journal_event_name(size_t i);

#endif
