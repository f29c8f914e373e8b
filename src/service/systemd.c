/* systemd's user manager: systemctl(1), `systemctl --user`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/home.h"
#include "base/parse.h"
#include "os/service.h"
#include "service/manager.h"

/* NAME below the folder of the user's units. */
static bool in_folder(const char *name, char *out, struct err *e)
{
    const char *base = getenv("XDG_CONFIG_HOME");
    char tail[128];
    snprintf(tail, sizeof tail, ".config/systemd/user/%s", name);
    if (!base || base[0] != '/')
        return home_path(tail, out, e);
    return path_join(out, base, tail + strlen(".config/")) ||
           err_set(e, ERR_INVALID, "the path of the unit is too long: %.64s...", base);
}

static bool path(char *out, struct err *e)
{
    return in_folder(UNIT_SYSTEMD_NAME, out, e);
}

static bool enabled_link(char *out, struct err *e)
{
    return in_folder("default.target.wants/" UNIT_SYSTEMD_NAME, out, e);
}

static bool has_line(const char *text, const char *line)
{
    const char *at = strstr(text, line);
    return at && (at == text || at[-1] == '\n') &&
           (at[strlen(line)] == '\n' || at[strlen(line)] == '\0');
}

void systemd_read(const char *shown, struct sight *ret)
{
    const char *pid = strstr(shown, "MainPID=");
    char number[24];
    int64_t n = 0;
    ret->loaded = has_line(shown, "LoadState=loaded");
    if (pid) {
        snprintf(number, sizeof number, "%.*s", (int)strcspn(pid + 8, "\n"), pid + 8);
        ret->pid = parse_int64(number, 0, INT32_MAX, &n) ? (pid_t)n : 0;
    }
}

/* Where there is no manager, that is an answer. */
static bool look(struct sight *ret, struct err *e)
{
    static const char *const words[] = {
        "systemctl",          "--user",          "show", "--property=LoadState",
        "--property=MainPID", UNIT_SYSTEMD_NAME, NULL};
    struct buf out, errors;
    os_service_find_session();
    *ret = (struct sight){.reachable = false};
    if (!manager_ask(words, &out, &errors, &ret->reachable, e)) {
        sight_refused(ret, e->text);
        return e->code == ERR_UNSUPPORTED;
    }
    if (ret->reachable)
        systemd_read(buf_str(&out), ret);
    else
        sight_refused(ret, buf_str(&errors));
    buf_free(&out);
    buf_free(&errors);
    return true;
}

/* By its path: the manager may have been started with another XDG_CONFIG_HOME, and links it then. */
static const struct manager_command start[] = {
    {.words = {"systemctl", "--user", "daemon-reload"}},
    {.words = {"systemctl", "--user", "enable", WORD_PATH}},
    {.words = {"systemctl", "--user", "restart", UNIT_SYSTEMD_NAME}},
    {.words = {NULL}},
};
static const struct manager_command stop[] = {
    {.words = {"systemctl", "--user", "disable", "--now", UNIT_SYSTEMD_NAME}},
    {.words = {NULL}},
};
static const struct manager_command forget[] = {
    {.words = {"systemctl", "--user", "daemon-reload"}},
    {.words = {NULL}},
};
static const struct manager_command nothing[] = {{.words = {NULL}}};

const struct manager manager_systemd = {
    .name = "systemd",
    .unit = UNIT_SYSTEMD_NAME,
    .path = path,
    .text = unit_systemd,
    .link = enabled_link,
    .look = look,
    .unload = nothing,
    .start = start,
    .stop = stop,
    .forget = forget,
    .trouble = "systemctl --user status " UNIT_SYSTEMD_NAME,
};
