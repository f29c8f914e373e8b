/* A tool's description (credrelay-tool(5)) read into a struct tool.
 *
 * Pure: text in, struct out.  Bounded, whatever the text: lists, wordings and their alternatives
 * have limits, and one beyond is an error that names the line. */
#ifndef CREDRELAY_TOOL_DESCRIPTION_H
#define CREDRELAY_TOOL_DESCRIPTION_H

#include <stddef.h>

#include "tool/tool.h"

/* The tool called NAME as TEXT describes it; to be given to description_free.  WHERE stands in
 * messages ("tools/claude.ini").  NULL: *e says which line, and what is allowed there. */
struct tool *description_parse(const char *name, const char *text, size_t len, const char *where,
                               struct err *e);
void description_free(struct tool *t); /* NULL is fine */

/* The tools whose descriptions are shipped; ends with NULL.  src/tool/compile.c reads those at build
 * time. */
extern const struct tool *const shipped_tools[];

#endif
