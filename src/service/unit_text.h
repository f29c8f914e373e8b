/* The text of a unit: pure, from what it is to say.
 *
 * Both forms start the same thing: `credrelay watch` at login, again 10 s after it ended, for ever;
 * and what the watcher has started lives on when the watcher is killed, since a client in the middle
 * of a renewal has the only copy of the next refresh token.  Paths and values that cannot stand in
 * a line (control characters, no UTF-8) are ERR_INVALID.
 *
 * Formats: systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.syntax(7);
 * launchd.plist(5) and the property list DTD 1.0. */
#ifndef CREDRELAY_SERVICE_UNIT_TEXT_H
#define CREDRELAY_SERVICE_UNIT_TEXT_H

#include "base/buf.h"

/* The names under which the managers know it.  launchd's are domain names written backwards. */
#define UNIT_SYSTEMD_NAME  "credrelay-watch.service"
#define UNIT_LAUNCHD_LABEL "dev.credrelay.watch"

struct unit {
    const char *program; /* absolute path of credrelay */
    const char *log;     /* launchd: the file for what it says; systemd has the journal */
    const char *const *environment; /* "NAME=value"; ends with NULL */
    bool background;                /* launchd: for sessions without a screen */
};

bool unit_systemd(const struct unit *u, struct buf *out, struct err *e) MUST_CHECK;
bool unit_launchd(const struct unit *u, struct buf *out, struct err *e) MUST_CHECK;

/* Does the file say in its first lines that we wrote it? */
bool unit_is_ours(const char *text);

#endif
