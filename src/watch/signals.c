#include "watch/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "os/pipe.h"

static const struct {
    int signal;
    unsigned means;
} heeded[] = {
    {SIGTERM, SIGNAL_END}, {SIGINT, SIGNAL_END}, {SIGQUIT, SIGNAL_END}, {SIGHUP, SIGNAL_RELOAD}};

enum { HEEDED = sizeof heeded / sizeof heeded[0] };

static int pipe_in = -1;

/* A full pipe holds enough of them. */
static void note(int signal)
{
    int saved = errno;
    unsigned char byte = (unsigned char)signal;
    (void)!write(pipe_in, &byte, 1);
    errno = saved;
}

int signals_open(struct err *e)
{
    int fds[2];
    if (!os_pipe(fds)) {
        err_errno(e, errno, "cannot make a pipe");
        return -1;
    }
    /* One that blocks would stop the loop for good. */
    if (fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0 || fcntl(fds[1], F_SETFL, O_NONBLOCK) != 0) {
        err_errno(e, errno, "cannot make a pipe");
        close(fds[0]);
        close(fds[1]);
        return -1;
    }
    pipe_in = fds[1];
    const struct sigaction heed = {.sa_handler = note, .sa_flags = SA_RESTART};
    for (int i = 0; i < HEEDED; i++)
        sigaction(heeded[i].signal, &heed, NULL);
    return fds[0];
}

unsigned signals_read(int fd)
{
    unsigned char bytes[64];
    unsigned means = 0;
    for (ssize_t n; (n = read(fd, bytes, sizeof bytes)) > 0;)
        for (ssize_t i = 0; i < n; i++)
            for (int h = 0; h < HEEDED; h++)
                if (heeded[h].signal == bytes[i])
                    means |= heeded[h].means;
    return means;
}

void signals_hold(sigset_t *ret_before)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, ret_before);
}

void signals_let(const sigset_t *before)
{
    sigprocmask(SIG_SETMASK, before, NULL);
}

void signals_forget(void)
{
    sigset_t none;
    const struct sigaction by_default = {.sa_handler = SIG_DFL};
    for (int i = 0; i < HEEDED; i++)
        sigaction(heeded[i].signal, &by_default, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}
