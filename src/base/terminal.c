#include "base/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

bool terminal_open(struct terminal *ret)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0)
        *ret = (struct terminal){fd, fd};
    else if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
        *ret = (struct terminal){STDIN_FILENO, STDERR_FILENO};
    else
        return false;
    return true;
}

void terminal_close(struct terminal *t)
{
    if (t->in > STDERR_FILENO)
        close(t->in);
    *t = (struct terminal){-1, -1};
}

void terminal_say(const struct terminal *t, const char *text)
{
    for (size_t len = strlen(text); len > 0;) {
        ssize_t n = write(t->out, text, len);
        if (n < 0 && errno != EINTR)
            return;
        text += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
}

/* ---- signals that would leave the terminal without its echo ---- */

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
enum { SIGNALS = sizeof signals / sizeof signals[0] };

static volatile sig_atomic_t caught;

static void note(int number)
{
    caught = number;
}

static void catch_signals(struct sigaction *were)
{
    struct sigaction action = {.sa_handler = note}; /* no SA_RESTART: a read ends */
    sigemptyset(&action.sa_mask);
    caught = 0;
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &action, &were[i]);
}

static void leave_signals(const struct sigaction *were)
{
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &were[i], NULL);
}

/* ---- a line ---- */

/* Its editing, where the terminal does not do it. */
static bool edits(const struct termios *mode, char c, struct buf *line)
{
    cc_t key = (cc_t)c;
    if (key == mode->c_cc[VKILL])
        buf_clear(line);
    else if ((key == mode->c_cc[VERASE] || c == '\b') && line->len > 0)
        line->data[--line->len] = '\0';
    else
        return key == mode->c_cc[VERASE] || c == '\b';
    return true;
}

/* MODE: of the terminal before its line editing was switched off; NULL: it edits by itself. */
static bool read_line(int fd, const struct termios *mode, struct buf *line, struct err *e)
{
    for (;;) {
        char c;
        ssize_t n = read(fd, &c, 1);
        if (n < 0)
            return err_errno(e, errno, "cannot read from the terminal");
        if (n == 0 || (mode && line->len == 0 && (cc_t)c == mode->c_cc[VEOF]))
            return err_set(e, ERR_USAGE, "the input ended");
        if (c == '\n' || c == '\r')
            return !line->failed || buf_error(line, "the line", e);
        if (!mode || !edits(mode, c, line))
            buf_bytes(line, &c, 1);
    }
}

static bool read_hidden(const struct terminal *t, struct buf *line, struct err *e)
{
    struct termios was, quiet;
    struct sigaction were[SIGNALS];
    if (tcgetattr(t->in, &was) != 0)
        return err_errno(e, errno, "cannot ask on the terminal");
    quiet = was;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    catch_signals(were);
    bool ok = tcsetattr(t->in, TCSADRAIN, &quiet) == 0 ||
              err_errno(e, errno, "cannot ask on the terminal");
    ok = ok && read_line(t->in, &was, line, e);
    tcsetattr(t->in, TCSADRAIN, &was);
    leave_signals(were);
    terminal_say(t, "\n");
    return ok;
}

bool terminal_read(const struct terminal *t, enum terminal_echo echo, struct buf *line,
                   struct err *e)
{
    if (echo == TERMINAL_SHOWN)
        return read_line(t->in, NULL, line, e);
    for (;;) {
        bool ok = read_hidden(t, line, e);
        if (!caught)
            return ok;
        kill(getpid(), caught); /* with the action that it had before */
        buf_clear(line);        /* stopped and continued: begin again */
    }
}

unsigned terminal_columns(int fd)
{
    struct winsize size = {.ws_col = 0};
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool terminal_has_colour(int fd)
{
    const char *none = getenv("NO_COLOR"), *kind = getenv("TERM");
    return isatty(fd) && !(none && *none) && kind && *kind && strcmp(kind, "dumb") != 0;
}
