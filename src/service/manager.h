/* A service manager as data: where its units are, how one reads, which command lines start and end
 * a service, and how it says that one runs.  Both managers are known on every system, so that one
 * system's tests are about both; os/service.h says which one is here. */
#ifndef CREDRELAY_SERVICE_MANAGER_H
#define CREDRELAY_SERVICE_MANAGER_H

#include <sys/types.h>

#include "base/limits.h"
#include "service/unit_text.h"

/* What the manager says about our service. */
struct sight {
    bool reachable;  /* it answers */
    bool loaded;     /* it knows the service */
    pid_t pid;       /* of the running watcher; 0: it does not run */
    char domain[32]; /* launchd: where the service is, or would be: "gui/501" */
    char why[256];   /* not reachable: what it said instead */
};

/* Words of a command line that are known only here and now. */
#define WORD_PATH   "{path}"          /* the unit's file */
#define WORD_DOMAIN "{domain}"        /* gui/501 */
#define WORD_TARGET "{domain}/{unit}" /* gui/501/dev.credrelay.watch */

enum { MANAGER_WORDS = 7 };

struct manager_command {
    const char *words[MANAGER_WORDS + 1]; /* ends with NULL */
    bool until_gone; /* it has done its work when the manager no longer knows the service */
};

struct manager {
    const char *name; /* "systemd" */
    const char *unit; /* "credrelay-watch.service" */

    /* The unit's file (LIMIT_PATH bytes), its text, and what else of it is on disk once it is
     * enabled; NULL: nothing. */
    bool (*path)(char *out, struct err *e);
    bool (*text)(const struct unit *u, struct buf *out, struct err *e);
    bool (*link)(char *out, struct err *e);

    bool (*look)(struct sight *ret, struct err *e);

    /* Command lines, in order; each list ends with one that has no words. */
    const struct manager_command *unload; /* before `start`, when the service is loaded */
    const struct manager_command *start;  /* after the unit has been written */
    const struct manager_command *stop; /* before the unit is removed, when it is loaded or runs */
    const struct manager_command *forget; /* after that */
    const char *trouble;                  /* what says why a service does not run */
};

/* The first line of what was SAID is why the manager cannot be reached. */
void sight_refused(struct sight *s, const char *said);

extern const struct manager manager_systemd, manager_launchd;

/* NAME: NULL for this system's. */
const struct manager *manager_find(const char *name, struct err *e);

/* C as one line, with the words filled in. */
void manager_line(const struct manager *m, const struct manager_command *c, const char *path,
                  const char *domain, char *out, size_t size);

/* Run it to its end, bounded.  ERR_FAILED: it says no. */
bool manager_run(const struct manager *m, const struct manager_command *c, const char *path,
                 const char *domain, struct err *e) MUST_CHECK;

/* Ask the manager: what WORDS (ends with NULL) prints.  *RET_YES: it exited with 0.  False: it could
 * not be run to its end; ERR_UNSUPPORTED: there is no such program. */
bool manager_ask(const char *const *words, struct buf *out, struct buf *errors, bool *ret_yes,
                 struct err *e) MUST_CHECK;

/* ---- pure: what the managers print ---- */

/* `systemctl show` of the service. */
void systemd_read(const char *shown, struct sight *ret);
/* `launchctl print` of the service. */
void launchd_read(const char *printed, struct sight *ret);

#endif
