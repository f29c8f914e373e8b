#include "relay/deadline.h"

#include <stddef.h>

static const int days[] = {1, 3, 7};

int deadline_reached(int64_t deadline, int64_t now)
{
    int64_t left = deadline - now;
    for (size_t n = 0; deadline && left > 0 && n < sizeof days / sizeof days[0]; n++)
        if (left <= days[n] * DAY_MS)
            return days[n];
    return 0;
}
