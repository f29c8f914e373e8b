/* Standard input kept for a retry, where the system or memory says no. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "refuse.h"
#include "run/input.h"

static int ours; /* standard input, given back after each test */

/* Standard input is the reading end of a pipe; returns the other. */
static int pipe_as_input(void)
{
    int fds[2];
    ours = dup(STDIN_FILENO);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
    close(fds[0]);
    return fds[1];
}

static void file_as_input(void)
{
    put_file(in_home("prompt"), "a prompt", 0600);
    int fd = open(in_home("prompt"), O_RDONLY);
    ours = dup(STDIN_FILENO);
    assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    close(fd);
}

static void give_back(struct input *in, int writing_end)
{
    input_free(in);
    if (writing_end >= 0)
        close(writing_end);
    if (ours >= 0) {
        dup2(ours, STDIN_FILENO);
        close(ours);
    } else {
        close(STDIN_FILENO); /* as it was */
    }
}

static void say(int to, const char *text)
{
    assert_int_equal(write(to, text, strlen(text)), strlen(text));
}

/* ---- looking at it ---- */

static void test_open(void **state)
{
    (void)state;
    static const struct {
        const char *call;
        int errnum;
        enum input_kind kind;
    } cases[] = {{"", 0, INPUT_FILE}, {"fstat", EIO, INPUT_OWN}, {"lseek", ESPIPE, INPUT_OWN}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct input in;
        file_as_input();
        refuse(cases[i].call, 1, cases[i].errnum);
        input_open(&in);
        same_int(cases[i].call, was_refused(), cases[i].errnum != 0);
        same_int(cases[i].call, in.kind, cases[i].kind);
        give_back(&in, -1);
    }
}

static void test_begin(void **state)
{
    (void)state;
    static const struct {
        bool file;
        const char *call;
        int errnum;
        const char *text;
    } cases[] = {
        {true, "lseek", EIO, "cannot rewind standard input: Input/output error"},
        {false, "pipe2", EMFILE, "cannot make a pipe: Too many open files"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct input in;
        struct err e;
        int to = -1, child;
        if (cases[i].file)
            file_as_input();
        else
            to = pipe_as_input();
        input_open(&in);
        refuse(cases[i].call, 1, cases[i].errnum);
        assert_false(input_begin(&in, &child, &e));
        assert_true(was_refused());
        same_text(cases[i].call, e.text, cases[i].text);
        same_int("for the child", child, -1);
        give_back(&in, to);
    }
}

/* ---- reading it and passing it on ---- */

/* A pipe with a child behind it, which never reads: CHILD is its end. */
static int begin(struct input *in, int *ret_child)
{
    struct err e;
    int to = pipe_as_input();
    input_open(in);
    assert_true(input_begin(in, ret_child, &e));
    return to;
}

static void test_read(void **state)
{
    (void)state;
    static const struct {
        int errnum;
        bool ended;
    } cases[] = {{EINTR, false}, {EAGAIN, false}, {EIO, true}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct input in;
        int child, to = begin(&in, &child);
        say(to, "a prompt");
        refuse("read", 1, cases[i].errnum);
        input_read(&in);
        assert_true(was_refused());
        same_int("ended", in.ended, cases[i].ended);
        same_int("the child has its end", in.to_child < 0, cases[i].ended);
        if (!cases[i].ended) {
            input_read(&in);
            same_bytes("it comes next time", in.spool, in.len, "a prompt", 8);
        }
        close(child);
        give_back(&in, to);
    }
}

static void test_write(void **state)
{
    (void)state;
    static const struct {
        int errnum; /* 0: it takes nothing */
        bool hung_up;
    } cases[] = {{EINTR, false}, {EAGAIN, false}, {0, false}, {EPIPE, true}, {EIO, true}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct input in;
        char got[16];
        int child, to = begin(&in, &child);
        say(to, "a prompt");
        input_read(&in);
        refuse("write", 1, cases[i].errnum);
        input_write(&in);
        assert_true(was_refused());
        same_int("hung up", in.to_child < 0, cases[i].hung_up);
        same_int("kept for the next run", in.keeping, true);
        if (!cases[i].hung_up) {
            input_write(&in);
            same_bytes("it goes next time", got, (size_t)read(child, got, sizeof got), "a prompt",
                       8);
        }
        close(child);
        give_back(&in, to);
    }
}

/* Nobody of ours reads on: who writes to us is to find that out. */
static void test_hang_up(void **state)
{
    (void)state;
    struct input in;
    int child, to = begin(&in, &child);
    input_forget(&in);
    input_forget(&in); /* once is enough */
    same_text("no replay", input_why_no_replay(&in), "its input cannot be read a second time");
    refuse("open", 1, EMFILE);
    input_hang_up(&in);
    assert_true(was_refused());
    same_int("ended all the same", in.ended, true);
    same_int("ours still", (long long)write(to, "x", 1), 1);
    in.ended = false;
    input_hang_up(&in);
    same_int("let go", (long long)write(to, "x", 1), -1);
    same_int("as a closed pipe does", errno, EPIPE);
    input_hang_up(&in); /* and that was all */
    close(child);
    give_back(&in, to);
}

/* The same where /dev/null takes the number of standard input itself. */
static void test_hang_up_a_closed_one(void **state)
{
    (void)state;
    struct input in;
    int child, to = begin(&in, &child);
    input_forget(&in);
    close(STDIN_FILENO);
    input_hang_up(&in);
    same_int("it stays open", fcntl(STDIN_FILENO, F_GETFD) >= 0, true);
    close(child);
    give_back(&in, to);
}

/* ---- no memory for it ---- */

static void test_no_room(void **state)
{
    (void)state;
    struct input in;
    int child, to = begin(&in, &child);
    say(to, "a prompt");
    starve(1, true);
    input_read(&in);
    assert_true(was_refused());
    same_int("not read", (long long)in.len, 0);
    same_int("not ended", in.ended, false);
    input_read(&in);
    same_bytes("it is there still", in.spool, in.len, "a prompt", 8);
    close(child);
    give_back(&in, to);
}

/* What the child has already got makes room, and cannot be replayed then. */
static void test_no_more_room(void **state)
{
    (void)state;
    struct input in;
    int child, to = begin(&in, &child);
    say(to, "a prompt");
    input_read(&in);
    static char more[65536];
    memset(more, 'm', sizeof more);
    assert_int_equal(write(to, more, in.room - in.len), (ssize_t)(in.room - in.len));
    input_read(&in);
    same_int("full", (long long)in.len, (long long)in.room);
    input_write(&in);
    say(to, "the end");
    starve(1, true);
    input_read(&in);
    assert_true(was_refused());
    same_bytes("passed on from here", in.spool, in.len, "the end", 7);
    same_text("no replay", input_why_no_replay(&in), "its input cannot be read a second time");
    close(child);
    give_back(&in, to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_open),    IN_WORLD(test_begin),        IN_WORLD(test_read),
        IN_WORLD(test_write),   IN_WORLD(test_hang_up),      IN_WORLD(test_hang_up_a_closed_one),
        IN_WORLD(test_no_room), IN_WORLD(test_no_more_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
