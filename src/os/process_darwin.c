#include "os/process.h"

#include <mach-o/dyld.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/types.h>

void os_close_to_others(void)
{
    /* Only the soft limit: a child gets back what it would have had without us. */
    struct rlimit core;
    if (getrlimit(RLIMIT_CORE, &core) == 0) {
        core.rlim_cur = 0;
        setrlimit(RLIMIT_CORE, &core);
    }
    ptrace(PT_DENY_ATTACH, 0, 0, 0);
}

bool os_program_path(char *out, size_t size)
{
    char raw[4096];
    uint32_t raw_size = sizeof raw;
    if (_NSGetExecutablePath(raw, &raw_size) != 0)
        return false;
    char *real = realpath(raw, NULL);
    bool ok = real && strlen(real) < size;
    if (ok)
        memcpy(out, real, strlen(real) + 1);
    free(real);
    return ok;
}

void os_die_with_parent(int parent)
{
    (void)parent; /* Darwin has no such signal */
}
