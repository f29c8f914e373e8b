/* Preloaded into a program (LD_PRELOAD), this looks through all of its writable memory when it
 * ends, and says so on standard error when LEFT_MARKER is there.  The variable has the marker
 * backwards, so that it is not found itself. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAPS_SIZE (256 << 10)

static char maps[MAPS_SIZE];

static int found_at(const char *at, const char *backwards, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (at[i] != backwards[len - 1 - i])
            return 0;
    return 1;
}

static int look(uintptr_t from, uintptr_t to, const char *backwards)
{
    size_t len = strlen(backwards);
    char first = backwards[len - 1];
    const char *at = (const char *)from, *end = (const char *)to - len;
    while (at <= end && (at = memchr(at, first, (size_t)(end - at) + 1))) {
        if (found_at(at, backwards, len))
            return 1;
        at++;
    }
    return 0;
}

__attribute__((destructor)) static void at_exit(void)
{
    static const char complaint[] = "left in memory at exit: ";
    const char *backwards = getenv("LEFT_MARKER");
    int fd = open("/proc/self/maps", O_RDONLY);
    size_t used = 0;
    for (ssize_t n; backwards && fd >= 0 && (n = read(fd, maps + used, MAPS_SIZE - 1 - used)) > 0;)
        used += (size_t)n;
    for (char *line = maps; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        unsigned long from, to;
        char rights[8], name[128] = "";
        if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %127[^\n]", &from, &to, rights, name) < 3 ||
            rights[0] != 'r' || rights[1] != 'w' || !look(from, to, backwards))
            continue;
        (void)!write(STDERR_FILENO, complaint, sizeof complaint - 1);
        (void)!write(STDERR_FILENO, name, strlen(name));
        (void)!write(STDERR_FILENO, "\n", 1);
    }
}
