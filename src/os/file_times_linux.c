#include "os/file_times.h"

struct timespec os_time_modified(const struct stat *st)
{
    return st->st_mtim;
}

struct timespec os_time_changed(const struct stat *st)
{
    return st->st_ctim;
}
