/* An event of the log as people read it: one sentence without an end.  Pure. */
#ifndef CREDRELAY_JOURNAL_SENTENCE_H
#define CREDRELAY_JOURNAL_SENTENCE_H

#include "journal/journal.h"

/* Append it.  Control characters that the log quotes become '?'. */
void journal_sentence(const struct journal_event *ev, struct buf *out);

#endif
