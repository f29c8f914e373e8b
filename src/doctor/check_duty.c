/* What keeps it going: the watcher, the service that starts it, space, the log. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "alert/channel.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "doctor/check.h"
#include "service/service.h"
#include "watch/install.h"
#include "watch/presence.h"

/* ---- the watcher ---- */

static void note_trouble(struct visit *v, const struct watch_presence *p)
{
    char label[96];
    for (size_t i = 0; i < p->relay_count; i++) {
        const struct watch_relay *w = &p->relays[i];
        if (!w->error[0])
            continue;
        snprintf(label, sizeof label, "watcher of %s", w->name);
        note_hint(note(v, FOUND_BROKEN, label, "%s", w->text), "%s", w->hint);
    }
}

static const char *how_to_watch(void)
{
    struct service s;
    struct err ignored;
    return watch_start_command(service_find(NULL, &s, &ignored) && s.reachable);
}

/* Only the service's own watcher is started again. */
static void hint_anew(struct finding *f, const struct watch_presence *p)
{
    struct service s;
    struct err ignored;
    if (service_find(NULL, &s, &ignored) && s.pid && s.pid == p->pid)
        note_hint(f, "kill %lld; its service starts it again", (long long)p->pid);
    else
        note_hint(f, "kill %lld; then: %s", (long long)p->pid, how_to_watch());
}

static void note_running(struct visit *v, const struct watch_presence *p)
{
    char span[64];
    clock_duration(clock_wall_ms() - p->since, span, sizeof span);
    if (p->version[0] && strcmp(p->version, CREDRELAY_VERSION) != 0)
        hint_anew(note(v, FOUND_WARNING, "watcher", "it is version %s, and this is %s", p->version,
                       CREDRELAY_VERSION),
                  p);
    else
        note(v, FOUND_FINE, "watcher", "running for %s", span);
}

void look_watcher(struct visit *v)
{
    struct watch_presence p;
    struct err e;
    if (!watch_presence(v->state_dir, &p, &e)) {
        note_err(v, FOUND_BROKEN, "watcher", &e);
    } else if (!p.running) {
        note_hint(note(v, FOUND_WARNING, "watcher", "not running"), "%s", how_to_watch());
    } else {
        note_running(v, &p);
        note_trouble(v, &p);
    }
}

/* ---- the service ---- */

void look_service(struct visit *v)
{
    struct service s;
    struct err e;
    struct finding *f = NULL;
    char name[SHELL_PATH_SIZE];
    if (!service_find(NULL, &s, &e))
        note_err(v, FOUND_WARNING, "service", &e);
    else if (s.state == SERVICE_FOREIGN)
        note_hint(note(v, FOUND_WARNING, "service", "%s is not ours", shell_path(s.path, name)),
                  "move it away: mv %s %s.old", name, name);
    else if (!s.reachable)
        note_hint(note(v, FOUND_WARNING, "service", "%s does not answer here", s.manager),
                  "start the watcher by itself: %s", watch_start_command(false));
    else if (s.state == SERVICE_ABSENT)
        f = note(v, FOUND_WARNING, "service", "not installed (%s)", s.manager);
    else if (!s.current)
        f = note(v, FOUND_WARNING, "service", "%s is not what this version would write",
                 shell_path(s.path, name));
    else if (s.state == SERVICE_STOPPED)
        f = note(v, FOUND_WARNING, "service", "installed, and not running (%s)", s.manager);
    else
        note(v, FOUND_FINE, "service", "running (%s)", s.manager);
    if (!f)
        return;
    note_hint(f, "%s", watch_start_command(true));
    note_path(f, s.path);
}

bool mend_service(struct finding *f, struct err *e)
{
    struct service_plan plan;
    if (!watch_install(NULL, false, &plan, e))
        return false;
    char name[SHELL_PATH_SIZE];
    snprintf(f->detail, sizeof f->detail, "installed %.900s", shell_path(plan.service.path, name));
    return true;
}

/* ---- being told ---- */

static void look_at_channels(struct visit *v, const struct alert_settings *s)
{
    char label[96];
    struct err e;
    for (int c = 0; c < CHANNEL_COUNT; c++) {
        if (!(s->channels & 1u << c))
            continue;
        snprintf(label, sizeof label, "alert %s", channel_name((enum channel)c));
        if (channel_check((enum channel)c, s, &e))
            note(v, FOUND_FINE, label, "can be used");
        else
            note_err(v, FOUND_BROKEN, label, &e);
    }
}

