/* The tool's client, run once so that it refreshes its login (tool.h, `renew`).
 *
 * It gets the world as we were started in it, without the variables that it would prefer to its
 * login; its standard streams are /dev/null: what it says may be anything, also a secret.  It runs
 * in the state folder, where no project's settings are, in a process group of its own, and does not end
 * with us: it may be saving a login. */
#ifndef CREDRELAY_RELAY_RENEW_CLIENT_H
#define CREDRELAY_RELAY_RENEW_CLIENT_H

#include <sys/types.h>

#include "relay/relay.h"

enum { RENEW_MOST_WORDS = 32 };

struct renew_client {
    const char *argv[RENEW_MOST_WORDS + 1];
    char words[512];       /* of the configured command, cut into pieces */
    char path[LIMIT_PATH]; /* of the program */
    pid_t pid;             /* 0: it does not run */
    int status;            /* when it has ended, as waitpid(2) says */
};

/* Which command it is.  ERR_UNSUPPORTED: the tool has none, and none is configured; ERR_NOT_FOUND:
 * its program is not on PATH.  RET keeps pointers into itself and the tool: it is not to be copied. */
bool renew_client_find(const struct relay *r, struct renew_client *ret, struct err *e) MUST_CHECK;

bool renew_client_start(const struct relay *r, struct renew_client *c, struct err *e) MUST_CHECK;

/* Has it ended? */
bool renew_client_ended(struct renew_client *c);

/* Make it end: asked first, since it may be writing a login at this moment. */
void renew_client_end(struct renew_client *c);

/* "`claude -p ok` ended with status 1" */
void renew_client_explain(const struct renew_client *c, char *out, size_t size);

#endif
