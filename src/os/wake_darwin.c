#include "os/wake.h"

#include <time.h>

/* CLOCK_MONOTONIC goes on while a Mac sleeps. */
int64_t os_awake_ms(void)
{
    return (int64_t)(clock_gettime_nsec_np(CLOCK_UPTIME_RAW) / 1000000);
}

int os_wake_open(void)
{
    return -1;
}

void os_wake_read(int fd)
{
    (void)fd;
}
