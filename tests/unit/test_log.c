/* One event is one line and one write, whoever else is writing or rotating. */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"

#define LOG "events.jsonl"

static struct log log_of(int64_t size, int64_t files)
{
    return (struct log){.folder = getenv("HOME"), .size = size, .files = files};
}

static bool write_event(const struct log *log, const char *message, struct err *e)
{
    jv *event = log_event("pull");
    jv_put_text(event, "message", message);
    return log_write(log, event, e);
}

static void test_line(void **state)
{
    (void)state;
    struct err e;
    const struct log log = log_of(1 << 20, 5);
    mode_t before = umask(0);
    int64_t began = clock_wall_ms();
    assert_true(write_event(&log, "two\nlines", &e));
    umask(before);
    same_int("mode", file_mode(in_home(LOG)), 0600);
    const char *line = file_text(in_home(LOG));
    same_int("schema first", strncmp(line, "{\"v\":1,\"ts\":\"20", 15), 0);
    same_text("the rest", strstr(line, "Z\",\"event\""),
              "Z\",\"event\":\"pull\",\"message\":\"two\\nlines\"}\n");
    char now[32];
    clock_rfc3339(began, now, sizeof now);
    same_int("now, to the minute", strncmp(line + 13, now, 16), 0);
}

static void test_refused(void **state)
{
    (void)state;
    struct err e;
    static char big[LIMIT_EVENT];
    struct log log = log_of(1 << 20, 5);
    memset(big, 'x', sizeof big - 1);
    assert_false(write_event(&log, big, &e));
    same_error("too large", &e, ERR_TOO_LARGE, "an event is larger than 4096 bytes", "");
    same_text("nothing written", file_text(in_home(LOG)), "(absent)");
    assert_false(log_write(&log, NULL, &e));
    same_int("no memory", e.code, ERR_NO_MEMORY);
    assert_int_equal(symlink("elsewhere", in_home(LOG)), 0);
    assert_false(write_event(&log, "x", &e));
    same_text("a link", file_text(in_home("elsewhere")), "(absent)");
    unlink(in_home(LOG));
    assert_int_equal(mkfifo(in_home(LOG), 0600), 0);
    alarm(20);
    assert_false(write_event(&log, "x", &e));
    alarm(0);
    same_int("a pipe", e.code, ERR_INVALID);
    log.folder = in_home("none");
    assert_false(write_event(&log, "x", &e));
    same_int("no folder", e.code, ERR_NOT_FOUND);
}

static void test_unfinished(void **state)
{
    (void)state;
    struct err e;
    const struct log log = log_of(1 << 20, 5);
    put_file(in_home(LOG), "{\"v\":1,\"ts\":\"20", 0600);
    assert_true(write_event(&log, "a", &e));
    assert_true(write_event(&log, "b", &e));
    const char *text = file_text(in_home(LOG));
    same_int("ended first", strncmp(text, "{\"v\":1,\"ts\":\"20\n{\"v\":1,", 22), 0);
    assert_null(strstr(text, "\n\n"));
}

/* ---- rotation ---- */

/* What is written into one log and its files, oldest last, as their first messages' letters. */
static void same_files(const char *what, const struct log *log, const char *want)
{
    char got[LIMIT_LOG_FILES + 2] = "";
    size_t n = 0;
    for (unsigned i = 0; i <= LIMIT_LOG_FILES; i++) {
        char path[LIMIT_PATH];
        struct err e;
        assert_true(log_path(log->folder, i, path, &e));
        const char *message = strstr(file_text(path), "\"message\":\"");
        if (access(path, F_OK) == 0)
            got[n++] = *(message ? message + 11 : "-");
    }
    got[n] = '\0';
    same_text(what, got, want);
}

/* A line that fills most of a file. */
static void write_letter(const struct log *log, char letter)
{
    char message[3500];
    struct err e;
    memset(message, letter, sizeof message - 1);
    message[sizeof message - 1] = '\0';
    assert_true(write_event(log, message, &e));
}

static void test_rotation(void **state)
{
    (void)state;
    struct err e;
    struct log log = log_of(LIMIT_EVENT, 3);
    static const char *const after[] = {"a", "ba", "cba", "dcba", "edcb", "fedc"};
    for (size_t i = 0; i < COUNT(after); i++) {
        write_letter(&log, (char)('a' + i));
        same_files("each in its own", &log, after[i]);
    }
    assert_true(write_event(&log, "g", &e));
    same_files("what still fits", &log, "fedc");
    unlink(in_home(LOG ".2"));
    write_letter(&log, 'h');
    same_files("a missing number is filled", &log, "hfec");
}

