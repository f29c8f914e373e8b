/* Functions whose use is a bug here, each with what to call instead.  Forced into every file
 * by the build (-include), like git's banned.h. */
#ifndef CREDRELAY_BASE_BANNED_H
#define CREDRELAY_BASE_BANNED_H

/* The standard headers declare them; read those first, then forbid the names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Darwin's headers make macros of some (secure/_string.h), which are not to be had either. */
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok /* snprintf, buf_* */
#pragma GCC poison system popen                                               /* spawn_* */
#pragma GCC poison tmpnam tempnam mktemp                                      /* file_replace */
#pragma GCC poison asctime ctime gmtime localtime                             /* clock_* */
#pragma GCC poison atoi atol atoll atof                                       /* parse_int64 */

#endif
