/* What a resident process has said lately, so that trouble which it meets again and again does not
 * fill the log of its service (launchd's never is rotated).  A line that is new is said at once, the
 * same line again after a minute, then two, four, ... a day at most; one that was not met for as long
 * as that is new.  Pure.
 *
 *   struct repeats said = {.count = 0};
 *   if (repeats_may_say(&said, line, clock_steady_ms())) fputs(line, stderr); */
#ifndef CREDRELAY_WATCH_REPEATS_H
#define CREDRELAY_WATCH_REPEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of more lines at once the one that was met longest ago is forgotten. */
enum { REPEATS_KEPT = 32 };

struct repeat {
    unsigned char line[32]; /* its SHA-256 */
    int64_t met_at, next_at, pause;
};

struct repeats {
    struct repeat kept[REPEATS_KEPT];
    size_t count;
};

/* LINE is met at NOW (steady, ms): is it to be said? */
bool repeats_may_say(struct repeats *r, const char *line, int64_t now);

#endif
