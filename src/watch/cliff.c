#include "watch/cliff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "relay/deadline.h"

/* A server may round the deadline another way each time it refreshes; a login by a person moves it
 * by much more. */
#define SAME_LOGIN_MS (DAY_MS / 24)

static bool same_login(const struct watch_deadline_told *told, int64_t deadline)
{
    return llabs(told->deadline - deadline) < SAME_LOGIN_MS;
}

int cliff_tell(struct watch_deadline_told *told, int64_t deadline, int64_t now)
{
    int days = deadline_reached(deadline, now);
    if (!days || (told->days && told->days <= days && same_login(told, deadline)))
        return 0;
    *told = (struct watch_deadline_told){.deadline = deadline, .days = days};
    return days;
}

void cliff_text(const struct relay *r, const char *holder, int64_t deadline, int64_t now, char *out,
                size_t size)
{
    char left[32], where[HOLDER_SIZE + 32] = "on a writer";
    clock_duration(deadline - now, left, sizeof left);
    if (r->role == ROLE_WRITER)
        snprintf(where, sizeof where, "on %s, or another writer", r->machine);
    else if (holder[0])
        snprintf(where, sizeof where, "on %s, or another writer", holder);
    snprintf(out, size,
             "the login ends in %s and no renewal extends it: somebody must log in %s: %s", left,
             where, r->tool->login_command);
}
