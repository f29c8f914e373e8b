#include "watch/install.h"

#include <stdlib.h>

#include "base/home.h"
#include "watch/presence.h"

/* Where no manager answers there will be no service, and whoever runs the watcher does right. */
static bool place_is_free(const char *manager, struct err *e)
{
    char state[LIMIT_PATH];
    struct service s;
    if (!service_find(manager, &s, e))
        return false;
    struct watch_presence *p = calloc(1, sizeof *p); /* large */
    if (!p)
        return err_no_memory(e);
    bool ok = home_state(state, e) && watch_presence(state, p, e);
    if (ok && p->running && s.reachable && !s.pid) {
        ok = err_set(e, ERR_BUSY, "a watcher that is not the service's runs (pid %lld)",
                     (long long)p->pid);
        err_hint(e, "end it first: kill %lld", (long long)p->pid);
    }
    free(p);
    return ok;
}

bool watch_install(const char *manager, bool dry_run, struct service_plan *ret, struct err *e)
{
    *ret = (struct service_plan){.count = 0};
    return place_is_free(manager, e) && service_install(manager, dry_run, ret, e);
}

const char *watch_start_command(bool by_service)
{
    return by_service ? "credrelay service install" : "credrelay watch --detach";
}
