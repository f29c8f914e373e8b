/* Where this user's files are when HOME does not say. */
#ifndef CREDRELAY_OS_HOME_H
#define CREDRELAY_OS_HOME_H

#include <stdbool.h>
#include <stddef.h>

/* The home folder in the list of users.  False: it is not there. */
bool os_home(char *out, size_t size);

#endif
