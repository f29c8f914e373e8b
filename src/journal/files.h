/* The files of the log, all opened at once so that a rotation meanwhile changes nothing, and their
 * lines from either end.  For journal.c and follow.c. */
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

/* 0 where that cannot be told. */
off_t log_file_size(int fd);

/* A whole line without its newline; false: that is enough. */
typedef bool line_fn(void *ctx, const char *line, size_t len);

enum lines_end {
    LINES_ALL,    /* there are no more */
    LINES_ENOUGH, /* FN said so */
    LINES_FAILED  /* *e says why */
};

/* The lines from byte *AT on; *AT moves behind the last one that FN was given.  What follows the
 * last newline is no line yet. */
enum lines_end lines_forward(int fd, off_t *at, line_fn *fn, void *ctx, struct err *e);

/* The lines of the last REACH bytes or a little more, the last one first. */
enum lines_end lines_backward(int fd, off_t reach, line_fn *fn, void *ctx, struct err *e);

#endif
