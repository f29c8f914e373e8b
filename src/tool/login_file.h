/* The credentials file of a tool on this machine.
 *
 * Reading never blocks (a FIFO in its place is told, not opened) and looks again for a moment when
 * the JSON is torn: clients up to 2.1.100 rewrite the file in place.  Writing merges the relayed
 * part into the file under the client's own lock (where it has one), keeps every other byte, and replaces the file
 * whole, mode 0600 from its first byte. */
#ifndef CREDRELAY_TOOL_LOGIN_FILE_H
#define CREDRELAY_TOOL_LOGIN_FILE_H

#include "tool/login.h"

/* Read PATH.  False only when out of memory; whatever else is wrong is a state, and WHY says it in
 * a sentence with its remedy (untouched when the login is usable). */
bool login_file_read(const struct tool *t, const char *path, struct login *ret,
                     struct err *why) MUST_CHECK;

/* The same, but only the facts: for the good day of a run, which looks and goes on. */
bool login_file_look(const struct tool *t, const char *path, struct login_facts *ret,
                     struct err *why) MUST_CHECK;

/* Put L (usable) into PATH.  SEEN is what the decision was made on: when the file holds another
 * login by now, nothing is written and the error is ERR_CONFLICT.  A file that is not JSON is kept
 * beside as PATH.damaged before it is replaced. */
bool login_file_write(const struct tool *t, const char *path, const struct login_facts *seen,
                      const struct login *l, struct err *e) MUST_CHECK;

#endif
