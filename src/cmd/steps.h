/* What a command that sets a machine up does, step by step: told to a person as it goes, a line a
 * step, or as one JSON object in the end.
 *
 *   struct steps s;
 *   steps_begin(&s, "join", o);
 *   steps_tell(&s, "keys", STEP_DONE, "profile %s in %s: written", ...);
 *   if (!...) steps_fail(&s, "pull", &e);                    goes on; the exit status is the first one's
 *   jv_put_text(s.value, "store", url);                       more for the JSON
 *   return steps_end(&s);
 */
#ifndef CREDRELAY_CMD_STEPS_H
#define CREDRELAY_CMD_STEPS_H

#include "base/json.h"
#include "cmd/cmd.h"

enum step_end {
    STEP_THERE, /* nothing to do */
    STEP_DONE,
    STEP_WOULD, /* be done, but for --dry-run */
    STEP_LEFT,  /* not ours to do: told, and left as it is */
    STEP_FAILED,
    STEP_ENDS
};

struct steps {
    const char *command;
    const struct options *o;
    jv *value, *list;
    unsigned would; /* how many would be done */
    int status;     /* of the first step that failed */
};

void steps_begin(struct steps *s, const char *command, const struct options *o);

void steps_tell(struct steps *s, const char *step, enum step_end end, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
void steps_fail(struct steps *s, const char *step, const struct err *e);

/* Prints the JSON and returns the exit status. */
int steps_end(struct steps *s);

#endif
