#include "os/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

bool os_sync_file(int fd)
{
    return fsync(fd) == 0;
}

bool os_sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES; /* a folder we may write but not read cannot be opened */
    bool ok = fsync(fd) == 0 || errno == EINVAL; /* EINVAL: some network file systems */
    int saved = errno;
    close(fd);
    errno = saved;
    return ok;
}
