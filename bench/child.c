/* The least that can stand in for the client, so that its own start does not drown what is
 * measured: prints "ok", or as many MiB as its last argument says (mib:N). */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MIB = 1 << 20, CHUNK = 1 << 16 };

static bool put(const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(STDOUT_FILENO, bytes, len);
        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

static bool pour(long mib)
{
    static char chunk[CHUNK];
    memset(chunk, 'x', sizeof chunk);
    for (long left = mib * (MIB / CHUNK); left > 0; left--)
        if (!put(chunk, sizeof chunk))
            return false;
    return true;
}

int main(int argc, char **argv)
{
    const char *last = argv[argc - 1];
    bool done = strncmp(last, "mib:", 4) == 0 ? pour(strtol(last + 4, NULL, 10)) : put("ok\n", 3);
    return done ? 0 : 1;
}
