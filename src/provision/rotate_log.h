/* A rotation's steps as events of the log (credrelay-log(5), "key"), told by provision/rotate.c. */
#ifndef CREDRELAY_PROVISION_ROTATE_LOG_H
#define CREDRELAY_PROVISION_ROTATE_LOG_H

#include "provision/rotate.h"

/* KEY: as in rotate_told_fn.  A step that changes nothing is not logged. */
void rotate_log(const struct rotate_request *rq, const char *user, enum rotate_event event,
                const char *key);

/* HOST did not take the key: WHY. */
void rotate_log_refused(const struct rotate_request *rq, const char *user, const char *host,
                        const struct err *why);

/* It stopped here: WHY. */
void rotate_log_stop(const struct rotate_request *rq, const char *user, const struct err *why);

#endif
