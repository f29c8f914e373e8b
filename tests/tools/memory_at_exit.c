/* Runs a program and looks, when it is about to exit, for a text anywhere in its memory.
 *
 *     memory-at-exit TEXT PROGRAM [ARGUMENT...]
 *
 * Each place is told on standard error; exit status 0: nowhere, 1: somewhere, 2: could not look.
 * The program's own streams pass through, the processes it starts are not looked at.  Reading the
 * memory of a program that has closed itself to others needs CAP_SYS_PTRACE.  ptrace(2), proc(5). */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNK = 1 << 16, TEXT_MOST = 256, NOWHERE = 0, SOMEWHERE = 1, FAILED = 2 };

static int fail(const char *what)
{
    fprintf(stderr, "memory-at-exit: %s: %s\n", what, strerror(errno));
    return FAILED;
}

/* Chunks overlap by the text's length, so that none is missed on a border.  Guard pages and their
 * like cannot be read: the rest of the map is left. */
static bool look_in_map(int mem, uint64_t from, uint64_t to, const char *text)
{
    static char chunk[CHUNK];
    size_t len = strlen(text);
    for (uint64_t at = from; at < to; at += CHUNK - len) {
        size_t want = to - at < CHUNK ? (size_t)(to - at) : CHUNK;
        ssize_t n = pread(mem, chunk, want, (off_t)at);
        if (n < (ssize_t)len)
            return false;
        if (memmem(chunk, (size_t)n, text, len))
            return true;
    }
    return false;
}

static int look(pid_t pid, const char *text)
{
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    int mem = open(path, O_RDONLY | O_CLOEXEC);
    if (mem < 0)
        return fail(path);
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "re");
    int found = maps ? NOWHERE : fail(path);
    while (maps && fgets(line, sizeof line, maps)) {
        char *end;
        uint64_t from = strtoull(line, &end, 16), to = strtoull(end + 1, NULL, 16);
        if (look_in_map(mem, from, to, text)) {
            fprintf(stderr, "memory-at-exit: found in %s", line);
            found = SOMEWHERE;
        }
    }
    if (maps)
        fclose(maps);
    close(mem);
    return found;
}

static _Noreturn void become(char **argv)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP); /* until the options are set */
    execvp(argv[0], argv);
    _exit(127);
}

/* From stop to stop until the program has ended. */
static int follow(pid_t pid, const char *text)
{
    int status, found = FAILED;
    if (waitpid(pid, &status, 0) < 0 ||
        ptrace(PTRACE_SETOPTIONS, pid, NULL,
               (void *)(uintptr_t)(PTRACE_O_TRACEEXIT | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)) !=
            0)
        return fail("ptrace");
    for (long deliver = 0;;) {
        if (ptrace(PTRACE_CONT, pid, NULL, (void *)deliver) != 0 || waitpid(pid, &status, 0) < 0)
            return fail("ptrace");
        if (!WIFSTOPPED(status))
            return found;
        int event = status >> 16;
        if (event == PTRACE_EVENT_EXIT)
            found = look(pid, text);
        deliver = event ? 0 : WSTOPSIG(status);
    }
}

int main(int argc, char **argv)
{
    if (argc < 3 || !*argv[1] || strlen(argv[1]) > TEXT_MOST) {
        fputs("usage: memory-at-exit TEXT PROGRAM [ARGUMENT...]\n", stderr);
        return FAILED;
    }
    pid_t pid = fork();
    if (pid < 0)
        return fail("fork");
    if (pid == 0)
        become(argv + 2);
    return follow(pid, argv[1]);
}
