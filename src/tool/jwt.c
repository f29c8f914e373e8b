#include "tool/jwt.h"

#include <sodium.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"

/* The claims, between the token's two dots, in base64url (RFC 7515, section 3). */
static jv *claims(const char *token)
{
    const char *start = strchr(token, '.'), *end = start ? strchr(++start, '.') : NULL;
    struct buf text;
    struct err ignored;
    jv *v = NULL;
    size_t len;
    if (!end)
        return NULL;
    buf_init(&text, LIMIT_LOGIN);
    char *room = buf_space(&text, (size_t)(end - start));
    if (room && sodium_base642bin((unsigned char *)room, (size_t)(end - start), start,
                                  (size_t)(end - start), NULL, &len, NULL,
                                  sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0) {
        buf_added(&text, len);
        v = jv_parse(buf_str(&text), text.len, &ignored);
    }
    buf_free(&text);
    return v;
}

bool jwt_expiry(const char *token, int64_t *ret_ms)
{
    jv *v = claims(token);
    int64_t seconds = jv_number(v, "exp", 0);
    jv_free(v);
    if (seconds <= 0 || seconds > INT64_MAX / 1000)
        return false;
    *ret_ms = seconds * 1000;
    return true;
}