/* What a channel has refused since it last took something. */
static void look_at_messages(struct visit *v)
{
    struct alert_view view;
    struct err e;
    if (v->relay && alert_look(v->relay, &view, &e) && view.failed_at)
        note_hint(note(v, FOUND_WARNING, "alerts", "a message was not taken: %s", view.failure),
                  "once that is mended: credrelay alert test");
}

void look_alerts(struct visit *v)
{
    struct alert_settings s;
    struct err e;
    if (!alert_settings_load(&s, &e)) {
        note_err(v, FOUND_BROKEN, "alerts", &e);
        return;
    }
    if (!s.channels)
        note_hint(note(v, FOUND_WARNING, "alerts", "no channel is set up: nobody is told"),
                  "set up [alert] in credrelay.conf, then: credrelay alert test");
    look_at_channels(v, &s);
    look_at_messages(v);
    alert_settings_free(&s);
}

/* ---- space ---- */

#define SPACE_NONE   (UINT64_C(1) << 20)  /* a login and its temporary file, and the store's */
#define SPACE_LITTLE (UINT64_C(64) << 20) /* a log of the usual size, and time to see to it */

enum found judge_space(uint64_t free_bytes)
{
    return free_bytes < SPACE_NONE     ? FOUND_BROKEN
           : free_bytes < SPACE_LITTLE ? FOUND_WARNING
                                       : FOUND_FINE;
}

/* The nearest folder above PATH that is there: "/", or "." of one that does not begin there. */
static void existing(char *path)
{
    while (access(path, F_OK) != 0) {
        char *slash = strrchr(path, '/');
        if (!slash)
            snprintf(path, 2, ".");
        if (!slash || !path[1])
            return;
        slash[slash == path] = '\0';
    }
}

static void look_at_space(struct visit *v, const char *label, const char *path)
{
    struct statvfs st;
    char name[SHELL_PATH_SIZE];
    if (statvfs(path, &st) != 0)
        return;
    uint64_t left = (uint64_t)st.f_bavail * st.f_frsize;
    enum found found = judge_space(left);
    shell_path(path, name);
    if (st.f_files > 0 && st.f_favail == 0)
        note_hint(note(v, FOUND_BROKEN, label, "no file can be made any more at %s", name),
                  "see which folder has the most: du --inodes -x %s", name);
    else if (found == FOUND_FINE)
        note(v, found, label, "%llu MiB free", (unsigned long long)(left >> 20));
    else
        note_hint(
            note(v, found, label, "%llu KiB free at %s", (unsigned long long)(left >> 10), name),
            "see what can go: df -h %s", name);
}

static bool same_system(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev;
}

void look_space(struct visit *v)
{
    char state[LIMIT_PATH], login[LIMIT_PATH];
    snprintf(state, sizeof state, "%s", v->state_dir);
    snprintf(login, sizeof login, "%s", v->relay ? v->relay->login_path : state);
    existing(state);
    existing(login);
    look_at_space(v, "space", state);
    if (!same_system(state, login))
        look_at_space(v, "space for logins", login);
}

/* ---- the log ---- */

/* Bytes in all of its files; -1: there is none. */
static int64_t log_bytes(const struct visit *v, unsigned *ret_files)
{
    char path[LIMIT_PATH];
    struct err ignored;
    struct stat st;
    int64_t sum = 0;
    *ret_files = 0;
    for (unsigned n = 0; n <= LIMIT_LOG_FILES && log_path(v->state_dir, n, path, &ignored); n++)
        if (stat(path, &st) == 0) {
            sum += st.st_size;
            ++*ret_files;
        }
    return *ret_files ? sum : -1;
}

static void note_log(struct visit *v)
{
    unsigned files;
    int64_t bytes = log_bytes(v, &files);
    if (bytes < 0)
        note(v, FOUND_FINE, "log", "nothing has happened yet");
    else
        note(v, FOUND_FINE, "log", "%lld KiB in %u file%s", (long long)(bytes + 1023) / 1024, files,
             files == 1 ? "" : "s");
}

void look_log(struct visit *v)
{
    char path[LIMIT_PATH], name[SHELL_PATH_SIZE];
    struct err e;
    struct stat st;
    if (!log_path(v->state_dir, 0, path, &e)) {
        note_err(v, FOUND_BROKEN, "log", &e);
        return;
    }
    bool there = stat(path, &st) == 0;
    shell_path(path, name);
    if (there && !S_ISREG(st.st_mode))
        note_hint(note(v, FOUND_BROKEN, "log", "%s is not a file", name),
                  "move it away: mv %s %s.old", name, name);
    else if (there && access(path, W_OK) != 0)
        note_hint(note(v, FOUND_BROKEN, "log", "%s cannot be written: %s", name, strerror(errno)),
                  "chmod 600 %s", name);
    else
        note_log(v);
}
