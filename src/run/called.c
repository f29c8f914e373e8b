/* Called by another name than our own, or switched off: which command that is. */
#include "run/run.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/process.h"
#include "run/child.h"
#include "run/program.h"
#include "run/say.h"

bool run_switched_off(void)
{
    const char *off = getenv("CLAUDE_P_NO_RECOVER");
    return off && strcmp(off, "1") == 0;
}

int run_plain(char **argv)
{
    char path[LIMIT_PATH];
    struct err e;
    if (!program_find(argv[0], path, &e))
        return say_cannot_start(&e);
    return child_become(path, argv);
}

/* PROGRAM [-p] ARGS, on the heap. */
static char **command_line(char *program, char *print, char **args, int count)
{
    char **argv = calloc((size_t)count + 3, sizeof *argv);
    int n = 0;
    if (!argv)
        return NULL;
    argv[n++] = program;
    if (print)
        argv[n++] = print;
    memcpy((void *)(argv + n), args, (size_t)count * sizeof *argv);
    return argv;
}

/* The tool that PROGRAM is; one that nobody has described is run for claude. */
static const char *tool_of(const char *program)
{
    return tool_exists(program) ? program : "claude";
}

/* How that tool is asked for one answer.  claude-p is `claude -p` without a look. */
static void find_once(const char *tool, char *out, size_t size)
{
    struct err ignored;
    const struct tool *t = strcmp(tool, "claude") == 0 ? NULL : tool_load(tool, &ignored);
    snprintf(out, size, "%s", t && t->once[0] ? t->once[0] : "-p");
    tool_free(t);
}

static int run_or_plain(const char *tool, char **argv)
{
    struct relay r;
    struct err e;
    if (run_switched_off())
        return run_plain(argv);
    if (relay_load_of_tool(tool, &r, &e)) {
        int status = run_relay(&r, argv);
        relay_free(&r);
        return status;
    }
    /* A configuration that cannot be read must not stop every job of the machine. */
    say(e.text, e.hint);
    say("running without recovery", NULL);
    return run_plain(argv);
}

/* "claude" on PATH is a script that execs claude-p: that would go round for ever. */
static int say_in_a_circle(const char *name, const char *program)
{
    struct err e;
    err_set(&e, ERR_NOT_FOUND, "the %s on PATH leads back to %s", program, name);
    err_hint(&e, "take it off PATH, or let it call the client by its path: type -a %s", program);
    return say_cannot_start(&e);
}

int run_as(const char *name, int argc, char **args)
{
    char program[NAME_MAX + 1], once[64];
    size_t len = strlen(name);
    bool print = len > 2 && strcmp(name + len - 2, "-p") == 0;
    snprintf(program, sizeof program, "%.*s", (int)(print ? len - 2 : len), name);
    if (!print)
        program_mark_passed();
    else if (os_started_by_own_kind())
        return say_in_a_circle(name, program);
    const char *tool = tool_of(program);
    if (print)
        find_once(tool, once, sizeof once);
    char **argv = command_line(program, print ? once : NULL, args, argc);
    struct err e;
    if (!argv) {
        err_no_memory(&e);
        return say_cannot_start(&e);
    }
    int status = run_or_plain(tool, argv);
    free((void *)argv);
    return status;
}
