/* Helpers: programs that live for one call and carry what the program itself need not, a network
 * library or a database.  One line of JSON on standard input, one on standard output, exit status
 * 0; standard error is for people.
 *
 *   char program[LIMIT_PATH];
 *   if (!helper_find("store-ssm", program)) ...
 *   const struct helper_call call = {.program = program, .timeout_ms = 10000};
 *   jv *answer = helper_ask(&call, request, &e);
 *
 * What the lines say is store/protocol.h's and alert/protocol.h's. */
#ifndef CREDRELAY_BASE_HELPER_H
#define CREDRELAY_BASE_HELPER_H

#include "base/json.h"

struct helper_call {
    const char *program; /* absolute path */
    int64_t timeout_ms;  /* the helper is killed a little later: it may say so itself */
    const char *if_late; /* the hint when it had to be killed; NULL none */
    struct buf *told;    /* what it says to people is put here; NULL: dropped */
};

/* Where the helper NAME is, into OUT of LIMIT_PATH bytes: beside the program (an installation can be
 * moved whole), then as credrelay-NAME in the absolute folders of PATH, then where this was
 * configured to be. */
bool helper_find(const char *name, char *out);

/* Send REQUEST (taken over) and read the answer, which says "ok": true; the caller frees it.  NULL:
 * the helper's own code, sentence and hint, or what went wrong with it. */
jv *helper_ask(const struct helper_call *c, jv *request, struct err *e) MUST_CHECK;

#endif
