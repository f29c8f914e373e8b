/* Moments as people write them: "2h", "3d" (ago), "2026-11-24", "2026-11-24 06:13" (here),
 * "2026-11-24T06:13:32Z".  Pure but for the time zone. */
#ifndef CREDRELAY_JOURNAL_SINCE_H
#define CREDRELAY_JOURNAL_SINCE_H

#include <stdbool.h>
#include <stdint.h>

/* NOW and the result are ms since 1970.  False: TEXT is no such moment. */
bool since_parse(const char *text, int64_t now, int64_t *ret);

#endif
