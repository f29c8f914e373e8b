#include "base/inherit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/process.h"

static struct {
    mode_t mask;
    struct sigaction pipe, filesize, child;
    struct rlimit core;
    bool closed[3];
} given;

static bool open_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        given.closed[fd] = fcntl(fd, F_GETFD) < 0 && errno == EBADF;
        if (given.closed[fd] && open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) != fd)
            return false;
    }
    return true;
}

bool inherit_and_harden(void)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN}, by_default = {.sa_handler = SIG_DFL};
    if (!open_standard_streams())
        return false;
    given.mask = umask(077);
    sigaction(SIGPIPE, &ignore, &given.pipe);
    sigaction(SIGXFSZ, &ignore, &given.filesize);
    sigaction(SIGCHLD, &by_default, &given.child);
    getrlimit(RLIMIT_CORE, &given.core);
    os_close_to_others();
    return true;
}

void inherit_restore(void)
{
    umask(given.mask);
    sigaction(SIGPIPE, &given.pipe, NULL);
    sigaction(SIGXFSZ, &given.filesize, NULL);
    sigaction(SIGCHLD, &given.child, NULL);
    setrlimit(RLIMIT_CORE, &given.core);
    for (int fd = 0; fd <= 2; fd++)
        if (given.closed[fd])
            close(fd);
}

void inherit_close_from(int lowest)
{
    long most = sysconf(_SC_OPEN_MAX);
    if (most < 0 || most > LIMIT_DESCRIPTORS)
        most = LIMIT_DESCRIPTORS;
    for (int fd = lowest; fd < most; fd++)
        close(fd);
}

bool inherit_dies_of_pipe(void)
{
    return given.pipe.sa_handler == SIG_DFL;
}

bool inherit_was_closed(int fd)
{
    return given.closed[fd];
}
