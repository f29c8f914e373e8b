/* Files that hold logins and state: read bounded, replaced whole, private from birth.
 *
 * A reader at any instant, after any crash, sees the whole old or the whole new content: the new
 * one is written to a temporary file in the same folder (O_EXCL, 0600), synced, renamed over, and
 * the folder is synced.  Checks are made on the open descriptor, never on the path. */
#ifndef CREDRELAY_BASE_FILE_H
#define CREDRELAY_BASE_FILE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Read the regular file PATH (links are followed) to the end of OUT.  Errors: ERR_NOT_FOUND when
 * there is none; ERR_INVALID for a folder, FIFO, socket or device, without blocking on it;
 * ERR_TOO_LARGE beyond OUT's limit; ERR_DENIED, also for what a stranger may have put there (another
 * user's, in a folder that others can write in); ERR_IO. */
bool file_read(const char *path, struct buf *out, struct err *e) MUST_CHECK;

/* The same; a file that is not there is an empty one. */
bool file_read_if_there(const char *path, struct buf *out, struct err *e) MUST_CHECK;

/* Read what comes through FD to its end; WHAT stands in messages. */
bool file_read_stream(int fd, const char *what, struct buf *out, struct err *e) MUST_CHECK;

/* Where PATH really is, following links of its last part: what must be renamed over so that the
 * link stays.  OUT has LIMIT_PATH bytes.  The target need not exist.  ERR_DENIED: a link, or what it
 * leads to, may be a stranger's. */
bool file_real(const char *path, char *out, struct err *e) MUST_CHECK;

/* Replace PATH (a link is followed) by LEN bytes, mode 0600, keeping the owner.  The caller holds
 * a lock that keeps others of ours away: temporary files that a killed writer left are swept. */
bool file_replace(const char *path, const void *bytes, size_t len, struct err *e) MUST_CHECK;

/* The same with mode 0644, for what other users are to read. */
bool file_replace_public(const char *path, const void *bytes, size_t len, struct err *e) MUST_CHECK;

/* What stands beside a file or a lock for a moment is called like it, with this and eight hexadecimal
 * digits at the end. */
#define FILE_ASIDE ".credrelay-"

/* Remove what a killed process left there: everything whose path begins with PREFIX ("FOLDER/...") and
 * that has not been changed for AGE_MS.  FLAGS: 0 for files, AT_REMOVEDIR for empty folders.  Failing to
 * remove one is no reason not to go on. */
void file_sweep(const char *prefix, int flags, int64_t age_ms);

/* Make the folder and the missing ones above it, each 0700 from birth. */
bool dir_make(const char *path, struct err *e) MUST_CHECK;

/* The folder that the file PATH is or will be in; of a link, the folder of what it points to. */
bool dir_make_for(const char *path, struct err *e) MUST_CHECK;

/* "A/B" into OUT of LIMIT_PATH bytes; false when it does not fit. */
bool path_join(char *out, const char *folder, const char *name);

#endif
