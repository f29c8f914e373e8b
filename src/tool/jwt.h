/* JSON Web Tokens (RFC 7519), as far as telling when one expires.  Nothing is verified: the server
 * does that, and a wrong expiry costs a refresh at most. */
#ifndef CREDRELAY_TOOL_JWT_H
#define CREDRELAY_TOOL_JWT_H

#include <stdbool.h>
#include <stdint.h>

/* The claim `exp` of TOKEN in ms since 1970.  False: TOKEN is none, or has no such claim. */
bool jwt_expiry(const char *token, int64_t *ret_ms);

#endif
