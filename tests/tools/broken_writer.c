/* A writer of login files that is wrong in a chosen way, for showing that the harness sees it.
 *
 *     broken-writer WAY NEW PATH       puts the content of NEW in place of PATH
 *
 *   right           a private temporary file, synced, renamed over, the folder synced; what a killed
 *                   one left is swept: the control
 *   in-place        truncates PATH and writes it where it stands
 *   early-rename    renames the temporary file over before it is written
 *   readable        makes the temporary file as open(2) does by default, and private only then
 *   unswept         leaves what a killed one left
 *   unheeding       does not look at what write(2) says
 *   silent          fails without a word */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 65536 };

static const char *way, *target;
static char folder[512], prefix[128], temporary[768];

static bool is(const char *word)
{
    return strcmp(way, word) == 0;
}

static int fail(const char *what)
{
    if (!is("silent"))
        fprintf(stderr, "broken-writer: %s: %s\n", what, strerror(errno));
    unlink(temporary);
    return 1;
}

static bool name_files(void)
{
    const char *slash = strrchr(target, '/');
    if (!slash || slash - target >= (ptrdiff_t)sizeof folder)
        return false;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - target), target);
    snprintf(prefix, sizeof prefix, ".%s.credrelay-", slash + 1);
    snprintf(temporary, sizeof temporary, "%s/%s%08x", folder, prefix, (unsigned)getpid());
    return true;
}

static void sweep(void)
{
    DIR *d = opendir(folder);
    for (struct dirent *entry; d && (entry = readdir(d));)
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
            unlinkat(dirfd(d), entry->d_name, 0);
    if (d)
        closedir(d);
}

static ssize_t read_new(const char *path, char *out)
{
    size_t len = 0;
    ssize_t n = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && ((n = read(fd, out + len, MOST - len)) > 0 || (n < 0 && errno == EINTR)))
        len += n > 0 ? (size_t)n : 0;
    if (fd >= 0)
        close(fd);
    return n < 0 ? -1 : (ssize_t)len;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(fd, bytes, len);
        if (is("unheeding"))
            return true;
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

static int open_to_write(void)
{
    if (is("in-place"))
        return open(target, O_WRONLY | O_TRUNC | O_CLOEXEC);
    return open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, is("readable") ? 0644 : 0600);
}

static bool put_in_place(void)
{
    return is("in-place") || rename(temporary, target) == 0;
}

static bool sync_folder(void)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

int main(int argc, char **argv)
{
    static char bytes[MOST];
    if (argc != 4)
        return 2;
    way = argv[1];
    target = argv[3];
    ssize_t len = name_files() ? read_new(argv[2], bytes) : -1;
    if (len < 0)
        return fail(argv[2]);
    if (!is("unswept"))
        sweep();
    int fd = open_to_write();
    if (fd < 0)
        return fail("cannot open");
    if (is("early-rename") && !put_in_place())
        return fail("cannot rename");
    if ((is("readable") && fchmod(fd, 0600) != 0) || !write_all(fd, bytes, (size_t)len) ||
        fsync(fd) != 0)
        return fail("cannot write");
    close(fd);
    if (!is("early-rename") && !put_in_place())
        return fail("cannot rename");
    return sync_folder() ? 0 : fail("cannot sync the folder");
}
