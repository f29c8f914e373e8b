/* Run commands in turns and say what each run took.
 *
 *     runs ROUNDS [-u FILE] [-i FILE] -- COMMAND ARGUMENT... [-- COMMAND ARGUMENT...]...
 *
 * A line for each run: the command's number from 0, wall time in us, processor time of it and its
 * descendants (user and system, wait4) in us, peak resident memory in KiB, page faults, exit
 * status (128 + the signal's number).  Within a round every command runs once, and each round
 * begins with the next one, so that whatever drifts meets all of them alike.  -u: a file that is
 * removed before each run; -i: what stdin is, else /dev/null.  stdout is /dev/null.
 *
 * Small and in C: a large parent would show up in what is measured (fork, and the peak memory that
 * a child starts with). */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { MOST_COMMANDS = 16 };

struct bench {
    long rounds;
    const char *gone;  /* a file that is removed before each run; NULL none */
    const char *input; /* a file */
    char **commands[MOST_COMMANDS];
    int count;
};

struct took {
    long long wall_us, cpu_us;
    long peak_kib, faults;
    int status;
};

static long long microseconds(struct timeval t)
{
    return t.tv_sec * 1000000LL + t.tv_usec;
}

static long long now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static long peak_kib(const struct rusage *u)
{
#ifdef __APPLE__
    return u->ru_maxrss / 1024; /* bytes there */
#else
    return u->ru_maxrss;
#endif
}

static bool run_once(char **argv, const posix_spawn_file_actions_t *quiet, struct took *ret)
{
    pid_t pid;
    int status;
    struct rusage use;
    long long began = now_us();
    errno = posix_spawnp(&pid, argv[0], quiet, NULL, argv, environ);
    if (errno) {
        fprintf(stderr, "runs: %s: %s\n", argv[0], strerror(errno));
        return false;
    }
    while (wait4(pid, &status, 0, &use) < 0)
        if (errno != EINTR)
            return false;
    *ret = (struct took){
        .wall_us = now_us() - began,
        .cpu_us = microseconds(use.ru_utime) + microseconds(use.ru_stime),
        .peak_kib = peak_kib(&use),
        .faults = use.ru_minflt + use.ru_majflt,
        .status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
    };
    return true;
}

static bool run_all(const struct bench *b)
{
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDIN_FILENO, b->input, O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    bool ok = true;
    for (long turn = 0; ok && turn < b->rounds * b->count; turn++) {
        int which = (int)((turn + turn / b->count) % b->count);
        struct took took;
        if (b->gone)
            unlink(b->gone);
        ok = run_once(b->commands[which], &quiet, &took);
        if (ok)
            printf("%d %lld %lld %ld %ld %d\n", which, took.wall_us, took.cpu_us, took.peak_kib,
                   took.faults, took.status);
    }
    posix_spawn_file_actions_destroy(&quiet);
    return ok;
}

/* Cuts argv into commands at each "--". */
static bool read_arguments(int argc, char **argv, struct bench *b)
{
    *b = (struct bench){.rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 0, .input = "/dev/null"};
    int i = 2;
    for (; i + 1 < argc && strcmp(argv[i], "--") != 0; i += 2) {
        if (strcmp(argv[i], "-u") == 0)
            b->gone = argv[i + 1];
        else if (strcmp(argv[i], "-i") == 0)
            b->input = argv[i + 1];
        else
            return false;
    }
    for (; i < argc; i++) {
        if (strcmp(argv[i], "--") != 0)
            continue;
        if (b->count == MOST_COMMANDS || i + 1 == argc)
            return false;
        argv[i] = NULL;
        b->commands[b->count++] = argv + i + 1;
    }
    return b->rounds > 0 && b->count > 0;
}

int main(int argc, char **argv)
{
    struct bench b;
    if (!read_arguments(argc, argv, &b)) {
        fputs("usage: runs ROUNDS [-u FILE] [-i FILE] -- COMMAND ARGUMENT... [-- COMMAND "
              "ARGUMENT...]...\n",
              stderr);
        return 64;
    }
    return run_all(&b) && fflush(stdout) == 0 ? 0 : 69;
}
