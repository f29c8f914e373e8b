/* What SQLite refuses, in our words, and what a person does about it.  Its own message is left out: it
 * says less than its result code, and may quote. */
#ifndef CREDRELAY_STORE_LOCAL_DATABASE_FAILURE_H
#define CREDRELAY_STORE_LOCAL_DATABASE_FAILURE_H

#include "base/err.h"

/* RC: SQLite's result code, of the database at PATH; ERRNUM: what sqlite3_system_errno said then.
 * Returns false. */
bool database_failed(const char *path, int rc, int errnum, struct err *e);

#endif
