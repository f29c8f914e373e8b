/* A user's command started, fed and waited for in a system that says no: it succeeds, or it is said that
 * it did not, and nothing is left running. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "keeper.h"
#include "refuse.h"
#include "shell.h"

#define NO_SHELL "the command: cannot start a shell: "
#define KILLED   "the command was killed"
#define TOO_MUCH "the command printed more than 100 bytes"

static const struct {
    const char *what, *command, *call;
    int nth, errnum;
    const char *error; /* NULL: its output is "hello" */
} rows[] = {
    {"no pipe for its input", "cat", "pipe2", 1, EMFILE, NO_SHELL "Too many open files"},
    {"no pipe for its output", "cat", "pipe2", 2, EMFILE, NO_SHELL "Too many open files"},
    {"no leash", "cat", "pipe2", 3, EMFILE, NO_SHELL "Too many open files"},
    {"no way to hear of it", "cat", "pipe2", 4, EMFILE, NO_SHELL "Too many open files"},
    {"no process", "cat", "fork", 1, EAGAIN, NO_SHELL "Resource temporarily unavailable"},
    {"no group of its own", "cat", "setpgid", EVERY, EPERM, NO_SHELL "Operation not permitted"},
    {"a keeper that cannot hold the leash", "sleep 60; cat", "dup2", 1, EMFILE, KILLED},
    {"woken while it starts", "cat", "read", 1, EINTR, NULL},
    {"woken while it prints", "cat", "read", 2, EINTR, NULL},
    {"its output cannot be read", "cat", "read", 2, EIO, KILLED},
    {"woken while it is fed", "cat", "write", 1, EINTR, NULL},
    {"no room in its input just now", "cat", "write", 1, EAGAIN, NULL},
    {"it wants nothing", "echo hello", "write", 1, EPIPE, NULL},
    {"woken while nothing happens", "cat", "poll", 1, EINTR, NULL},
    {"nothing can be waited for", "cat", "poll", 1, ENOMEM, KILLED},
    {"woken while its end is waited for", "yes", "waitpid", 1, EINTR, TOO_MUCH},
};

static void test_each_call(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct shell_command command = {.command = rows[i].command,
                                              .what = "the command",
                                              .input = "hello\n",
                                              .input_len = 6,
                                              .deadline = clock_steady_ms() + 30000};
        struct buf out;
        struct err e;
        buf_init(&out, 100);
        refuse(rows[i].call, rows[i].nth, rows[i].errnum);
        bool ok = shell_run(&command, &out, &e);
        /* what is refused in the keeper happens in another process */
        assert_true(was_refused() || strcmp(rows[i].call, "dup2") == 0);
        same_text(rows[i].what, ok ? NULL : e.text, rows[i].error);
        if (ok)
            same_text(rows[i].what, buf_str(&out), "hello\n");
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
        buf_free(&out);
    }
}

static int cannot(void *ctx, pid_t *ret)
{
    (void)ctx;
    (void)ret;
    return ENOEXEC;
}

/* What the program says that cannot be started is what the caller hears. */
static void test_a_program_that_cannot_be_started(void **state)
{
    (void)state;
    struct keeper k;
    refuse("waitpid", 1, EINTR);
    same_int("errno", keeper_start(cannot, NULL, &k), ENOEXEC);
    assert_true(was_refused());
    same_int("let go", k.leash, -1);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_WORLD(test_each_call),
                                       IN_WORLD(test_a_program_that_cannot_be_started)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
