/* Pipes: made private, and emptied without looking. */
#ifndef CREDRELAY_OS_PIPE_H
#define CREDRELAY_OS_PIPE_H

#include <stdbool.h>
#include <sys/types.h>

/* A pipe whose ends close at exec.  False: errno says why. */
bool os_pipe(int fds[2]);

/* Give a pipe room for about LEN bytes, where that can be had. */
void os_pipe_widen(int fd, size_t len);

/* Move up to MOST bytes from the pipe FROM to TO, a pipe or a regular file, without bringing them
 * into memory and without waiting.  Returns how many; 0: FROM has ended; -1: errno says why, EAGAIN
 * when nothing can be moved now, EINVAL or ENOSYS when it cannot be done between these two. */
ssize_t os_move(int from, int to, size_t most);

/* The same between two pipes, but the bytes stay in FROM as well, to be read. */
ssize_t os_tee(int from, int to, size_t most);

#endif
