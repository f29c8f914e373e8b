/* What a client prefers to its login: while one of these is in use, no login that is pulled can
 * help. */
#ifndef CREDRELAY_TOOL_OVERRIDE_H
#define CREDRELAY_TOOL_OVERRIDE_H

#include "base/limits.h"
#include "tool/tool.h"

struct override {
    const char *name; /* "ANTHROPIC_API_KEY", "apiKeyHelper"; lent by the tool */
    bool helper;      /* it is the settings' helper, no variable */
    bool used;
    char where[LIMIT_PATH]; /* the settings file that sets it; "": the environment does */
};

/* Call FN for each in the client's order, used or not, until it returns false.  Reads the settings
 * files: not for the good day. */
typedef bool override_fn(void *ctx, const struct override *o);
void tool_overrides(const struct tool *t, override_fn *fn, void *ctx);

/* The first that is used, in words; NULL: none is. */
const char *tool_override(const struct tool *t);

#endif
