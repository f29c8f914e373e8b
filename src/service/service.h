/* The watcher as a service of this user's: a systemd user unit on Linux, a LaunchAgent on macOS.
 * Either manager starts `credrelay watch` when the user's session begins and again whenever it
 * ends.
 *
 *   struct service s;
 *   if (!service_find(NULL, &s, &e)) ...             what is there
 *   struct service_plan p;
 *   if (!service_install(NULL, false, &p, &e)) ...   and what was done; with true: would be
 *
 * MANAGER is "systemd" or "launchd"; NULL: the one of this system.  A unit that we did not write is
 * never replaced or removed: it is told by a mark in its first lines.  Installing what is installed
 * and runs changes nothing. */
#ifndef CREDRELAY_SERVICE_SERVICE_H
#define CREDRELAY_SERVICE_SERVICE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/limits.h"

enum service_state {
    SERVICE_ABSENT,  /* not installed */
    SERVICE_RUNNING, /* installed, and the watcher runs */
    SERVICE_STOPPED, /* installed, and it does not */
    SERVICE_FOREIGN, /* there is a unit of that name, and it is not ours */
    SERVICE_STATE_COUNT
};

struct service {
    const char *manager;   /* "systemd", "launchd" */
    const char *unit;      /* its name for the manager: "credrelay-watch.service" */
    char path[LIMIT_PATH]; /* of the unit's file; it need not exist */
    enum service_state state;
    bool current;   /* the file says what service_install would write now */
    bool reachable; /* the manager answers; in a container there is often none */
    bool lingers;   /* it also runs while the user is logged out, as far as we know */
    pid_t pid;      /* of the watcher, when it runs; 0: not known */
};

/* False: it cannot be told (ERR_USAGE: no such manager). */
bool service_find(const char *manager, struct service *ret, struct err *e) MUST_CHECK;

/* "absent", "running", ... for people and --json. */
const char *service_state_name(enum service_state s);

/* Say in E what is wrong with a service that does not run, and what mends it.  Returns false. */
bool service_explain(const struct service *s, struct err *e);

enum service_verb { SERVICE_WRITE, SERVICE_REMOVE, SERVICE_RUN };

struct service_step {
    enum service_verb verb;
    bool done;             /* false: it would be, or was not reached */
    char what[LIMIT_PATH]; /* the file, or the command line */
};

enum { SERVICE_STEPS = 8 };

struct service_plan {
    struct service service; /* as it was found before */
    struct service_step steps[SERVICE_STEPS];
    size_t count;       /* 0: there is nothing to do */
    char withheld[256]; /* variables of this shell that the service needs and is not given, since
                         * they are secret: "AWS_ACCESS_KEY_ID, ..."; "": none */
    char advice[256];   /* what a person may want to do besides; "": nothing */
};

/* Write the unit, make the manager read it and start it; again when its text has changed.  *RET is
 * also filled when it fails: the steps that were done are marked.  ERR_UNSUPPORTED: no manager
 * answers here (a container); ERR_INVALID: the unit there is not ours.  DRY_RUN: plan, change
 * nothing. */
bool service_install(const char *manager, bool dry_run, struct service_plan *ret,
                     struct err *e) MUST_CHECK;

/* Stop it and remove the unit.  A manager that does not answer has nothing to stop: the file is
 * removed all the same. */
bool service_uninstall(const char *manager, bool dry_run, struct service_plan *ret,
                       struct err *e) MUST_CHECK;

/* Append the unit's text, as service_install would write it. */
bool service_text(const char *manager, struct buf *out, struct err *e) MUST_CHECK;

#endif
