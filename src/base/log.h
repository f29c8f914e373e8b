/* The event log: one JSON object a line, appended with one write, 0600, schema in
 * credrelay-log(5).
 *
 *   jv *event = log_event("pull");
 *   jv_put_text(event, "relay", "claude");
 *   log_write(&log, event);                takes the event
 *
 * Values never hold secrets; logins appear as fingerprints of 8 digits. */
#ifndef CREDRELAY_BASE_LOG_H
#define CREDRELAY_BASE_LOG_H

#include "base/json.h"

#define LOG_SCHEMA 1

/* An event with its schema version ("v"), time ("ts") and name ("event").  NULL: out of memory,
 * which jv_put_* and log_write take without complaint. */
jv *log_event(const char *name);

/* Append EVENT to the file at PATH and free it.  A log that cannot be written is told to the
 * caller but must not fail what was being done. */
bool log_write(const char *path, jv *event, struct err *e);

/* Where the log in FOLDER is (LIMIT_PATH bytes): "events.jsonl"; with N > 0 the Nth file that it
 * was rotated into, "events.jsonl.N". */
bool log_path(const char *folder, unsigned n, char *out, struct err *e) MUST_CHECK;

#endif
