#include "os/service.h"

#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

const char *os_service_manager(void)
{
    return "systemd";
}

/* pam_systemd(8) makes the folder at login and sets the variable, sudo and cron drop the variable. */
void os_service_find_session(void)
{
    char folder[64];
    struct stat st;
    snprintf(folder, sizeof folder, "/run/user/%ju", (uintmax_t)getuid());
    if (stat(folder, &st) == 0 && st.st_uid == getuid())
        setenv("XDG_RUNTIME_DIR", folder, 0);
}

/* As `loginctl enable-linger` leaves it (systemd, src/login/logind-dbus.c). */
bool os_service_lingers(void)
{
    FILE *users = fopen("/etc/passwd", "re");
    char path[320] = "";
    for (struct passwd *user; users && !path[0] && (user = fgetpwent(users));)
        if (user->pw_uid == getuid())
            snprintf(path, sizeof path, "/var/lib/systemd/linger/%.256s", user->pw_name);
    if (users)
        fclose(users);
    return path[0] && access(path, F_OK) == 0;
}
