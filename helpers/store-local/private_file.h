/* A file that is ours alone, which another library then opens by name.
 *
 * SQLite opens its files by path.  What makes that safe is that nobody else can put another file
 * there: the folder is not writable by others, and the file was looked at by descriptor. */
#ifndef CREDRELAY_STORE_LOCAL_PRIVATE_FILE_H
#define CREDRELAY_STORE_LOCAL_PRIVATE_FILE_H

#include "base/err.h"

/* See to it that PATH is a regular file of ours, mode 0600 or less, in a folder that only we can
 * write; both are made when missing (0700, 0600 from birth).  The path without links in its
 * folders goes to RET_REAL of LIMIT_PATH bytes.
 *
 * Call it before SQLite opens the file, never after: closing any descriptor of a file drops the
 * POSIX locks that the process holds on it.
 *
 * Errors: ERR_DENIED (with the command that mends it) for a file or folder that is open to others
 * or belongs to somebody else; ERR_INVALID for what is no regular file, and for a missing or
 * emptied database whose -wal is still there: SQLite would delete that, and the last login in
 * it. */
bool private_file_prepare(const char *path, char *ret_real, struct err *e) MUST_CHECK;

#endif
