#include "base/secret.h"

#include <sodium.h>
#include <string.h>

struct secret {
    size_t len;
    char bytes[];
};

bool secret_init(void)
{
    return sodium_init() >= 0;
}

struct secret *secret_copy(const void *bytes, size_t len)
{
    /* sodium_malloc puts the end of the block against a guard page; a multiple of the
     * alignment keeps `len` aligned. */
    size_t size = sizeof(struct secret) + len + 1;
    size = (size + _Alignof(struct secret) - 1) / _Alignof(struct secret) * _Alignof(struct secret);
    struct secret *s = secret_init() ? sodium_malloc(size) : NULL;
    if (!s)
        return NULL;
    s->len = len;
    if (len)
        memcpy(s->bytes, bytes, len);
    s->bytes[len] = '\0';
    return s;
}

void secret_free(struct secret *s)
{
    sodium_free(s); /* wipes */
}

const char *secret_reveal(const struct secret *s, size_t *ret_len)
{
    if (ret_len)
        *ret_len = s->len;
    return s->bytes;
}
