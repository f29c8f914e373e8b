#include "run/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/process.h"

/* The wrappers already passed on the way to the program, "DEV:INO,DEV:INO": two copies of the
 * wrapper under the program's name would otherwise call each other for ever. */
#define PASSED "CREDRELAY_PASSED"

static void identity(const struct stat *st, char *out, size_t size)
{
    snprintf(out, size, "%llx:%llx,", (unsigned long long)st->st_dev,
             (unsigned long long)st->st_ino);
}

static bool self(struct stat *ret)
{
    char path[LIMIT_PATH];
    return os_program_path(path, sizeof path) && stat(path, ret) == 0;
}

static bool is_wrapper(const struct stat *candidate)
{
    struct stat me;
    char id[64];
    const char *passed = getenv(PASSED);
    identity(candidate, id, sizeof id);
    return (self(&me) && me.st_dev == candidate->st_dev && me.st_ino == candidate->st_ino) ||
           (passed && strstr(passed, id));
}

void program_mark_passed(void)
{
    struct stat me;
    char id[64], all[1024];
    const char *passed = getenv(PASSED);
    if (!self(&me))
        return;
    identity(&me, id, sizeof id);
    if (!passed || !strstr(passed, id))
        if (snprintf(all, sizeof all, "%s%s", passed ? passed : "", id) < (int)sizeof all)
            setenv(PASSED, all, 1);
}

static bool not_found(const char *name, bool denied, struct err *e)
{
    if (denied)
        err_set(e, ERR_DENIED, "%s: found, but it may not be executed", name);
    else
        err_set(e, ERR_NOT_FOUND, "%s: command not found", name);
    return err_hint(e, "the program behind the wrapper must be on PATH: type -a %s", name);
}

bool program_find(const char *name, char *out, struct err *e)
{
    if (strchr(name, '/'))
        return snprintf(out, LIMIT_PATH, "%s", name) < LIMIT_PATH || not_found(name, false, e);
    const char *path = getenv("PATH");
    bool denied = false;
    if (!path)
        path = "/usr/local/bin:/usr/bin:/bin";
    for (const char *p = path;; p++) {
        size_t n = strcspn(p, ":");
        struct stat st;
        /* An empty part means the current folder, as in every shell. */
        if (snprintf(out, LIMIT_PATH, "%.*s%s%s", (int)n, p, n ? "/" : "", name) < LIMIT_PATH &&
            stat(out, &st) == 0 && S_ISREG(st.st_mode) && !is_wrapper(&st)) {
            if (access(out, X_OK) == 0)
                return true;
            denied = true;
        }
        p += n;
        if (!*p)
            return not_found(name, denied, e);
    }
}
