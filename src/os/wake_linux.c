#include "os/wake.h"

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int64_t os_awake_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A timer that never runs out is cancelled when the clock jumps, and after a suspend it has
 * (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET). */
static int arm(int fd)
{
    const struct itimerspec never = {.it_value = {.tv_sec = (time_t)1 << 33}};
    return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

int os_wake_open(void)
{
    int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd >= 0 && arm(fd) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

void os_wake_read(int fd)
{
    uint64_t times;
    (void)!read(fd, &times, sizeof times); /* ECANCELED */
    arm(fd);
}
