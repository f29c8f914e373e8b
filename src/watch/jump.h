/* Has the machine slept, or has its clock been set?  Two clocks tell: one that goes on whatever
 * happens and one that goes only while the machine is awake.  Pure. */
#ifndef CREDRELAY_WATCH_JUMP_H
#define CREDRELAY_WATCH_JUMP_H

#include <stdbool.h>
#include <stdint.h>

struct clocks {
    int64_t wall, awake; /* ms: clock_wall_ms, os_awake_ms */
};

/* A clock that is being slewed gains less than this between two looks. */
enum { JUMP_MS = 3000 };

static inline bool clocks_jumped(const struct clocks *before, const struct clocks *now)
{
    int64_t apart = (now->wall - before->wall) - (now->awake - before->awake);
    return apart > JUMP_MS || apart < -JUMP_MS;
}

#endif
