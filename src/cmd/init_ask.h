/* The questions of init, to a person at the terminal. */
#ifndef CREDRELAY_CMD_INIT_ASK_H
#define CREDRELAY_CMD_INIT_ASK_H

#include "base/terminal.h"
#include "provision/section.h"

/* Ask for setting K of S, whose value is proposed and stays when nothing is typed; "none" unsets it.
 * ERR_INVALID after three answers that were none; ERR_USAGE: the input ended. */
bool ask_setting(const struct terminal *t, struct section *s, enum section_key k,
                 struct err *e) MUST_CHECK;

/* Enter is yes. */
bool ask_yes(const struct terminal *t, const char *question, bool *ret, struct err *e) MUST_CHECK;

#endif
