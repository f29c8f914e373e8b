#include "base/home.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "os/home.h"

static bool join(char *out, const char *folder, const char *name, struct err *e)
{
    return path_join(out, folder, name) || err_errno(e, ENAMETOOLONG, "%.64s...", folder);
}

bool home_folder(char *out, struct err *e)
{
    const char *home = getenv("HOME");
    if (home && home[0] == '/')
        return snprintf(out, LIMIT_PATH, "%s", home) < LIMIT_PATH ||
               err_errno(e, ENAMETOOLONG, "%.64s...", home);
    if (os_home(out, LIMIT_PATH) && out[0] == '/')
        return true;
    err_set(e, ERR_USAGE, "HOME is not set");
    return err_hint(e, "set HOME to your home folder");
}

bool home_path(const char *name, char *out, struct err *e)
{
    char home[LIMIT_PATH];
    return home_folder(home, e) && join(out, home, name, e);
}

/* The specification: a relative path is to be ignored. */
static bool base_directory(const char *variable, const char *fallback, char *out, struct err *e)
{
    const char *base = getenv(variable);
    return base && base[0] == '/' ? join(out, base, "credrelay", e) : home_path(fallback, out, e);
}

bool home_config(char *out, struct err *e)
{
    return base_directory("XDG_CONFIG_HOME", ".config/credrelay", out, e);
}

bool home_state(char *out, struct err *e)
{
    return base_directory("XDG_STATE_HOME", ".local/state/credrelay", out, e);
}
