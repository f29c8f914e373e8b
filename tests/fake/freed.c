/* Preloaded into a program (LD_PRELOAD), this looks at every block the program frees, and says
 * so on standard error when FREED_MARKER is still in it.
 *
 * free and realloc come before the C library's own, whose names with __libc_ are the originals. */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void __libc_free(void *p);
void *__libc_realloc(void *p, size_t len);

static void look(void *p)
{
    static const char *marker, complaint[] = "freed with the marker in it\n";
    if (!marker)
        marker = getenv("FREED_MARKER");
    if (p && marker && memmem(p, malloc_usable_size(p), marker, strlen(marker)))
        (void)!write(STDERR_FILENO, complaint, sizeof complaint - 1);
}

void free(void *p)
{
    look(p);
    __libc_free(p);
}

/* Growing may move a block and leave its bytes behind, whether it did this time or not. */
void *realloc(void *p, size_t len)
{
    look(p);
    return __libc_realloc(p, len);
}
