/* The wrapper: run a tool's command, notice a lapsed login, pull, retry once.
 *
 * On a good day it is not there: same bytes, same order, same exit status, same signals.  When the
 * login is what failed, it says on standard error what it did, or why nothing could be done and
 * what will, and ends with 78. */
#ifndef CREDRELAY_RUN_RUN_H
#define CREDRELAY_RUN_RUN_H

#include "relay/relay.h"

/* `[claude-p] ...`: how every line of ours on standard error begins. */
#define RUN_PREFIX "[claude-p] "

/* Exit status when nothing of ours can help (sysexits' EX_CONFIG). */
enum { RUN_HOPELESS = 78 };

/* Run ARGV (ends with NULL; ARGV[0] is looked for on PATH behind ourselves) for the relay.  Returns
 * the exit status, or ends the process as the child ended. */
int run_relay(const struct relay *r, char **argv);

/* The same without a relay: become the program. */
int run_plain(char **argv);

/* CLAUDE_P_NO_RECOVER=1: the caller wants the program alone. */
bool run_switched_off(void);

/* We were called by another name: `claude-p ARGS` is `claude -p ARGS`, and as a program's own name
 * (the wrapper installed as `claude`) it is that program. */
int run_as(const char *name, int argc, char **argv);

#endif
