#include "base/search.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"

bool search_executable(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return false;
    errno = EACCES; /* what execve(2) says of a folder */
    return S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* A shell looks on in the next folder then. */
static bool is_elsewhere(int errnum)
{
    return errnum == ENOENT || errnum == ENOTDIR || errnum == EACCES || errnum == ELOOP ||
           errnum == ENAMETOOLONG;
}

bool search_path(const char *name, char *out)
{
    const char *path = getenv("PATH");
    int why = ENOENT;
    for (const char *p = path ? path : ""; *p;) {
        size_t n = strcspn(p, ":");
        if (*p == '/' && snprintf(out, LIMIT_PATH, "%.*s/%s", (int)n, p, name) < LIMIT_PATH) {
            if (search_executable(out))
                return true;
            why = is_elsewhere(errno) ? why : errno;
        }
        p += n + (p[n] == ':');
    }
    errno = why;
    return false;
}
