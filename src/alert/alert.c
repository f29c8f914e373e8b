#include "alert/alert.h"

#include <string.h>

bool alert_trouble(const struct relay *r, enum trouble what, const struct err *why, int64_t now,
                   struct err *e)
{
    return r && what < TROUBLE_COUNT && why && now > 0 && e;
}

bool alert_fine(const struct relay *r, enum trouble what, int64_t now, struct err *e)
{
    return r && what < TROUBLE_COUNT && now > 0 && e;
}

bool alert_deadline(const struct relay *r, int64_t deadline, int64_t now, struct err *e)
{
    return r && deadline >= 0 && now > 0 && e;
}

bool alert_tend(const struct relay *r, int64_t now, struct err *e)
{
    return r && now > 0 && e;
}

bool alert_look(const struct relay *r, struct alert_view *ret, struct err *e)
{
    memset(ret, 0, sizeof *ret);
    return r && e;
}
