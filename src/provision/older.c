#include "provision/older.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/home.h"
#include "base/search.h"

/* ---- the publisher ---- */

#define BACKUP ".credrelay-backup"

enum { BACKUPS = 99, LAUNCHCTL_MS = 10000 };

static bool is_there(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

bool older_agent(char *out, bool *ret_there, struct err *e)
{
    if (!home_path("Library/LaunchAgents/" OLDER_AGENT ".plist", out, e))
        return false;
    *ret_there = is_there(out);
    return true;
}

/* launchd forgets it until the next login; without launchd there is nothing to stop.  It complains
 * when the agent is not loaded, which is just as well. */
static bool stop_agent(struct err *e)
{
    char program[LIMIT_PATH], target[128];
    struct buf out, errors;
    int status;
    if (!search_path("launchctl", program))
        return true;
    snprintf(target, sizeof target, "gui/%u/" OLDER_AGENT, (unsigned)getuid());
    const char *const argv[] = {"launchctl", "bootout", target, NULL};
    const struct child_run run = {
        .program = program, .argv = argv, .deadline = clock_steady_ms() + LAUNCHCTL_MS};
    buf_init(&out, LIMIT_HELPER_STDERR);
    buf_init(&errors, LIMIT_HELPER_STDERR);
    bool ok = child_run(&run, &out, &errors, &status, e) || err_context(e, "launchctl");
    buf_free(&out);
    buf_free(&errors);
    return ok;
}

static bool free_name(const char *path, char *out, struct err *e)
{
    int n = snprintf(out, LIMIT_PATH, "%s" BACKUP, path);
    for (int i = 2; n > 0 && n < LIMIT_PATH && i <= BACKUPS; i++) {
        if (!is_there(out))
            return true;
        n = snprintf(out, LIMIT_PATH, "%s" BACKUP "-%d", path, i);
    }
    return err_set(e, ERR_FAILED, "there is no name left to keep %s under", path);
}

bool older_retire(const char *agent, char *backup, struct err *e)
{
    return stop_agent(e) && free_name(agent, backup, e) &&
           (rename(agent, backup) == 0 || err_errno(e, errno, "cannot rename %s", agent));
}

/* ---- the parameter ---- */

bool older_value(const struct relay *r, struct older_value *ret, struct err *e)
{
    struct store store;
    struct store_value v;
    struct login_facts facts;
    struct err why;
    size_t len;
    *ret = (struct older_value){.full = false};
    if (!store_open(r->store_url, r->name, &store, e))
        return false;
    const struct store_call c = {.store = &store,
                                 .path = store.path,
                                 .role = role_name(r->role),
                                 .machine = r->machine,
                                 .options = r->store_options,
                                 .timeout_ms = r->timeout_ms};
    if (!store_get(&c, 0, &v, &why)) {
        if (why.code == ERR_NOT_FOUND)
            return true;
        *e = why;
        return false;
    }
    const char *text = secret_reveal(v.value, &len);
    bool ok = login_look(r->tool, text, len, &facts, e);
    if (ok)
        *ret = (struct older_value){.full =
                                        !r->plain && facts.state == LOGIN_USABLE && facts.renewable,
                                    .version = v.version};
    store_value_free(&v);
    return ok;
}
