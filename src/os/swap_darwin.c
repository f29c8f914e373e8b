#include "os/swap.h"

#include <stdio.h>

/* renamex_np(2), from macOS 10.12; it says ENOTSUP itself. */
bool os_swap(const char *a, const char *b)
{
    return renamex_np(a, b, RENAME_SWAP) == 0;
}
