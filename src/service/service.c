#include "service/service.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/home.h"
#include "base/refusal.h"
#include "os/service.h"
#include "service/manager.h"
#include "service/unit_gather.h"

/* How long a service that was started may take until its process is seen. */
enum { START_MS = 10000, START_PAUSE_MS = 50 };

static const char *const state_names[] = {[SERVICE_ABSENT] = "absent",
                                          [SERVICE_RUNNING] = "running",
                                          [SERVICE_STOPPED] = "stopped",
                                          [SERVICE_FOREIGN] = "foreign"};
_Static_assert(sizeof state_names / sizeof state_names[0] == SERVICE_STATE_COUNT, "one for each");

const char *service_state_name(enum service_state s)
{
    return state_names[s];
}

bool service_explain(const struct service *s, struct err *e)
{
    switch (s->state) {
    case SERVICE_FOREIGN:
        err_set(e, ERR_INVALID, "%s was not written by credrelay", s->path);
        return err_hint(e, "if it is not needed, move that file away");
    case SERVICE_STOPPED: err_set(e, ERR_FAILED, "it is installed and does not run"); break;
    default: err_set(e, ERR_NOT_FOUND, "it is not installed");
    }
    return err_hint(e, "install and start it: credrelay service install");
}

/* ---- an installation that was cut short ---- */

/* From before the unit is written until the service runs from it there is a mark in the state
 * folder: stopped in between, what runs is not what the unit says, and nothing else tells. */
#define MARK "service.unfinished"

static bool mark_path(char *state, char *path, struct err *e)
{
    return home_state(state, e) &&
           (path_join(path, state, MARK) || refused(e, ENAMETOOLONG, "cannot use", state));
}

static bool mark_set(struct err *e)
{
    char state[LIMIT_PATH], path[LIMIT_PATH];
    return mark_path(state, path, e) && dir_make(state, e) && file_replace(path, "", 0, e);
}

static bool mark_remove(struct err *e)
{
    char state[LIMIT_PATH], path[LIMIT_PATH];
    return mark_path(state, path, e) &&
           (unlink(path) == 0 || errno == ENOENT || refused(e, errno, "cannot remove", path));
}

static bool is_marked(void)
{
    char state[LIMIT_PATH], path[LIMIT_PATH];
    struct err ignored;
    return mark_path(state, path, &ignored) && access(path, F_OK) == 0;
}

/* ---- looking ---- */

/* What is known of the service, and what its unit should say. */
struct view {
    const struct manager *manager;
    struct service service;
    struct sight sight;
    struct buf text;   /* as it would be written now; empty when that cannot be said */
    struct err unsaid; /* why */
    char withheld[256];
};

static bool make_text(struct view *v, struct err *e)
{
    struct unit_source source;
    if (!unit_gather(&source, e))
        return false;
    source.unit.background = strncmp(v->sight.domain, "user/", 5) == 0;
    memcpy(v->withheld, source.withheld, sizeof v->withheld);
    bool ok = v->manager->text(&source.unit, &v->text, e);
    unit_source_free(&source);
    return ok;
}

static bool read_unit(struct view *v, struct err *e)
{
    struct service *s = &v->service;
    struct buf there;
    struct err why;
    buf_init(&there, LIMIT_UNIT);
    bool ok = file_read(s->path, &there, &why);
    if (ok) {
        s->state = !unit_is_ours(buf_str(&there)) ? SERVICE_FOREIGN
                   : v->sight.pid                 ? SERVICE_RUNNING
                                                  : SERVICE_STOPPED;
        s->current = v->text.len == there.len &&
                     memcmp(buf_str(&v->text), buf_str(&there), there.len) == 0 && !is_marked();
    } else if (why.code == ERR_NOT_FOUND) {
        s->state = SERVICE_ABSENT;
        ok = true;
    } else if (why.code == ERR_INVALID || why.code == ERR_TOO_LARGE) {
        s->state = SERVICE_FOREIGN; /* a folder, a page of something else */
        ok = true;
    } else {
        *e = why;
    }
    buf_free(&there);
    return ok;
}

/* VIEW is to be given to view_free, also after a failure. */
static bool look(const char *manager, struct view *v, struct err *e)
{
    *v = (struct view){.manager = manager_find(manager, e)};
    buf_init(&v->text, LIMIT_UNIT);
    if (!v->manager || !v->manager->path(v->service.path, e) || !v->manager->look(&v->sight, e))
        return false;
    v->service.manager = v->manager->name;
    v->service.unit = v->manager->unit;
    v->service.reachable = v->sight.reachable;
    v->service.pid = v->sight.pid;
    v->service.lingers = v->manager == &manager_systemd && os_service_lingers();
    if (!make_text(v, &v->unsaid))
        buf_clear(&v->text);
    return read_unit(v, e);
}

static void view_free(struct view *v)
{
    buf_free(&v->text);
}

bool service_find(const char *manager, struct service *ret, struct err *e)
{
    struct view v;
    bool ok = look(manager, &v, e);
    if (ok)
        *ret = v.service;
    view_free(&v);
    return ok;
}

bool service_text(const char *manager, struct buf *out, struct err *e)
{
    struct view v;
    bool ok = look(manager, &v, e);
    if (ok && v.unsaid.code != ERR_NONE) {
        *e = v.unsaid;
        ok = false;
    }
    if (ok && !buf_bytes(out, v.text.data, v.text.len))
        ok = buf_error(out, "the unit", e);
    view_free(&v);
    return ok;
}

/* ---- planning ---- */

