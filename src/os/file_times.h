/* When a file was changed, in the words of the system: its `struct stat` names them its own way. */
#ifndef CREDRELAY_OS_FILE_TIMES_H
#define CREDRELAY_OS_FILE_TIMES_H

#include <sys/stat.h>
#include <time.h>

struct timespec os_time_modified(const struct stat *st); /* its content */
struct timespec os_time_changed(const struct stat *st);  /* anything about it */

#endif
