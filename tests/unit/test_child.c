/* A helper is fed, heard and, at its deadline, ended; here it is a line of sh. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"

struct result {
    bool ok;
    int status;
    struct buf out, errors;
    struct err e;
    int64_t took;
};

static struct result run(const char *script, const char *input, size_t len, int64_t timeout_ms,
                         size_t out_limit)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    struct result r = {.status = -1};
    int64_t began = clock_steady_ms();
    const struct child_run child = {.program = "/bin/sh",
                                    .argv = argv,
                                    .input = input,
                                    .input_len = len,
                                    .deadline = began + timeout_ms};
    setenv("PATH", "/usr/bin:/bin", 1);
    buf_init(&r.out, out_limit);
    buf_init(&r.errors, 100);
    r.ok = child_run(&child, &r.out, &r.errors, &r.status, &r.e);
    r.took = clock_steady_ms() - began;
    return r;
}

static void result_free(struct result *r)
{
    buf_free(&r->out);
    buf_free(&r->errors);
}

static void test_ends(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        const char *out, *errors;
        int exit_status, signal; /* one of them */
    } cases[] = {
        {"cat", "input", "", 0, 0},
        {"cat; exit 3", "input", "", 3, 0},
        {"exit 255", "", "", 255, 0},
        {"echo answer", "answer\n", "", 0, 0}, /* does not read */
        {"exec <&-; echo answer", "answer\n", "", 0, 0},
        {"echo why >&2; exit 1", "", "why\n", 1, 0},
        {"echo one >&2; sleep 0.05; echo two >&2; sleep 0.05; echo three >&2", "",
         "one\ntwo\nthree\n", 0, 0},
        {"kill -9 $$", "", "", 0, 9},
        {"kill -15 $$", "", "", 0, 15},
        /* what we ignore for ourselves is not passed on */
        {"kill -13 $$", "", "", 0, 13},
        {"exec 2>&-; cat", "input", "", 0, 0},
        {"printf 'a\\000b'", "a", "", 0, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct result r = run(cases[i].script, "input", 5, 60000, 1000);
        if (!r.ok)
            fail_msg("%s: %s", cases[i].script, r.e.text);
        same_text(cases[i].script, buf_str(&r.out), cases[i].out);
        same_text(cases[i].script, buf_str(&r.errors), cases[i].errors);
        if (cases[i].signal)
            same_int(cases[i].script, WIFSIGNALED(r.status) ? WTERMSIG(r.status) : -1,
                     cases[i].signal);
        else
            same_int(cases[i].script, WIFEXITED(r.status) ? WEXITSTATUS(r.status) : -1,
                     cases[i].exit_status);
        result_free(&r);
    }
}

/* More than a pipe holds, both ways at once. */
static void test_large(void **state)
{
    (void)state;
    enum { SIZE = 3 << 20 };
    char *input = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        input[i] = (char)('a' + i % 23);
    struct result r = run("cat", input, SIZE, 20000, SIZE);
    assert_true(r.ok);
    same_int("length", (long long)r.out.len, SIZE);
    same_int("content", memcmp(r.out.data, input, SIZE), 0);
    result_free(&r);
    /* a child that takes a little and answers */
    r = run("head -c 10", input, SIZE, 20000, SIZE);
    assert_true(r.ok);
    same_bytes("head", r.out.data, r.out.len, input, 10);
    result_free(&r);
    free(input);
}

static void test_output_limit(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        size_t limit;
        bool fits;
    } cases[] = {
        {"printf 0123456789", 10, true},
        {"printf 0123456789", 9, false},
        {"head -c 100000 /dev/zero", 100000, true},
        {"head -c 100001 /dev/zero", 100000, false},
        {"cat /dev/zero", 100000, false}, /* would never end */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct result r = run(cases[i].script, "", 0, 60000, cases[i].limit);
        same_int(cases[i].script, r.ok, cases[i].fits);
        if (!cases[i].fits) {
            char want[100];
            snprintf(want, sizeof want, "the helper's answer is larger than %zu bytes",
                     cases[i].limit);
            same_error(cases[i].script, &r.e, ERR_TOO_LARGE, want, "");
        }
        assert_true(r.took < 30000);
        result_free(&r);
    }
}

/* The beginning of what it says to people is kept, the rest does not hold it up. */
static void test_stderr_flood(void **state)
{
    (void)state;
    struct result r = run("echo first >&2; head -c 1000000 /dev/zero | tr '\\0' x >&2; echo done",
                          "", 0, 60000, 1000);
    assert_true(r.ok);
    same_text("answer", buf_str(&r.out), "done\n");
    same_int("errors", (long long)r.errors.len, 100);
    same_int("the beginning", strncmp(r.errors.data, "first\nxxx", 9), 0);
    result_free(&r);
}

static void test_deadline(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "exec sleep 60", "trap '' TERM INT HUP; echo begun; exec sleep 60",
        "while :; do echo x >&2; done",
        "exec 1>&- 2>&-; exec sleep 60", /* closes its answer and stays */
    };
    for (size_t i = 0; i < COUNT(scripts); i++) {
        struct result r = run(scripts[i], "input", 5, 200, 1000);
        same_int(scripts[i], r.ok, false);
        same_error(scripts[i], &r.e, ERR_UNREACHABLE, "no answer in time", "");
        same_int("status untouched", r.status, -1);
        if (r.took < 190 || r.took > 20000)
            fail_msg("%s: took %lld ms", scripts[i], (long long)r.took);
        same_int("nobody left", waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, true);
        result_free(&r);
    }
}

static void test_missing(void **state)
{
    (void)state;
    static const struct {
        const char *program;
        enum err_code code;
        const char *message;
    } cases[] = {
        {"/nowhere/helper", ERR_NOT_FOUND,
         "cannot start /nowhere/helper: No such file or directory"},
        {"/etc/passwd", ERR_DENIED, "cannot start /etc/passwd: Permission denied"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *argv[] = {"x", NULL};
        const struct child_run child = {.program = cases[i].program,
                                        .argv = argv,
                                        .input = "",
                                        .deadline = clock_steady_ms() + 1000};
        struct buf out, errors;
        struct err e;
        int status = 77;
        buf_init(&out, 10);
        buf_init(&errors, 10);
        assert_false(child_run(&child, &out, &errors, &status, &e));
        same_error(cases[i].program, &e, cases[i].code, cases[i].message, "");
        same_int("untouched", status, 77);
    }
}

/* Started by somebody who ignores SIGCHLD (a cron, a daemon), the kernel would throw exit statuses
 * away: inherit_and_harden sees to that (test_inherit.c).  No descriptor of ours goes along. */
static void test_descriptors(void **state)
{
    (void)state;
    struct result r = run("ls /dev/fd | grep -vx '[012]' | wc -l; exit 0", "", 0, 60000, 1000);
    assert_true(r.ok);
    same_int("besides the one ls reads the folder with", strtol(buf_str(&r.out), NULL, 10), 1);
    result_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_ends),         IN_WORLD(test_large),    IN_WORLD(test_output_limit),
        IN_WORLD(test_stderr_flood), IN_WORLD(test_deadline), IN_WORLD(test_missing),
        IN_WORLD(test_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
