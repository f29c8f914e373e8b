/* A process that belongs to nobody. */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/detach.h"

enum { PATIENCE_MS = 30000 };

/* The file is there whole once it has its name. */
static const char *written(const char *name)
{
    int64_t until = clock_steady_ms() + PATIENCE_MS;
    while (access(in_home(name), F_OK) != 0) {
        if (clock_steady_ms() > until)
            fail_msg("%s was not written", name);
        clock_sleep_ms(5);
    }
    return file_text(in_home(name));
}

static void run(const char *script, const char *name)
{
    char whole[512];
    struct err e;
    const char *file = in_home(name); /* two of them run at once */
    snprintf(whole, sizeof whole, "(%s) >'%s.part' && mv '%s.part' '%s'", script, file, file, file);
    const char *const argv[] = {"sh", "-c", whole, NULL};
    assert_true(detach("/bin/sh", argv, &e));
}

static void test_nothing_of_ours_is_open(void **state)
{
    int ends[2];
    char byte;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    run("sleep 0.2; pwd; for i in 0 1 2 3 4 5 6 7 8 9; do [ -e /dev/fd/$i ] && echo $i; done; true",
        "out");
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 0); /* at once: nobody else has the other end */
    close(ends[0]);
    /* 3 is what the shell looks with; 1 is the file. */
    const char *text = written("out");
    same_int("working folder", strncmp(text, "/\n0\n1\n2\n", 8), 0);
    same_int("no other", strstr(text, "4\n") == NULL, true);
}

/* Neither the mask nor what is ignored is inherited. */
static void test_signals_end_it(void **state)
{
    sigset_t blocked;
    (void)state;
    signal(SIGUSR1, SIG_IGN);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    run("sh -c 'kill -USR1 $$'; kill -l $?", "ignored");
    run("sh -c 'kill -TERM $$'; kill -l $?", "blocked");
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    signal(SIGUSR1, SIG_DFL);
    same_text("ignored", written("ignored"), "USR1\n");
    same_text("blocked", written("blocked"), "TERM\n");
}

/* What ends our group, a terminal's ^C or a job's end, is not for it. */
static void test_another_group(void **state)
{
    char us[32], it[32] = "";
    (void)state;
    run("ps -o pgid= -p $$", "group");
    snprintf(us, sizeof us, "%d", (int)getpgrp());
    sscanf(written("group"), "%31s", it);
    same_int("a group", it[0] != '\0', true);
    same_int("another one", strcmp(it, us) != 0, true);
}

static void test_nobody_is_left_to_wait_for(void **state)
{
    const char *const argv[] = {"nothing", NULL};
    struct err e;
    (void)state;
    assert_true(detach("/nonexistent", argv, &e)); /* that it could not be executed is not told */
    assert_int_equal(waitpid(-1, NULL, 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_nothing_of_ours_is_open),
        IN_WORLD(test_signals_end_it),
        IN_WORLD(test_another_group),
        IN_WORLD(test_nobody_is_left_to_wait_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
