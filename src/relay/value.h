/* The two values a store holds for a relay (ARCHITECTURE.md, "What the store holds").
 *
 *   shared      {"claudeAiOauth":{...}} without the refresh token: a valid credentials file by
 *               itself, for every machine
 *   renewable   {"holder":"MACHINE","login":{"claudeAiOauth":{...}}}: the full login, for writers;
 *               with "renewing":true while the holder has claimed it to renew it now */
#ifndef CREDRELAY_RELAY_VALUE_H
#define CREDRELAY_RELAY_VALUE_H

#include "relay/decide.h"

/* Whose a renewable value is. */
struct tenure {
    char holder[HOLDER_SIZE];
    bool renewing;
};

/* Append the value that says L. */
bool value_write_shared(const struct tool *t, const struct login *l, bool with_refresh,
                        struct buf *out, struct err *e) MUST_CHECK;
bool value_write_renewable(const struct login *l, const struct tenure *of, struct buf *out,
                           struct err *e) MUST_CHECK;

/* Read a value.  What is no login is a state of RET, not an error; false: out of memory. */
bool value_read_shared(const struct tool *t, const char *text, size_t len, struct login *ret,
                       struct err *e) MUST_CHECK;
bool value_read_renewable(const struct tool *t, const char *text, size_t len, struct login *ret,
                          struct tenure *ret_of, struct err *e) MUST_CHECK;

#endif
