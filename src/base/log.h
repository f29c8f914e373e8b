/* The event log: one JSON object a line, appended with one write, 0600, schema in
 * credrelay-log(5).  It is "events.jsonl" in a folder, and is rotated before it grows beyond its
 * size: events.jsonl.1 is the newest of the files it was rotated into.
 *
 *   jv *event = log_event("pull");
 *   jv_put_text(event, "relay", "claude");
 *   log_write(&log, event, &e);            takes the event
 *
 * Any number of processes may write at once.  Who writes holds a lock on the file itself and has
 * seen that it still is the one of that name; who rotates holds the same lock.  So a line never
 * goes into a file that has been rotated, and none is lost.  A process that was stopped in between
 * holds the others up for a second, not for ever: then they append without the lock, which tears no
 * line either.
 *
 * Values never hold secrets; logins appear as fingerprints of 8 digits. */
#ifndef CREDRELAY_BASE_LOG_H
#define CREDRELAY_BASE_LOG_H

#include "base/json.h"

#define LOG_SCHEMA 1

struct log {
    const char *folder;
    int64_t size;  /* of one file, in bytes; at least LIMIT_EVENT */
    int64_t files; /* rotated ones that are kept, 0 to LIMIT_LOG_FILES */
};

/* An event with its schema version ("v"), time ("ts") and name ("event").  NULL: out of memory,
 * which jv_put_* and log_write take without complaint. */
jv *log_event(const char *name);

/* Append EVENT and free it.  A log that cannot be written is told to the caller but must not fail
 * what was being done. */
bool log_write(const struct log *log, jv *event, struct err *e);

/* Where the log in FOLDER is (LIMIT_PATH bytes): "events.jsonl"; with N > 0 the Nth file that it
 * was rotated into. */
bool log_path(const char *folder, unsigned n, char *out, struct err *e) MUST_CHECK;

#endif
