/* Is it this very machine that is spoken to?  Then nobody is on the way.  Pure: no name is looked up. */
#ifndef CREDRELAY_HELPERS_THIS_MACHINE_H
#define CREDRELAY_HELPERS_THIS_MACHINE_H

#include <stdbool.h>

/* AUTHORITY is "HOST" or "HOST:PORT", as http_authority (http.h) gives it.  Only loopback addresses and
 * "localhost" are: 127.example.org is somebody's. */
bool is_this_machine(const char *authority);

#endif
