#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/secret.h"

extern char **environ;

static char home[256], before[LIMIT_PATH];
static char *no_variables[] = {NULL};

int world_make(void **state)
{
    (void)state;
    /* Not below TMPDIR, which may be closed to the other user that some tests become. */
    snprintf(home, sizeof home, "/tmp/credrelay-unit.XXXXXX");
    if (!getcwd(before, sizeof before) || !mkdtemp(home) || chdir(home) != 0)
        return -1;
    environ = no_variables;
    umask(022);
    signal(SIGPIPE, SIG_IGN);
    jv_init();
    return setenv("HOME", home, 1) == 0 && secret_init() ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *place)
{
    (void)st;
    (void)type;
    (void)place;
    return remove(path);
}

int world_remove(void **state)
{
    (void)state;
    return chdir(before) == 0 ? nftw(home, remove_one, 16, FTW_DEPTH | FTW_PHYS) : -1;
}

const char *in_home(const char *name)
{
    static char paths[8][LIMIT_PATH];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    snprintf(path, LIMIT_PATH, "%s/%s", home, name);
    return path;
}

void same_text(const char *what, const char *got, const char *want)
{
    if (got != want && (!got || !want || strcmp(got, want) != 0))
        fail_msg("%s:\n   got: %s\n  want: %s", what, got ? got : "(null)", want ? want : "(null)");
}

void same_int(const char *what, long long got, long long want)
{
    if (got != want)
        fail_msg("%s: got %lld, want %lld", what, got, want);
}

void same_bytes(const char *what, const char *got, size_t got_len, const char *want,
                size_t want_len)
{
    if (got_len != want_len || memcmp(got, want, want_len) != 0)
        fail_msg("%s:\n   got: %.*s\n  want: %.*s", what, (int)got_len, got, (int)want_len, want);
}

void same_error(const char *what, const struct err *e, enum err_code code, const char *text,
                const char *hint)
{
    same_text(what, e->text, text);
    same_text(what, e->hint, hint);
    same_text(what, err_name(e->code), err_name(code));
}

void put_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

const char *file_text(const char *path)
{
    static char text[4 << 20];
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return "(absent)";
    size_t len = 0;
    for (ssize_t n; (n = read(fd, text + len, sizeof text - 1 - len)) > 0;)
        len += (size_t)n;
    text[len] = '\0';
    close(fd);
    return text;
}

mode_t file_mode(const char *path)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 07777;
}

unsigned files_in(const char *folder)
{
    unsigned count = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(d);
    return count;
}

void make_old(const char *path, int seconds)
{
    const struct timespec then = {.tv_sec = time(NULL) - seconds};
    const struct timespec times[] = {then, then};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

pid_t forked_start(int (*fn)(const void *arg), const void *arg)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(fn(arg));
    return pid;
}

int forked_end(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
