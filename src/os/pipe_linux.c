#include "os/pipe.h"

#include <fcntl.h>
#include <unistd.h>

bool os_pipe(int fds[2])
{
    return pipe2(fds, O_CLOEXEC) == 0;
}

void os_pipe_widen(int fd, size_t len)
{
    (void)fcntl(fd, F_SETPIPE_SZ, (int)len);
}

ssize_t os_move(int from, int to, size_t most)
{
    return splice(from, NULL, to, NULL, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

ssize_t os_tee(int from, int to, size_t most)
{
    return tee(from, to, most, SPLICE_F_NONBLOCK);
}
