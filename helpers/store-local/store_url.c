#include "store_url.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"

#define SCHEME       "local:"
#define DEFAULT_NAME "credrelay/store.db"

static bool absolute(const char *path)
{
    return path && path[0] == '/';
}

static bool compose(char *out, const char *folder, const char *rest, struct err *e)
{
    int n = snprintf(out, LIMIT_PATH, "%s%s", folder, rest);
    return (size_t)n < LIMIT_PATH ||
           err_set(e, ERR_INVALID, "the store's path is longer than %d bytes", LIMIT_PATH - 1);
}

static bool no_home(struct err *e)
{
    err_set(e, ERR_INVALID, "HOME is not set, so there is no place for the store");
    return err_hint(e, "say where it is: store = local:/PATH/store.db");
}

bool store_url_path(const char *url, const char *home, const char *state_home, char *out,
                    struct err *e)
{
    if (strncmp(url, SCHEME, strlen(SCHEME)) != 0)
        return err_set(e, ERR_INVALID, "'%.64s' is not a store of this helper (local:[PATH])", url);
    const char *path = url + strlen(SCHEME);
    if (!*path && absolute(state_home))
        return compose(out, state_home, "/" DEFAULT_NAME, e);
    if (!*path)
        return absolute(home) ? compose(out, home, "/.local/state/" DEFAULT_NAME, e) : no_home(e);
    if (path[strlen(path) - 1] == '/') {
        err_set(e, ERR_INVALID, "'%.256s' names a folder, not a file", url);
        return err_hint(e, "name the file in it: store = %.256sstore.db", url);
    }
    if (strncmp(path, "~/", 2) == 0)
        return absolute(home) ? compose(out, home, path + 1, e) : no_home(e);
    if (!absolute(path)) {
        err_set(e, ERR_INVALID, "'%.256s' is relative: it would be another store in each folder",
                url);
        return err_hint(
            e, "give the whole path, or one from the home folder: store = local:~/%.256s", path);
    }
    return compose(out, "", path, e);
}
