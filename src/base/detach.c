#include "base/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/inherit.h"

static void let_go(void)
{
    int nothing = open("/dev/null", O_RDWR);
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        dup2(nothing, fd);
    inherit_close_from(STDERR_FILENO + 1);
    if (chdir("/") != 0)
        _exit(1);
}

/* What is caught is reset by exec itself. */
static void hear_all_signals(void)
{
    const struct sigaction by_default = {.sa_handler = SIG_DFL};
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &by_default, NULL); /* fails for those that cannot be ignored either */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

bool detach(const char *program, const char *const *argv, struct err *e)
{
    pid_t first = fork();
    if (first < 0)
        return err_errno(e, errno, "cannot start a process");
    if (first == 0) {
        setsid();
        /* No leader of its session: it never gets a terminal again. */
        if (fork() == 0) {
            let_go();
            hear_all_signals();
            execv(program, (char *const *)argv);
        }
        _exit(0);
    }
    while (waitpid(first, NULL, 0) < 0 && errno == EINTR)
        ;
    return true;
}
