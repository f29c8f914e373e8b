/* How a tool says that it failed, as data.  The verdict (run/verdict.h) knows formats; the wordings
 * are a tool's and stand in its table (tool/claude_failures.c). */
#ifndef CREDRELAY_TOOL_FAILURE_H
#define CREDRELAY_TOOL_FAILURE_H

#include <stddef.h>

/* What the failure of a run means for the login. */
enum failure_class {
    FAILURE_NONE,       /* the run was fine */
    FAILURE_LAPSED,     /* a newer login can help */
    FAILURE_OVERRIDDEN, /* the credential that failed is not the login */
    FAILURE_FORBIDDEN,  /* a human must act; a retry cannot help */
    FAILURE_OTHER,      /* not about credentials */
    FAILURE_CLASS_COUNT
};

/* "fine", "lapsed", ... for the log and --json. */
const char *failure_class_name(enum failure_class c);

#endif
