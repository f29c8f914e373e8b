#include "os/file_id.h"

#include <errno.h>
#include <sys/stat.h>

#include "os/file_times.h"

static int64_t ns(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void os_file_id(const char *path, struct os_file_id *ret)
{
    struct stat st;
    *ret = (struct os_file_id){.failed = 0};
    if (stat(path, &st) != 0) {
        ret->failed = errno;
        return;
    }
    ret->device = (uint64_t)st.st_dev;
    ret->inode = (uint64_t)st.st_ino;
    ret->size = (int64_t)st.st_size;
    ret->modified_ns = ns(os_time_modified(&st));
    ret->changed_ns = ns(os_time_changed(&st));
}
