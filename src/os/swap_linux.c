#include "os/swap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

bool os_swap(const char *a, const char *b)
{
    if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0)
        return true;
    if (errno == EINVAL || errno == ENOSYS) /* the file system, the kernel (before 3.15) */
        errno = ENOTSUP;
    return false;
}
