#include "base/wiped_alloc.h"

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct block {
    size_t len;
    max_align_t bytes[];
};

static struct block *block_of(void *p)
{
    return (struct block *)(void *)((char *)p - offsetof(struct block, bytes));
}

void *wiped_malloc(size_t len)
{
    struct block *b = len > SIZE_MAX - sizeof *b ? NULL : malloc(sizeof *b + len);
    if (!b)
        return NULL;
    b->len = len;
    return b->bytes;
}

void *wiped_realloc(void *p, size_t len)
{
    void *larger = wiped_malloc(len);
    if (!larger)
        return NULL;
    size_t keep = wiped_size(p) < len ? wiped_size(p) : len;
    if (keep)
        memcpy(larger, p, keep);
    wiped_free(p);
    return larger;
}

void *wiped_calloc(size_t count, size_t len)
{
    if (len && count > SIZE_MAX / len)
        return NULL;
    void *p = wiped_malloc(count * len);
    if (p)
        memset(p, 0, count * len);
    return p;
}

char *wiped_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = wiped_malloc(size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

void wiped_free(void *p)
{
    if (!p)
        return;
    struct block *b = block_of(p);
    sodium_memzero(b, sizeof *b + b->len);
    free(b);
}

size_t wiped_size(void *p)
{
    return p ? block_of(p)->len : 0;
}
