/* What a unit is to say, gathered from the shell that installs it.
 *
 * A service starts from nothing: no profile, no shell.  What decides which login, which store and
 * which keys the commands of this shell use must decide the same for the watcher, or the two would
 * work against each other.  So it gets of the environment
 *
 *   - where things are: HOME, the XDG folders, CREDRELAY_CONFIG, the tools' own folder variables,
 *     AWS files, certificates;
 *   - who we are and how we reach the store: every CREDRELAY_ setting, CREDRELAY_MACHINE, AWS
 *     profile, role, region and endpoints, proxies;
 *   - PATH, to find the client that renews and helpers: its absolute folders.
 *
 * It gets no secret (AWS keys and session tokens, a proxy's password): a unit is a file that backups
 * and synced folders copy, and those values end with their session.  Nor anything that the client
 * would use instead of its login.  All else is the session's own.
 *
 *   struct unit_source s;
 *   if (!unit_gather(&s, &e)) ...
 *   unit_systemd(&s.unit, &text, &e);
 *   unit_source_free(&s); */
#ifndef CREDRELAY_SERVICE_UNIT_GATHER_H
#define CREDRELAY_SERVICE_UNIT_GATHER_H

#include "base/limits.h"
#include "service/unit_text.h"

enum { UNIT_VARIABLES = 64 };

struct unit_source {
    struct unit unit; /* points into the rest, and into the environment */
    char program[LIMIT_PATH];
    char log[LIMIT_PATH];
    struct buf path; /* "PATH=..." */
    const char *environment[UNIT_VARIABLES + 1];
    size_t variables;
    char withheld[256]; /* names of what it would need and does not get; "": none */
};

/* ERR_INVALID: a variable says a relative path, which means nothing to a service.  RET must not be
 * moved afterwards: it points into itself. */
bool unit_gather(struct unit_source *ret, struct err *e) MUST_CHECK;
void unit_source_free(struct unit_source *s);

#endif
