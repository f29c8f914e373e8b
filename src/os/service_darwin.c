#include "os/service.h"

const char *os_service_manager(void)
{
    return "launchd";
}

/* launchctl finds its manager without the environment. */
void os_service_find_session(void)
{
}

/* A LaunchAgent ends with its user's session. */
bool os_service_lingers(void)
{
    return false;
}
