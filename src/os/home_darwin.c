#include "os/home.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

bool os_home(char *out, size_t size)
{
    const struct passwd *me = getpwuid(getuid());
    return me && (size_t)snprintf(out, size, "%s", me->pw_dir) < size;
}
