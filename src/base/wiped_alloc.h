/* malloc whose blocks are wiped when they are given back: for libraries that take an allocator
 * (jansson, SQLite, libcurl) and may be holding a login.
 *
 * A block knows its size, so growing one never leaves the old bytes behind.  Not for blocks of
 * plain malloc, nor the other way round. */
#ifndef CREDRELAY_BASE_WIPED_ALLOC_H
#define CREDRELAY_BASE_WIPED_ALLOC_H

#include <stddef.h>

void *wiped_malloc(size_t len);           /* NULL: out of memory */
void *wiped_realloc(void *p, size_t len); /* NULL: out of memory, P untouched; P may be NULL */
void *wiped_calloc(size_t count, size_t len);
char *wiped_strdup(const char *text);
void wiped_free(void *p); /* NULL is fine */

/* The length P was asked for; 0 for NULL. */
size_t wiped_size(void *p);

#endif
