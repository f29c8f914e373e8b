/* The files of the log, all opened at once so that a rotation meanwhile changes nothing, and their
 * lines from either end. */
#ifndef CREDRELAY_JOURNAL_FILES_H
#define CREDRELAY_JOURNAL_FILES_H

#include <sys/types.h>

#include "base/err.h"
#include "base/limits.h"

struct log_files {
    int fd[LIMIT_LOG_FILES + 1]; /* newest first */
    int count;
};

/* Those of STATE_DIR; none is no error. */
bool log_files_open(const char *state_dir, struct log_files *ret, struct err *e) MUST_CHECK;
void log_files_close(struct log_files *files);

/* How many of THEM are newer than the newest of OURS; all of them when that is not among them. */
int log_files_newer(const struct log_files *them, const struct log_files *ours);

/* Are there newer files than these? */
bool log_files_stale(const struct log_files *files, const char *state_dir);

/* 0 where that cannot be told. */
off_t log_file_size(int fd);

/* A whole line without its newline; false: that is enough. */
typedef bool line_fn(void *ctx, const char *line, size_t len);

enum lines_end {
    LINES_ALL,    /* there are no more */
    LINES_ENOUGH, /* FN said so */
    LINES_FAILED  /* *e says why */
};

/* The lines that begin at byte *AT or later and end before END; *AT moves behind the last one that
 * FN was given.  What follows the last newline is no line yet. */
enum lines_end lines_forward(int fd, off_t *at, off_t end, line_fn *fn, void *ctx, struct err *e);

/* The lines that end before END, the last one first, as far back as REACH bytes or a little more. */
enum lines_end lines_backward(int fd, off_t end, off_t reach, line_fn *fn, void *ctx,
                              struct err *e);

/* Where the last whole line ends, of a file that is just growing. */
bool lines_last_end(int fd, off_t *ret, struct err *e) MUST_CHECK;

#endif
