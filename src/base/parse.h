/* Numbers and words as people write them in options and configuration. */
#ifndef CREDRELAY_BASE_PARSE_H
#define CREDRELAY_BASE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

/* A whole decimal number and nothing else, between MIN and MAX. */
bool parse_int64(const char *text, int64_t min, int64_t max, int64_t *ret);

/* yes/no, true/false, on/off, 1/0, in any case. */
bool parse_bool(const char *text, bool *ret);

/* A time span in milliseconds: "10", "10s" (seconds), "250ms", "15min", "8h", "1d". */
bool parse_duration(const char *text, int64_t *ret_ms);

/* A size in bytes: "4096", "64k", "1M", each 1024 times the one before. */
bool parse_size(const char *text, int64_t *ret);

#endif
