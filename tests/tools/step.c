/* Runs a program and its children from system call to system call, and interferes with one.
 *
 *     step REPORT IN AT WHAT PROGRAM [ARGUMENT...]
 *
 *   REPORT  a file: "CALLS n" (counted in all) and "HIT name" when the one call was met
 *   IN      whose calls count: the name of a program file (credrelay, store-local); those that set
 *           signals do not
 *   AT      which of them, from 1; 0: none, only count
 *   WHAT    kill: SIGKILL before the call is made; short: a write of half of it;
 *           ENOSPC, EIO, ...: the call is not made (close is) and fails so
 *
 * Everything started by the program is followed, and nobody outlives this one.  The exit status is
 * the program's, 128 + its signal, or 120 when it could not be followed.  ptrace(2); x86-64. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FAILED = 120, MOST_TRACED = 64, SYSCALL_STOP = SIGTRAP | 0x80 };

static const struct {
    const char *name;
    int number;
} errors[] = {
    {"ENOSPC", ENOSPC}, {"EIO", EIO},       {"EINTR", EINTR},   {"EROFS", EROFS},
    {"EDQUOT", EDQUOT}, {"ENOMEM", ENOMEM}, {"EMFILE", EMFILE}, {"ESTALE", ESTALE},
};

/* The calls that writing files and talking to a store are made of, for the report. */
static const struct {
    unsigned long long number;
    const char *name;
} calls[] = {
    {SYS_read, "read"},
    {SYS_write, "write"},
    {SYS_open, "open"},
    {SYS_openat, "openat"},
    {SYS_close, "close"},
    {SYS_fstat, "fstat"},
    {SYS_stat, "stat"},
    {SYS_lstat, "lstat"},
    {SYS_newfstatat, "newfstatat"},
    {SYS_fsync, "fsync"},
    {SYS_fdatasync, "fdatasync"},
    {SYS_rename, "rename"},
    {SYS_renameat, "renameat"},
    {SYS_renameat2, "renameat2"},
    {SYS_unlink, "unlink"},
    {SYS_unlinkat, "unlinkat"},
    {SYS_mkdir, "mkdir"},
    {SYS_rmdir, "rmdir"},
    {SYS_flock, "flock"},
    {SYS_fcntl, "fcntl"},
    {SYS_pipe2, "pipe2"},
    {SYS_vfork, "vfork"},
    {SYS_clone, "clone"},
    {SYS_fork, "fork"},
    {SYS_execve, "execve"},
    {SYS_wait4, "wait4"},
    {SYS_poll, "poll"},
    {SYS_ppoll, "ppoll"},
    {SYS_mmap, "mmap"},
    {SYS_munmap, "munmap"},
    {SYS_mprotect, "mprotect"},
    {SYS_brk, "brk"},
    {SYS_getrandom, "getrandom"},
    {SYS_prctl, "prctl"},
    {SYS_pwrite64, "pwrite64"},
    {SYS_pread64, "pread64"},
    {SYS_getdents64, "getdents"},
    {SYS_ftruncate, "ftruncate"},
    {SYS_chmod, "chmod"},
    {SYS_fchmod, "fchmod"},
    {SYS_utimensat, "utimensat"},
    {SYS_kill, "kill"},
};

enum what { KILL, SHORT, ERROR };

struct traced {
    pid_t pid;
    bool inside;  /* between the entry of a call and its exit */
    bool counted; /* runs the program whose calls count */
    bool started; /* and is past what the C library does first */
    bool failing; /* the call it is in was not made */
};

static struct {
    const char *in;
    long at;
    enum what what;
    int error;
    long count;
    char hit[32];
    struct traced all[MOST_TRACED];
} step;

static int fail(const char *what)
{
    fprintf(stderr, "step: %s: %s\n", what, strerror(errno));
    return FAILED;
}

static struct traced *find(pid_t pid)
{
    struct traced *unused = NULL;
    for (size_t i = 0; i < MOST_TRACED; i++) {
        if (step.all[i].pid == pid)
            return &step.all[i];
        if (!step.all[i].pid && !unused)
            unused = &step.all[i];
    }
    if (unused)
        *unused = (struct traced){.pid = pid};
    return unused;
}

static void forget(pid_t pid)
{
    for (size_t i = 0; i < MOST_TRACED; i++)
        if (step.all[i].pid == pid)
            step.all[i].pid = 0;
}

/* By the file it runs, which a child that was only forked shares. */
static bool counts(pid_t pid)
{
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0)
        return false;
    path[n] = '\0';
    const char *name = strrchr(path, '/');
    return name && strcmp(name + 1, step.in) == 0;
}

static void note_hit(unsigned long long number)
{
    snprintf(step.hit, sizeof step.hit, "%llu", number);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (calls[i].number == number)
            snprintf(step.hit, sizeof step.hit, "%s", calls[i].name);
}

/* "Always successful" by their pages, or without return; brk answers with an address; without
 * randomness libsodium ends the program on purpose. */
static bool cannot_fail(unsigned long long number)
{
    static const unsigned long long never[] = {
        SYS_exit,   SYS_exit_group, SYS_rt_sigreturn, SYS_brk,    SYS_getrandom,
        SYS_getpid, SYS_getppid,    SYS_gettid,       SYS_getuid, SYS_geteuid,
        SYS_getgid, SYS_getegid,    SYS_umask,
    };
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (never[i] == number)
            return true;
    return false;
}

