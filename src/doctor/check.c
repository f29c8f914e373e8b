#include "doctor/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/home.h"
#include "base/shell_word.h"

static const struct check checks[] = {
    {"override", false, look_overrides,
     "the client uses it instead of its login: nothing that is pulled can help a run", NULL},
    {"login", false, look_login, "without a login that works a run must pull one first, or fails",
     NULL},
    {"login file", false, look_login_file, "who can read the file can use the login", NULL},
    {"keychain", false, look_keychain, "the client reads it before its file", NULL},
    {"store", false, look_store, "every machine gets its login from there", NULL},
    {"client", false, look_client, "it is what runs, and what renews the login", NULL},
    {"wrapper", false, look_wrapper, "jobs that call it are the ones that heal", NULL},
    {"configuration", true, look_configuration,
     "who can change it can send the login to a store of their own", mend_mode},
    {"state", true, look_state,
     "who can open it can see or change what this machine remembers of its login", mend_mode},
    {"watcher", true, look_watcher,
     "without it a login that changed is published and pulled only by hand or by a run", NULL},
    {"service", true, look_service, "it starts the watcher, also after a reboot", mend_service},
    {"alerts", true, look_alerts, "a login that is lost fails every job in silence until you look",
     NULL},
    {"space", true, look_space, "a login that cannot be written is a login that lapses", NULL},
    {"log", true, look_log, "it tells what happened, and status and alerts read it", NULL},
};

enum { CHECKS = sizeof checks / sizeof checks[0] };

const struct check *check_at(size_t i)
{
    return i < CHECKS ? &checks[i] : NULL;
}

/* ---- notes ---- */

static struct finding no_room;

struct finding *note(struct visit *v, enum found found, const char *label, const char *fmt, ...)
{
    struct finding *f = findings_add(v->findings);
    va_list arguments;
    if (!f)
        return &no_room;
    f->found = found;
    f->check = v->check->name;
    snprintf(f->label, sizeof f->label, "%s", label);
    snprintf(f->relay, sizeof f->relay, "%s", v->check->machine ? "" : v->relay->name);
    if (found != FOUND_FINE)
        snprintf(f->matters, sizeof f->matters, "%s", v->check->matters);
    va_start(arguments, fmt);
    vsnprintf(f->detail, sizeof f->detail, fmt, arguments);
    va_end(arguments);
    return f;
}

struct finding *note_err(struct visit *v, enum found found, const char *label,
                         const struct err *why)
{
    struct finding *f = note(v, found, label, "%s", why->text);
    note_hint(f, "%s", why->hint);
    return f;
}

void note_hint(struct finding *f, const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    int n = vsnprintf(f->hint, sizeof f->hint, fmt, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= sizeof f->hint)
        f->hint[0] = '\0'; /* half a command is worse than none */
}

void note_path(struct finding *f, const char *path)
{
    if (f == &no_room)
        return;
    f->path = strdup(path); /* without it, it is for a person */
    if (!f->path)
        err_note_no_memory();
}

const char *shell_path(const char *path, char out[SHELL_PATH_SIZE])
{
    char home[LIMIT_PATH];
    struct err ignored;
    size_t n = home_path("", home, &ignored) ? strlen(home) : 0;
    if (n < 2 || strncmp(path, home, n) != 0 || !path[n])
        return shell_word(path, out, SHELL_PATH_SIZE);
    size_t tilde = (size_t)snprintf(out, SHELL_PATH_SIZE, "~/"); /* quoted it would be a name */
    shell_word(path + n, out + tilde, SHELL_PATH_SIZE - tilde);
    return out;
}

/* ---- all of them ---- */

static void check_all(bool machine, struct visit *v)
{
    for (size_t i = 0; i < CHECKS; i++) {
        v->check = &checks[i];
        if (checks[i].machine == machine)
            checks[i].look(v);
    }
}

void check_relay(const struct relay *r, struct findings *found)
{
    struct visit v = {.relay = r, .state_dir = r->state_dir, .findings = found};
    check_all(false, &v);
}

void check_machine(const struct relay *r, struct findings *found)
{
    char state_dir[LIMIT_PATH];
    struct visit v = {.relay = r, .state_dir = state_dir, .findings = found};
    struct err e;
    if (home_state(state_dir, &e)) {
        check_all(true, &v);
        return;
    }
    v.check = &checks[CHECKS - 1];
    note_err(&v, FOUND_BROKEN, "state folder", &e);
}

static const struct check *check_named(const char *name)
{
    for (size_t i = 0; i < CHECKS; i++)
        if (strcmp(checks[i].name, name) == 0)
            return &checks[i];
    return NULL;
}

void checks_mend(struct findings *found)
{
    for (size_t i = 0; i < found->count; i++) {
        struct finding *f = &found->list[i];
        const struct check *c = check_named(f->check);
        struct err e;
        if (f->found == FOUND_FINE || !f->path || !c->mend)
            continue;
        if (c->mend(f, &e)) {
            f->found = FOUND_MENDED;
            f->matters[0] = f->hint[0] = '\0';
        } else {
            size_t n = strlen(f->detail);
            snprintf(f->detail + n, sizeof f->detail - n, "; it could not be mended: %.300s",
                     e.text);
        }
    }
}
