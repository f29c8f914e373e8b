/* Looking for the programs that we run for ourselves: helpers, and the system's managers.  (What the
 * user runs through us is found as a shell finds it: run/program.h.) */
#ifndef CREDRELAY_BASE_SEARCH_H
#define CREDRELAY_BASE_SEARCH_H

#include <stdbool.h>

/* PATH (in the file system) is a regular file that we may execute.  False: errno says why not. */
bool search_executable(const char *path);

/* The program NAME in the folders of the variable PATH, into OUT of LIMIT_PATH bytes.  Absolute
 * folders only: what lies in the current one is not run for that.  False: errno is ENOENT when there
 * is none, else what kept us from looking. */
bool search_path(const char *name, char *out);

#endif
