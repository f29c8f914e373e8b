/* Quoting what another program printed in a line of ours. */
#ifndef CREDRELAY_RUN_EXCERPT_H
#define CREDRELAY_RUN_EXCERPT_H

#include <stddef.h>

/* The beginning of TEXT as one line of valid UTF-8 in RET (SIZE bytes with the final NUL, at least
 * 4): white space becomes single spaces, control characters go, bytes that are no UTF-8 become
 * '?', and "..." stands for what did not fit. */
void excerpt(const char *text, size_t len, char *ret, size_t size);

#endif