/* What a program linked statically calls before its main(). */
static bool starts_up(unsigned long long number)
{
    static const unsigned long long first[] = {
        SYS_brk,   SYS_arch_prctl, SYS_set_tid_address, SYS_set_robust_list, SYS_rseq,
        SYS_uname, SYS_prlimit64,  SYS_readlink,        SYS_getrandom,       SYS_mprotect,
    };
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++)
        if (first[i] == number)
            return true;
    return false;
}

/* A program sets its dozens of signals in a row: between two of them nothing is different. */
static bool is_told_apart(unsigned long long number)
{
    return number != SYS_rt_sigaction && number != SYS_rt_sigprocmask;
}

static bool writes(unsigned long long number)
{
    return number == SYS_write || number == SYS_pwrite64;
}

/* The call that was asked for is about to be made. */
static void interfere(struct traced *t, struct user_regs_struct *regs)
{
    if (step.what == KILL) {
        note_hit(regs->orig_rax);
        kill(t->pid, SIGKILL);
        return;
    }
    if (step.what == SHORT && writes(regs->orig_rax) && regs->rdx > 1) {
        note_hit(regs->orig_rax);
        regs->rdx /= 2;
        ptrace(PTRACE_SETREGS, t->pid, NULL, regs);
    }
    if (step.what == ERROR && !cannot_fail(regs->orig_rax)) {
        note_hit(regs->orig_rax);
        t->failing = true;
        if (regs->orig_rax == SYS_close)
            return; /* gives the descriptor back whatever it says (close(2)) */
        regs->orig_rax = (unsigned long long)-1;
        ptrace(PTRACE_SETREGS, t->pid, NULL, regs);
    }
}

static void at_call(struct traced *t)
{
    struct user_regs_struct regs;
    t->inside = !t->inside;
    if (t->inside) {
        if (!t->counted || ptrace(PTRACE_GETREGS, t->pid, NULL, &regs) != 0)
            return;
        t->started = t->started || !starts_up(regs.orig_rax);
        if (t->started && is_told_apart(regs.orig_rax) && ++step.count == step.at)
            interfere(t, &regs);
    } else if (t->failing) {
        t->failing = false;
        if (ptrace(PTRACE_GETREGS, t->pid, NULL, &regs) == 0) {
            regs.rax = (unsigned long long)-step.error;
            ptrace(PTRACE_SETREGS, t->pid, NULL, &regs);
        }
    }
}

/* What a stop asks to be delivered. */
static int at_stop(struct traced *t, int status)
{
    int number = WSTOPSIG(status), event = status >> 16;
    if (number == SYSCALL_STOP) {
        at_call(t);
        return 0;
    }
    if (event == PTRACE_EVENT_EXEC) {
        t->counted = counts(t->pid);
        t->started = false;
    }
    if (event)
        return 0;
    /* The first stop of a child. */
    return number == SIGSTOP ? 0 : number;
}

static struct traced *met(pid_t pid)
{
    struct traced *t = find(pid);
    if (t && !t->counted && !t->inside)
        t->started = t->counted = counts(pid); /* forked by one that has */
    return t;
}

/* From stop to stop until nobody is left; the status of the first. */
static int follow(pid_t first)
{
    int ended = FAILED;
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0)
            return errno == ECHILD ? ended : fail("waitpid");
        if (!WIFSTOPPED(status)) {
            forget(pid);
            if (pid == first)
                ended = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
            continue;
        }
        struct traced *t = met(pid);
        if (!t) {
            fputs("step: too many processes\n", stderr);
            return FAILED;
        }
        int deliver = at_stop(t, status);
        ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)deliver);
    }
}

static _Noreturn void become(char **argv)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP); /* until the options are set */
    execvp(argv[0], argv);
    _exit(127);
}

static int start(char **argv)
{
    const uintptr_t options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                              PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    int status;
    pid_t pid = fork();
    if (pid < 0)
        return fail("fork");
    if (pid == 0)
        become(argv);
    if (waitpid(pid, &status, 0) < 0 ||
        ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)options) != 0 ||
        ptrace(PTRACE_SYSCALL, pid, NULL, NULL) != 0)
        return fail("ptrace");
    return follow(pid);
}

static bool read_what(const char *word)
{
    step.what = strcmp(word, "kill") == 0 ? KILL : strcmp(word, "short") == 0 ? SHORT : ERROR;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (strcmp(errors[i].name, word) == 0)
            step.error = errors[i].number;
    return step.what != ERROR || step.error;
}

int main(int argc, char **argv)
{
    if (argc < 6 || !read_what(argv[4])) {
        fputs("usage: step REPORT IN AT kill|short|ERROR PROGRAM [ARGUMENT...]\n", stderr);
        return FAILED;
    }
    step.in = argv[2];
    step.at = strtol(argv[3], NULL, 10);
    int status = start(argv + 5);
    FILE *report = fopen(argv[1], "we");
    if (!report)
        return fail(argv[1]);
    fprintf(report, "CALLS %ld\n", step.count);
    if (step.hit[0])
        fprintf(report, "HIT %s\n", step.hit);
    return fclose(report) == 0 ? status : fail(argv[1]);
}