static void test_fewer_are_kept(void **state)
{
    (void)state;
    struct log log = log_of(LIMIT_EVENT, 4);
    for (int i = 0; i < 5; i++)
        write_letter(&log, (char)('a' + i));
    same_files("four", &log, "edcba");
    log.files = 2;
    write_letter(&log, 'f');
    same_files("two", &log, "fed");
    log.files = 0;
    write_letter(&log, 'g');
    same_files("none", &log, "g");
}

static void test_cannot_rotate(void **state)
{
    (void)state;
    struct err e;
    const struct log log = log_of(LIMIT_EVENT, 1);
    assert_int_equal(mkdir(in_home(LOG ".1"), 0700), 0);
    write_letter(&log, 'a');
    write_letter(&log, 'b');
    assert_true(write_event(&log, "c", &e));
    assert_non_null(strstr(file_text(in_home(LOG)), "\"message\":\"bbb"));
    assert_non_null(strstr(file_text(in_home(LOG)), "\"message\":\"c\""));
}

/* A process that was stopped while it held the lock holds nobody up for long. */
static void test_lock_is_held(void **state)
{
    (void)state;
    struct err e;
    const struct log log = log_of(LIMIT_EVENT, 3);
    write_letter(&log, 'a');
    int fd = open(in_home(LOG), O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    int64_t began = clock_steady_ms();
    write_letter(&log, 'b');
    assert_true(clock_steady_ms() - began < 20000);
    same_files("appended, not rotated", &log, "a");
    assert_non_null(strstr(file_text(in_home(LOG)), "\"message\":\"bbb"));
    close(fd);
    assert_true(write_event(&log, "c", &e));
    same_files("and rotated when it is free", &log, "ca");
}

/* ---- together ---- */

enum { WRITERS = 100, VICTIMS = 10, LINES = 30 };

/* A victim goes on until it is killed, but for the size of the log. */
enum { MOST_LINES = 60 };

static int write_lines(const void *arg)
{
    char filler[2000];
    int writer = *(const int *)arg;
    const struct log log = log_of(16384, LIMIT_LOG_FILES);
    memset(filler, 'a' + writer % 26, sizeof filler);
    for (int i = 0; i < (writer < WRITERS ? LINES : MOST_LINES); i++) {
        struct err e;
        jv *event = log_event("test");
        jv_put_int(event, "writer", writer);
        jv_put_bytes(event, "filler", filler, (size_t)(50 + (writer * 37 + i * 97) % 350));
        if (!log_write(&log, event, &e))
            return 1;
    }
    if (writer >= WRITERS)
        pause();
    return 0;
}

/* An empty line may come of a writer that had to go without the lock. */
static void count_lines(const char *text, unsigned lines[WRITERS + VICTIMS])
{
    for (const char *p = text + strspn(text, "\n"); *p; p += strspn(p, "\n")) {
        struct err e;
        size_t len = strcspn(p, "\n");
        jv *event = p[len] ? jv_parse(p, len, &e) : NULL;
        if (!event)
            fail_msg("torn line: %.*s", (int)len, p);
        lines[jv_number(event, "writer", 0)]++;
        jv_free(event);
        p += len;
    }
}

/* Tiny files, so that each is rotated many times while all of them write; and some who are
 * killed as they write. */
static void test_together(void **state)
{
    (void)state;
    pid_t children[WRITERS + VICTIMS];
    unsigned lines[WRITERS + VICTIMS] = {0};
    int files = 0;
    for (int i = 0; i < WRITERS + VICTIMS; i++)
        children[i] = forked_start(write_lines, &i);
    for (int i = WRITERS; i < WRITERS + VICTIMS; i++) {
        clock_sleep_ms(2);
        kill(children[i], SIGKILL);
        same_int("killed", forked_end(children[i]), 128 + SIGKILL);
    }
    for (int i = 0; i < WRITERS; i++)
        same_int("writer", forked_end(children[i]), 0);
    for (unsigned n = 0; n <= LIMIT_LOG_FILES; n++) {
        char path[LIMIT_PATH];
        struct err e;
        assert_true(log_path(getenv("HOME"), n, path, &e));
        if (access(path, F_OK) == 0) {
            count_lines(file_text(path), lines);
            files++;
        }
    }
    for (int i = 0; i < WRITERS; i++)
        same_int("every line of each", lines[i], LINES);
    assert_in_range(files, 20, LIMIT_LOG_FILES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_line),         IN_WORLD(test_refused),        IN_WORLD(test_unfinished),
        IN_WORLD(test_rotation),     IN_WORLD(test_fewer_are_kept), IN_WORLD(test_cannot_rotate),
        IN_WORLD(test_lock_is_held), IN_WORLD(test_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
