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

/* It is not in this folder. */
static bool is_elsewhere(int errnum)
{
    return errnum == ENOENT || errnum == ENOTDIR || errnum == EACCES || errnum == ELOOP ||
           errnum == ENAMETOOLONG;
}

/* Nothing is, the file system having gone: execvp(3) looks on then as well. */
static bool is_lost(int errnum)
{
    return errnum == ESTALE || errnum == ENODEV || errnum == ETIMEDOUT;
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
            if (!is_elsewhere(errno) && !is_lost(errno))
                return false; /* what comes later may be another one */
        }
        p += n + (p[n] == ':');
    }
    errno = why;
    return false;
}
