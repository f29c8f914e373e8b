/* What a tool's command line asks for, as far as the wrapper must know.  Pure. */
#ifndef CREDRELAY_RUN_PLAN_H
#define CREDRELAY_RUN_PLAN_H

#include "run/verdict.h"
#include "tool/tool.h"

struct plan {
    bool prints; /* answers once and ends: output can be judged, a failed run repeated */
    enum run_format format;
};

/* ARGV: the tool's arguments without its name; ends with NULL. */
struct plan plan_read(const struct tool *t, char *const *argv);

#endif
