/* The watcher made a service, unless one that was begun otherwise is in its place: that would keep the
 * service's from beginning, again and again.
 *
 *   struct service_plan p;
 *   if (!watch_install(NULL, false, &p, &e)) ...     as service_install (service/service.h) */
#ifndef CREDRELAY_WATCH_INSTALL_H
#define CREDRELAY_WATCH_INSTALL_H

#include "service/service.h"

/* ERR_BUSY: a watcher that is not the service's runs; nothing was done. */
bool watch_install(const char *manager, bool dry_run, struct service_plan *ret,
                   struct err *e) MUST_CHECK;

/* What starts a watcher: the service, or, where no service manager answers, the command by itself. */
const char *watch_start_command(bool by_service);

#endif
