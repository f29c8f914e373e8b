/* Time: the wall clock in milliseconds since 1970 (what logins carry), and a clock that never
 * jumps for deadlines. */
#ifndef CREDRELAY_BASE_CLOCK_H
#define CREDRELAY_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t clock_wall_ms(void);
int64_t clock_steady_ms(void);
void clock_sleep_ms(int64_t ms);

/* "2026-11-23T20:12:56.123Z", or "?" beyond the years 0 to 9999; SIZE at least 25. */
void clock_rfc3339(int64_t wall_ms, char *out, size_t size);

/* "2026-11-23 21:12:56" as the clock on the wall here says it; "?" for 0.  SIZE at least 20. */
void clock_local(int64_t wall_ms, char *out, size_t size);

/* RFC 3339 read: any number of digits after the second, "Z" or an offset "+01:00".  False: TEXT is
 * no such time. */
bool clock_parse_rfc3339(const char *text, int64_t *ret_ms);

/* How long, for people, in its two largest units: "29 d 3 h", "7 h 59 min", "12 s";
 * below a second "250 ms". */
void clock_duration(int64_t ms, char *out, size_t size);

#endif
