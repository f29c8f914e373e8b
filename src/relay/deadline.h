/* The monthly cliff: a refresh does not extend the month of a login, so a person must log in again
 * before its deadline.  It is told when 7, 3 and 1 days are left.  Pure. */
#ifndef CREDRELAY_RELAY_DEADLINE_H
#define CREDRELAY_RELAY_DEADLINE_H

#include <stdint.h>

#define DAY_MS INT64_C(86400000)

/* Of 7, 3 and 1 days before DEADLINE (ms since 1970; 0: not known) the nearest that has begun; 0: none
 * has, or the deadline has passed. */
int deadline_reached(int64_t deadline, int64_t now);

#endif
