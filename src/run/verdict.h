/* Was that run a failure of the login?  A classifier over the bytes a tool prints, fed as they
 * come; it says as early as it can that nothing need be held back, and at the end what happened.
 * Pure: no I/O, no clock, and the same answer whatever the chunking.
 *
 *   struct verdict *v = verdict_new(tool, RUN_STREAM_JSON);
 *   while ((n = read(...)) > 0)
 *       if (verdict_feed(v, bytes, n) == VERDICT_FINE) ...    release what is held, stream the rest
 *   verdict_end(v, exit_status, overridden, &result);
 *   verdict_free(v);
 *
 * The bytes held are the caller's; the verdict keeps some 40 KB whatever the output's size.
 *
 * When FINE comes:
 * - text: with the first byte after which the output cannot become one of the tool's failures,
 *   except that a failure quoting an HTTP body is only looked at again at its end;
 * - json: with `"is_error": false`;
 * - stream-json (and the array that json becomes with --verbose): with the first line that shows
 *   work: a message of the model, a piece of one, an answer to a control request; a line of a type
 *   that is not known decides nothing, since what a client prints of itself comes before a refusal too;
 * - always: when more than LIMIT_HELD bytes have come.
 *
 * FINE is about holding back only.  A stream goes on being read after it (cheaply), and may end as
 * a lapsed login in the middle of the work: do not retry, but get a login for the next run. */
#ifndef CREDRELAY_RUN_VERDICT_H
#define CREDRELAY_RUN_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "tool/tool.h"

enum run_format { RUN_TEXT, RUN_JSON, RUN_STREAM_JSON };

enum verdict_now {
    VERDICT_UNDECIDED, /* hold the output */
    VERDICT_FINE,      /* release it; stays so */
};

struct verdict_result {
    enum failure_class meaning; /* FAILURE_NONE whenever the exit status is 0 */
    bool worked; /* the run did something a repeat would repeat; text cannot show it */
    char session[LIMIT_SESSION_ID]; /* letters, digits and '-' only; "" if not known */
    /* One line of valid UTF-8 without control characters, to quote in a message or the log.  Empty
     * unless the failure is about credentials (other output is the user's business), and when a
     * stream broke off before it said more than the error's name. */
    char message[LIMIT_EXCERPT];
};

struct verdict;

/* NULL: out of memory.  The tool must outlive the verdict. */
struct verdict *verdict_new(const struct tool *t, enum run_format format);
void verdict_free(struct verdict *v);

/* The next bytes of the run's standard output. */
enum verdict_now verdict_feed(struct verdict *v, const void *bytes, size_t len);

/* A stream has shown that its client was refused and is trying again: a login replaced now heals
 * the run.  Stays true. */
bool verdict_retrying(const struct verdict *v);

/* The run is over.  EXIT_STATUS as a shell reports it (128 + signal): evidence printed before a
 * signal counts, but whoever was killed need not be run again.  OVERRIDDEN: the caller knows of a
 * credential that goes before the login; a failure of credentials is then never the login's. */
void verdict_end(struct verdict *v, int exit_status, bool overridden, struct verdict_result *ret);

#endif
