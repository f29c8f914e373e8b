/* Where a container asks for its role's keys. */
#ifndef CREDRELAY_HELPERS_AWS_CONTAINER_H
#define CREDRELAY_HELPERS_AWS_CONTAINER_H

#include <stddef.h>

#include "base/err.h"

/* The URL for the values of AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI, either NULL; the
 * first is a path on 169.254.170.2, the agent of ECS.  Keys and a token are sent over it, so a full
 * URL must be https, or of this machine or of AWS's own agents: anything else is
 * ERR_BAD_CREDENTIALS. */
bool aws_container_url(const char *relative, const char *full, char *out, size_t size,
                       struct err *e) MUST_CHECK;

#endif
