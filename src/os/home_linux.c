#include "os/home.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

/* Not getpwuid: it loads the name service's libraries, which a program linked statically must not
 * need.  Users from elsewhere (LDAP) have HOME set by what logged them in. */
bool os_home(char *out, size_t size)
{
    FILE *users = fopen("/etc/passwd", "re");
    bool found = false;
    for (struct passwd *user; users && !found && (user = fgetpwent(users));)
        found = user->pw_uid == getuid() && (size_t)snprintf(out, size, "%s", user->pw_dir) < size;
    if (users)
        fclose(users);
    return found;
}
