#include "base/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"

bool search_executable(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

bool search_path(const char *name, char *out)
{
    const char *path = getenv("PATH");
    for (const char *p = path ? path : ""; *p;) {
        size_t n = strcspn(p, ":");
        if (*p == '/' && snprintf(out, LIMIT_PATH, "%.*s/%s", (int)n, p, name) < LIMIT_PATH &&
            search_executable(out))
            return true;
        p += n + (p[n] == ':');
    }
    return false;
}
