/* Being told by the system when names and files change: inotify(7), kqueue(2).
 *
 *   int events = os_events_open();                             to be polled; -1: errno says why
 *   int watch = os_events_watch(events, "/home/me/.claude", OS_WATCH_NAMES);
 *   os_events_read(events, fn, ctx);                           when it is readable
 *
 * What is told is only where to look: a system may tell too much, the same twice, or that it has
 * lost count.  A watch is on the folder or file itself, not on its name: one that is gone has to be
 * watched anew. */
#ifndef CREDRELAY_OS_FILE_EVENTS_H
#define CREDRELAY_OS_FILE_EVENTS_H

#include <stdbool.h>

enum os_watch {
    OS_WATCH_NAMES,   /* of a folder: names that come, go or are replaced in it */
    OS_WATCH_PLACE,   /* of a folder: only that it is moved or removed itself */
    OS_WATCH_CONTENT, /* of a file: that it is written, or its rights change */
};

/* Systems allow few of these to one user (inotify: 128): EMFILE. */
int os_events_open(void);

/* The number of the watch; where a folder or file is watched already it may be that one, and is now
 * watched for this alone.  -1: errno says why. */
int os_events_watch(int events, const char *path, enum os_watch what);
void os_events_forget(int events, int watch);

enum os_happened {
    OS_NAME,    /* NAME in the folder of this watch; NULL: some name, or the folder's own rights */
    OS_CONTENT, /* the file of this watch */
    OS_GONE,    /* what was watched has been moved or removed: watch what is there now */
    OS_LOST,    /* no watch in particular: more has happened than the system could keep */
};

typedef void os_event_fn(void *ctx, enum os_happened what, int watch, const char *name);

/* Everything that has happened since the last call, without waiting. */
void os_events_read(int events, os_event_fn *fn, void *ctx);

#endif
