/* Memory that runs out at a chosen moment, linked in place of the allocator (ld's --wrap).
 *
 *   CREDRELAY_FAIL_ALLOC=N    the Nth allocation of the process fails; N+: every one from there on
 *   CREDRELAY_FAIL_REPORT=F   the file F is made when one has failed */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
int __real_posix_memalign(void **ret, size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
int __wrap_posix_memalign(void **ret, size_t alignment, size_t size);

static struct {
    bool sticky;
    long at; /* 0: none fails */
    long count;
} plan;

/* Before main() it is the C library that allocates, and ends the program when it cannot. */
int __wrap_main(int argc, char **argv)
{
    const char *text = getenv("CREDRELAY_FAIL_ALLOC");
    char *end = NULL;
    plan.at = text ? strtol(text, &end, 10) : 0;
    plan.sticky = end && *end == '+';
    return __real_main(argc, argv);
}

static void report(void)
{
    const char *path = getenv("CREDRELAY_FAIL_REPORT");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd >= 0)
        close(fd);
}

static bool fails(void)
{
    if (!plan.at || ++plan.count < plan.at || (plan.count > plan.at && !plan.sticky))
        return false;
    if (plan.count == plan.at)
        report();
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

int __wrap_posix_memalign(void **ret, size_t alignment, size_t size)
{
    return fails() ? ENOMEM : __real_posix_memalign(ret, alignment, size);
}
