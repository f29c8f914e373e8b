/* The client and the wrapper, as PATH finds them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/ascii.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/search.h"
#include "doctor/check.h"
#include "os/process.h"
#include "run/program.h"

/* A client that is a script of a large interpreter takes a second. */
enum { VERSION_MS = 10000 };

/* ---- versions ---- */

/* "2.1.300" of "2.1.300 (Claude Code)" or "codex-cli 0.53.0"; "": there is none. */
static void find_version(const char *text, char *out, size_t size)
{
    size_t line = strcspn(text, "\n");
    for (size_t i = 0; i < line; i++)
        if (ascii_is_digit(text[i])) {
            size_t len = strspn(text + i, "0123456789.");
            snprintf(out, size, "%.*s", (int)len, text + i);
            return;
        }
    out[0] = '\0';
}

/* Number by number: 2.1.99 is before 2.1.100. */
static int compare_versions(const char *a, const char *b)
{
    while (*a || *b) {
        char *rest_a, *rest_b;
        long x = strtol(a, &rest_a, 10), y = strtol(b, &rest_b, 10);
        if (x != y)
            return x < y ? -1 : 1;
        a = rest_a + (*rest_a == '.');
        b = rest_b + (*rest_b == '.');
        if (rest_a == a && rest_b == b)
            return 0;
    }
    return 0;
}

static void note_remarks(struct visit *v, const char *version)
{
    const struct tool *t = v->relay->tool;
    for (const struct tool_remark *r = t->remarks; r->upto; r++)
        if (compare_versions(version, r->upto) <= 0)
            note_hint(note(v, FOUND_WARNING, "client version", "%s: up to %s %s", version, r->upto,
                           r->text),
                      "update %s", t->product);
}

static bool ask_version(const struct tool *t, const char *path, char *out, size_t size,
                        struct err *e)
{
    const char *argv[TOOL_LIST + 1] = {path};
    struct buf said, errors;
    int status;
    for (size_t i = 1; t->version[i]; i++)
        argv[i] = t->version[i];
    const struct child_run run = {
        .program = path, .argv = argv, .deadline = clock_steady_ms() + VERSION_MS};
    buf_init(&said, LIMIT_HELPER_STDERR);
    buf_init(&errors, LIMIT_HELPER_STDERR);
    bool ok = child_run(&run, &said, &errors, &status, e);
    if (ok && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        ok = err_set(e, ERR_FAILED, "it did not end well");
    if (ok)
        find_version(buf_str(&said), out, size);
    if (ok && !out[0])
        ok = err_set(e, ERR_FAILED, "it says no number");
    buf_free(&said);
    buf_free(&errors);
    return ok;
}

static void look_version(struct visit *v, const char *path)
{
    const struct tool *t = v->relay->tool;
    char version[32];
    struct err e;
    if (!t->version[0])
        return;
    if (!ask_version(t, path, version, sizeof version, &e)) {
        note_hint(note(v, FOUND_WARNING, "client version", "it cannot be told: %s", e.text),
                  "try it: %s %s", t->version[0], t->version[1] ? t->version[1] : "");
        return;
    }
    size_t before = v->findings->count;
    note_remarks(v, version);
    if (v->findings->count == before)
        note(v, FOUND_FINE, "client version", "%s", version);
}

void look_client(struct visit *v)
{
    char path[LIMIT_PATH], name[SHELL_PATH_SIZE];
    struct err e;
    if (!program_find(v->relay->tool->program, path, &e)) {
        note_err(v, FOUND_BROKEN, "client", &e);
        return;
    }
    note(v, FOUND_FINE, "client", "%s", shell_path(path, name));
    look_version(v, path);
}

/* ---- the wrapper ---- */

/* The folder that this program is in, which has the wrapper's link. */
static void own_folder(char *out)
{
    if (!os_program_path(out, LIMIT_PATH))
        snprintf(out, LIMIT_PATH, "PREFIX/bin/credrelay");
    *strrchr(out, '/') = '\0';
}

static bool is_this_program(const char *path)
{
    char self[LIMIT_PATH];
    struct stat me, other;
    return os_program_path(self, sizeof self) && stat(self, &me) == 0 && stat(path, &other) == 0 &&
           me.st_dev == other.st_dev && me.st_ino == other.st_ino;
}

static void note_missing(struct visit *v, const char *name, const char *folder)
{
    char path[LIMIT_PATH], shown[SHELL_PATH_SIZE];
    struct finding *f = note(v, FOUND_WARNING, "wrapper", "%s is not on PATH", name);
    if (path_join(path, folder, name) && search_executable(path))
        note_hint(f, "export PATH=%s:\"$PATH\"", shell_path(folder, shown));
    else
        note_hint(f, "ln -s credrelay %s", shell_path(path, shown));
}

void look_wrapper(struct visit *v)
{
    char name[96], path[LIMIT_PATH], folder[LIMIT_PATH], shown[SHELL_PATH_SIZE];
    snprintf(name, sizeof name, "%.64s-p", v->relay->tool->program);
    own_folder(folder);
    if (!search_path(name, path)) {
        note_missing(v, name, folder);
        return;
    }
    shell_path(path, shown);
    if (is_this_program(path)) {
        note(v, FOUND_FINE, "wrapper", "%s", shown);
        return;
    }
    struct finding *f =
        note(v, FOUND_WARNING, "wrapper", "PATH finds %s first, which is another program", shown);
    note_hint(f, "export PATH=%s:\"$PATH\"", shell_path(folder, shown));
}
