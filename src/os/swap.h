/* Exchange two names in one step; each system has its own call for it. */
#ifndef CREDRELAY_OS_SWAP_H
#define CREDRELAY_OS_SWAP_H

#include <stdbool.h>

/* What was called A is called B afterwards and the other way round, and nobody sees a moment
 * without either.  Both exist, in one file system.  False: errno says why; ENOTSUP when the system
 * or the file system cannot. */
bool os_swap(const char *a, const char *b);

#endif
