/* The steps that init and join have in common. */
#ifndef CREDRELAY_CMD_SET_UP_H
#define CREDRELAY_CMD_SET_UP_H

#include "cmd/steps.h"
#include "provision/setup.h"
#include "relay/engine.h"

/* Write the keys and the configuration, or with --dry-run say so.  False: it failed, and is told. */
bool set_up_files(struct steps *s, const struct setup *setup);

/* The watcher as a service.  A system without a service manager is told and no failure.  True: it
 * runs, or with --dry-run would. */
bool set_up_service(struct steps *s);

/* One sync of relay NAME: "pull" for join. */
void set_up_login(struct steps *s, const char *name, enum intent intent);

/* What doctor finds about relay NAME and this machine; not with --dry-run.  It is told and no failure
 * of what was done: a machine that was just set up may well have no login yet. */
void set_up_check(struct steps *s, const char *name);

#endif
