/* Where the login of a tool is on this machine, and the one way to read and write it: the tool's own
 * file, or, on macOS, an item of the Keychain (through security(1)).
 *
 *   const struct login_source source = relay_login_source(&relay);
 *   struct login l;
 *   if (!login_source_read(&source, &l, &why)) ...         only out of memory
 *   ok = login_source_write(&source, &l.facts, &newer, &e);
 *   login_free(&l);
 *
 * Reading never waits for long: a FIFO in the file's place is told, not opened; JSON that is torn is
 * looked at again for a moment, since clients up to 2.1.100 rewrite the file in place; security(1) is
 * given 5 s.  Writing merges the relayed part into what is there, under the client's own lock (where
 * it has one), keeps every other byte, and replaces the whole: a file with mode 0600 from its first
 * byte, an item in one call. */
#ifndef CREDRELAY_TOOL_LOGIN_SOURCE_H
#define CREDRELAY_TOOL_LOGIN_SOURCE_H

#include "tool/login.h"

enum login_place {
    /* What the client itself takes here: the Keychain's item where there is one, else the file.  An
     * item that cannot be read now is not gone round: two copies of one login on a machine would be
     * renewed against each other. */
    LOGIN_AUTO,
    LOGIN_FILE,
    LOGIN_KEYCHAIN,
    LOGIN_PLACE_COUNT
};

struct login_source {
    const struct tool *tool;
    const char *path; /* of the file, also where the Keychain goes before it */
    enum login_place place;
};

/* What is there.  False only when out of memory; whatever else is wrong is a state, and WHY says it
 * in a sentence with its remedy (untouched when the login is usable). */
bool login_source_read(const struct login_source *s, struct login *ret, struct err *why) MUST_CHECK;

/* The same, but only the facts: for the good day of a run, which looks and goes on. */
bool login_source_look(const struct login_source *s, struct login_facts *ret,
                       struct err *why) MUST_CHECK;

/* Put L (usable) there.  SEEN is what the decision was made on: when another login is there by now,
 * nothing is written and the error is ERR_CONFLICT.  What is not JSON is kept beside the file as
 * PATH.damaged before it is replaced. */
bool login_source_write(const struct login_source *s, const struct login_facts *seen,
                        const struct login *l, struct err *e) MUST_CHECK;

/* Can the login change without a change of the file?  The Keychain tells nobody: look now and then. */
bool login_source_is_polled(const struct login_source *s);

/* "auto", "file", "keychain": as the configuration says it. */
const char *login_place_name(enum login_place p);

#endif
