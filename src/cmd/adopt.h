/* init --adopt: the older set-up put aside, once what takes its place is there. */
#ifndef CREDRELAY_CMD_ADOPT_H
#define CREDRELAY_CMD_ADOPT_H

#include "cmd/steps.h"
#include "provision/section.h"

/* SECTION is (or, with --dry-run, would be) the configuration; WATCHED: the watcher runs, so that
 * the old publisher has nothing left to do. */
void adopt(struct steps *s, const struct section *section, bool watched);

#endif
