/* launchd: launchctl(1), as it is since macOS 10.11 (domains, bootstrap and bootout). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"
#include "base/parse.h"
#include "service/manager.h"

static bool path(char *out, struct err *e)
{
    return home_path("Library/LaunchAgents/" UNIT_LAUNCHD_LABEL ".plist", out, e);
}

/* "\tpid = 123": one tab, members of members have more. */
void launchd_read(const char *printed, struct sight *ret)
{
    static const char key[] = "\n\tpid = ";
    const char *pid = strstr(printed, key);
    char number[24];
    int64_t n = 0;
    if (!pid)
        return;
    pid += strlen(key);
    snprintf(number, sizeof number, "%.*s", (int)strcspn(pid, "\n"), pid);
    ret->pid = parse_int64(number, 0, INT32_MAX, &n) ? (pid_t)n : 0;
}

/* `launchctl print WHAT`; *RET_YES: there is that. */
static bool print(const char *what, struct sight *ret, bool *ret_yes, struct err *e)
{
    const char *const words[] = {"launchctl", "print", what, NULL};
    struct buf out, errors;
    if (!manager_ask(words, &out, &errors, ret_yes, e))
        return false;
    if (*ret_yes)
        launchd_read(buf_str(&out), ret);
    else
        sight_refused(ret, buf_str(&errors));
    buf_free(&out);
    buf_free(&errors);
    return true;
}

/* The domain of a screen's session, which can read the Keychain, goes before the one of a user who
 * has only logged in remotely; but where the service is loaded, there it is. */
static bool look(struct sight *ret, struct err *e)
{
    static const char *const domains[] = {"gui", "user"};
    char what[96];
    *ret = (struct sight){.reachable = false};
    for (int service = 1; service >= 0; service--)
        for (int i = 0; i < 2 && !ret->reachable; i++) {
            struct sight here = {.reachable = false};
            bool yes = false;
            snprintf(here.domain, sizeof here.domain, "%s/%ju", domains[i], (uintmax_t)getuid());
            snprintf(what, sizeof what, "%s%s", here.domain, service ? "/" UNIT_LAUNCHD_LABEL : "");
            if (!print(what, &here, &yes, e)) {
                sight_refused(ret, e->text);
                return e->code == ERR_UNSUPPORTED;
            }
            here.reachable = yes;
            here.loaded = yes && service;
            *ret = here;
        }
    if (!ret->loaded)
        ret->pid = 0;
    return true;
}

/* A service that a person has disabled once stays so until it is enabled (launchctl(1)). */
static const struct manager_command start[] = {
    {.words = {"launchctl", "enable", WORD_TARGET}},
    {.words = {"launchctl", "bootstrap", WORD_DOMAIN, WORD_PATH}},
    {.words = {NULL}},
};
static const struct manager_command stop[] = {
    {.words = {"launchctl", "bootout", WORD_TARGET}, .until_gone = true},
    {.words = {NULL}},
};
static const struct manager_command nothing[] = {{.words = {NULL}}};

const struct manager manager_launchd = {
    .name = "launchd",
    .unit = UNIT_LAUNCHD_LABEL,
    .path = path,
    .text = unit_launchd,
    .link = NULL,
    .look = look,
    .unload = stop,
    .start = start,
    .stop = stop,
    .forget = nothing,
    .trouble = "launchctl print gui/$(id -u)/" UNIT_LAUNCHD_LABEL,
};
