/* Replaces a file by standard input as many programs do, each way with one thing left out that
 * file_replace() (src/base/file.c) does.  `make power-cut` cuts the power under each, to show that
 * it finds what they lose.
 *
 *     unsynced-writer no-fsync FILE          a temporary file renamed over it, nothing synced
 *     unsynced-writer no-folder-fsync FILE   its content synced, its name not
 *     unsynced-writer in-place FILE          truncated and written, as old clients do */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool put(const char *path, const char *bytes, size_t len, bool sync)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool ok = write(fd, bytes, len) == (ssize_t)len && (!sync || fsync(fd) == 0);
    return close(fd) == 0 && ok;
}

int main(int argc, char **argv)
{
    char bytes[4096], temporary[4096];
    size_t len = fread(bytes, 1, sizeof bytes, stdin);
    if (argc != 3)
        return 64;
    const char *way = argv[1], *path = argv[2];
    if (strcmp(way, "in-place") == 0)
        return !put(path, bytes, len, false);
    snprintf(temporary, sizeof temporary, "%s.new", path);
    bool sync = strcmp(way, "no-folder-fsync") == 0;
    if (!sync && strcmp(way, "no-fsync") != 0)
        return 64;
    return !(put(temporary, bytes, len, sync) && rename(temporary, path) == 0);
}
