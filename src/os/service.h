/* What keeps services running for a user on this system. */
#ifndef CREDRELAY_OS_SERVICE_H
#define CREDRELAY_OS_SERVICE_H

#include <stdbool.h>

/* Its name: "systemd", "launchd". */
const char *os_service_manager(void);

/* From cron or sudo -u the environment may not say where the user's manager is; put it there. */
void os_service_find_session(void);

/* Do this user's services run while the user is logged out?  False when that cannot be told. */
bool os_service_lingers(void);

#endif
