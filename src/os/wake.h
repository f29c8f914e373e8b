/* Noticing that the machine has slept, or that its clock was set. */
#ifndef CREDRELAY_OS_WAKE_H
#define CREDRELAY_OS_WAKE_H

#include <stdint.h>

/* A clock that goes only while the machine is awake, in ms: compared with the wall clock it tells
 * both. */
int64_t os_awake_ms(void);

/* A descriptor that becomes readable at that moment, for poll(2), which sleeps on otherwise.  -1:
 * this system has none, and it is noticed at the next wake-up. */
int os_wake_open(void);
void os_wake_read(int fd); /* and wait for the next */

#endif
