/* Reading a text against a tool's wordings: is the whole of it a failure that the tool printed?
 *
 * A text is a failure when all of it, white space around it aside, is a chain of known clauses
 * ("Failed to authenticate. API Error: 401 {...} · Please run /login").  Looking for a phrase
 * inside would be wrong: a model may say it, a tool may print it.
 *
 * Several clauses mean what the first says that does not merely say "lapsed": 403 with the advice
 * to log in is still a 403. */
#ifndef CREDRELAY_TOOL_WORDING_H
#define CREDRELAY_TOOL_WORDING_H

#include <stdbool.h>
#include <stddef.h>

#include "tool/failure.h"

enum wording {
    WORDING_NO,   /* neither this text nor any that begins with it is a known failure */
    WORDING_OPEN, /* more text may make it one (never when ENDED) */
    WORDING_YES,  /* it is one */
};

/* Read TEXT, which is all there is when ENDED and otherwise the beginning of more.  Pure; a
 * text that is NO stays NO whatever is appended.  *ret is written on YES only. */
enum wording wording_read(const struct failure_table *t, const char *text, size_t len, bool ended,
                          enum failure_class *ret);

#endif
