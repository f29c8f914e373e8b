/* Is it still the same file with the same content?  As far as can be told without reading it. */
#ifndef CREDRELAY_OS_FILE_ID_H
#define CREDRELAY_OS_FILE_ID_H

#include <stdbool.h>
#include <stdint.h>

struct os_file_id {
    int failed; /* errno: there is none, or it cannot be looked at; the rest is 0 */
    uint64_t device, inode;
    int64_t size, modified_ns, changed_ns; /* of the content; of anything about it */
};

/* Of the file at the end of PATH's links. */
void os_file_id(const char *path, struct os_file_id *ret);

static inline bool os_file_same(const struct os_file_id *a, const struct os_file_id *b)
{
    return a->failed == b->failed && a->device == b->device && a->inode == b->inode &&
           a->size == b->size && a->modified_ns == b->modified_ns && a->changed_ns == b->changed_ns;
}

#endif