/* A plan with what its steps need to be done. */
struct work {
    struct view view;
    struct service_plan *plan;
    const struct manager_command *commands[SERVICE_STEPS];
};

static struct service_step *add(struct work *w, enum service_verb verb)
{
    struct service_step *step = &w->plan->steps[w->plan->count++];
    step->verb = verb;
    return step;
}

static void add_file(struct work *w, enum service_verb verb, const char *path)
{
    snprintf(add(w, verb)->what, LIMIT_PATH, "%s", path);
}

static void add_commands(struct work *w, const struct manager_command *list)
{
    const struct view *v = &w->view;
    for (; list->words[0]; list++) {
        w->commands[w->plan->count] = list;
        manager_line(v->manager, list, v->service.path, v->sight.domain, add(w, SERVICE_RUN)->what,
                     LIMIT_PATH);
    }
}

static bool no_manager(const struct view *v, struct err *e)
{
    err_set(e, ERR_UNSUPPORTED, "no %s manages services of this user here: %s", v->manager->name,
            v->sight.why);
    return err_hint(e, "where there is none, as in a container: credrelay watch --detach");
}

static bool plan_install(struct work *w, struct err *e)
{
    const struct view *v = &w->view;
    const struct service *s = &v->service;
    if (s->state == SERVICE_FOREIGN)
        return service_explain(s, e);
    if (!s->reachable)
        return no_manager(v, e);
    if (v->unsaid.code != ERR_NONE) {
        *e = v->unsaid;
        return false;
    }
    if (s->state == SERVICE_RUNNING && s->current)
        return true;
    if (!s->current)
        add_file(w, SERVICE_WRITE, s->path);
    if (v->sight.loaded)
        add_commands(w, v->manager->unload);
    add_commands(w, v->manager->start);
    return true;
}

static bool plan_uninstall(struct work *w, struct err *e)
{
    const struct view *v = &w->view;
    char link[LIMIT_PATH];
    if (v->service.state == SERVICE_FOREIGN)
        return service_explain(&v->service, e);
    if (v->service.state == SERVICE_ABSENT && !v->service.pid)
        return true;
    if (v->sight.loaded || v->sight.pid)
        add_commands(w, v->manager->stop);
    if (v->service.state != SERVICE_ABSENT)
        add_file(w, SERVICE_REMOVE, v->service.path);
    if (!v->service.reachable && v->manager->link && v->manager->link(link, e) &&
        access(link, F_OK) == 0)
        add_file(w, SERVICE_REMOVE, link);
    if (v->service.reachable)
        add_commands(w, v->manager->forget);
    return true;
}

/* ---- doing ---- */

/* With the mark the state folder is made, where the log of the unit is: a manager makes none. */
static bool write_unit(const struct view *v, struct err *e)
{
    return mark_set(e) && dir_make_for(v->service.path, e) &&
           file_replace(v->service.path, v->text.data, v->text.len, e);
}

static bool remove_file(const char *path, struct err *e)
{
    return unlink(path) == 0 || err_errno(e, errno, "cannot remove %s", path);
}

static bool perform(struct work *w, struct err *e)
{
    const struct view *v = &w->view;
    for (size_t i = 0; i < w->plan->count; i++) {
        struct service_step *step = &w->plan->steps[i];
        switch (step->verb) {
        case SERVICE_WRITE: step->done = write_unit(v, e); break;
        case SERVICE_REMOVE: step->done = remove_file(step->what, e); break;
        case SERVICE_RUN:
            step->done =
                manager_run(v->manager, w->commands[i], v->service.path, v->sight.domain, e);
            break;
        }
        if (!step->done)
            return false;
    }
    return true;
}

/* Managers answer before the process is there. */
static bool wait_until_it_runs(const struct manager *m, struct err *e)
{
    int64_t until = clock_steady_ms() + START_MS;
    struct sight sight;
    while (m->look(&sight, e)) {
        if (sight.pid)
            return true;
        if (clock_steady_ms() >= until) {
            err_set(e, ERR_FAILED, "the service was started and does not run");
            return err_hint(e, "see: %s", m->trouble);
        }
        clock_sleep_ms(START_PAUSE_MS);
    }
    return false;
}

static void advise(struct service_plan *p)
{
    if (strcmp(p->service.manager, "systemd") == 0 && !p->service.lingers)
        snprintf(p->advice, sizeof p->advice,
                 "it ends when you log out; to keep it running: loginctl enable-linger");
}

bool service_install(const char *manager, bool dry_run, struct service_plan *ret, struct err *e)
{
    struct work w = {.plan = ret};
    *ret = (struct service_plan){.count = 0};
    bool ok = look(manager, &w.view, e) && plan_install(&w, e);
    if (ok) {
        ret->service = w.view.service;
        memcpy(ret->withheld, w.view.withheld, sizeof ret->withheld);
        advise(ret);
        if (!dry_run && ret->count)
            ok = perform(&w, e) && wait_until_it_runs(w.view.manager, e) && mark_remove(e);
    }
    view_free(&w.view);
    return ok;
}

bool service_uninstall(const char *manager, bool dry_run, struct service_plan *ret, struct err *e)
{
    struct work w = {.plan = ret};
    *ret = (struct service_plan){.count = 0};
    bool ok = look(manager, &w.view, e) && plan_uninstall(&w, e);
    if (ok) {
        ret->service = w.view.service;
        ok = dry_run || (perform(&w, e) && mark_remove(e));
    }
    view_free(&w.view);
    return ok;
}
