/* A helper that plays what a test wrote down: found on PATH as credrelay-NAME, a process for each call.
 *
 *   play_helper("aws-admin", "identity    ok \"account\":\"1\"\n"
 *                            "create-key  denied no\n");
 *   ...
 *   play_ended("the row");           all of it was asked, in this order, and nothing else
 *
 * A line is the operation that is asked next and its answer:
 *   ok [MEMBERS]      {"ok":true,MEMBERS}
 *   CODE MESSAGE      the failure of that name (base/err.h)
 *   says TEXT         TEXT as it stands
 * Below it a line "! COMMAND" is what sh runs in HOME before the answer: what somebody else does just
 * then. */
#ifndef CREDRELAY_TESTS_PLAYED_H
#define CREDRELAY_TESTS_PLAYED_H

void play_helper(const char *name, const char *play);

/* WHAT names the row. */
void play_ended(const char *what);

/* The requests since play_helper, a line each. */
const char *play_requests(void);

#endif
