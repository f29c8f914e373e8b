/* What pull, publish and sync have in common: one sync of one relay, told to a person or as JSON. */
#ifndef CREDRELAY_CMD_TRANSFER_H
#define CREDRELAY_CMD_TRANSFER_H

#include "cmd/cmd.h"
#include "relay/engine.h"

/* Returns the exit status. */
int transfer(const char *command, enum intent intent, const struct options *o);

#endif
