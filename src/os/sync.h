/* Putting things on disk for good; each system has its own idea of it. */
#ifndef CREDRELAY_OS_SYNC_H
#define CREDRELAY_OS_SYNC_H

#include <stdbool.h>

/* The file's content and size are on disk.  False: errno says why. */
bool os_sync_file(int fd);

/* The names in the folder are on disk.  A file system that cannot sync folders is not an error. */
bool os_sync_folder(const char *path);

#endif
