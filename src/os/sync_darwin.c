#include "os/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* fsync on Darwin leaves the bytes in the drive's cache; F_FULLFSYNC (fcntl(2)) does not, and is
 * refused by file systems that lack it. */
bool os_sync_file(int fd)
{
    return fcntl(fd, F_FULLFSYNC) == 0 || fsync(fd) == 0;
}

bool os_sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES;
    bool ok = os_sync_file(fd) || errno == EINVAL || errno == ENOTSUP;
    int saved = errno;
    close(fd);
    errno = saved;
    return ok;
}
