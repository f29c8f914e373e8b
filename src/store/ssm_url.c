#include "store/ssm_url.h"

#include <stdio.h>
#include <string.h>

#define SCHEME "ssm://"

static int hex(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = memchr(digits, c, sizeof digits - 1);
    return at ? (int)(at - digits) % 16 : -1;
}

/* LEN bytes, %XX resolved.  False: does not fit, or holds a control character. */
static bool decode(const char *text, size_t len, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%' && i + 2 < len && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
            c = (char)(hex(text[i + 1]) * 16 + hex(text[i + 2]));
            i += 2;
        }
        if (n + 1 >= size || (unsigned char)c < ' ')
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return true;
}

static bool bad(const char *text, const char *why, struct err *e)
{
    err_set(e, ERR_INVALID, "'%.200s' is not the URL of a parameter: %s", text, why);
    return err_hint(e, "write it as ssm://REGION/NAME, for instance "
                       "ssm://us-west-2/claude/oauth/credentials");
}

/* One "key=value" of the query. */
static bool setting(const char *part, size_t len, struct ssm_url *u)
{
    const struct {
        const char *key;
        char *out;
        size_t size;
    } settings[] = {{"profile=", u->profile, sizeof u->profile},
                    {"endpoint=", u->endpoint, sizeof u->endpoint}};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        size_t key = strlen(settings[i].key);
        if (len > key && strncmp(part, settings[i].key, key) == 0)
            return decode(part + key, len - key, settings[i].out, settings[i].size);
    }
    return false;
}

bool ssm_url_parse(const char *text, struct ssm_url *ret, struct err *e)
{
    struct ssm_url u = {0};
    if (strncmp(text, SCHEME, strlen(SCHEME)) != 0)
        return bad(text, "it does not begin with " SCHEME, e);
    const char *region = text + strlen(SCHEME);
    size_t region_len = strcspn(region, "/?");
    if (!decode(region, region_len, u.region, sizeof u.region))
        return bad(text, "the region is no name", e);
    const char *query = strchr(region, '?');
    for (const char *part = query ? query + 1 : ""; *part;) {
        size_t len = strcspn(part, "&");
        if (!setting(part, len, &u))
            return bad(text, "after '?' it takes profile=NAME and endpoint=URL", e);
        part += len + (part[len] == '&');
    }
    *ret = u;
    return true;
}
