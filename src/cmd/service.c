/* The watcher as a service of the system: what service/ does, told to people.
 *
 * One command with an action as its argument: all four are about one thing, and have all but their
 * name in common. */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/show.h"
#include "service/service.h"
#include "watch/install.h"

/* What was asked for, and what came of it. */
struct telling {
    const char *command; /* "service install" */
    const struct options *o;
    const struct service *service;   /* as it is; NULL: not known */
    const struct service_plan *plan; /* NULL: none was made */
    const char *text;                /* the unit's; NULL: not asked for */
    const struct err *failure;       /* NULL: none */
};

static const struct {
    const char *name, *done, *planned;
} verbs[] = {
    [SERVICE_WRITE] = {"write", "wrote", "would write"},
    [SERVICE_REMOVE] = {"remove", "removed", "would remove"},
    [SERVICE_RUN] = {"run", "ran", "would run"},
};

/* ---- as JSON ---- */

static void put_service(jv *v, const struct service *s)
{
    jv_put_text(v, "manager", s->manager);
    jv_put_text(v, "unit", s->unit);
    jv_put_text(v, "path", s->path);
    jv_put_text(v, "state", service_state_name(s->state));
    if (s->pid)
        jv_put_int(v, "pid", s->pid);
    jv_put_bool(v, "current", s->current);
    jv_put_bool(v, "reachable", s->reachable);
    jv_put_bool(v, "lingers", s->lingers);
}

static void put_plan(jv *v, const struct service_plan *p)
{
    jv *steps = jv_array();
    for (size_t i = 0; i < p->count; i++) {
        jv *step = jv_object();
        jv_put_text(step, "do", verbs[p->steps[i].verb].name);
        jv_put_text(step, "what", p->steps[i].what);
        jv_put_bool(step, "done", p->steps[i].done);
        jv_push(steps, step);
    }
    jv_put(v, "steps", steps);
    if (p->withheld[0])
        jv_put_text(v, "withheld", p->withheld);
    if (p->advice[0])
        jv_put_text(v, "advice", p->advice);
}

static int tell_json(const struct telling *t)
{
    int status = t->failure ? err_exit_status(t->failure->code) : 0;
    jv *v = jv_object();
    jv_put_bool(v, "ok", !t->failure);
    jv_put_text(v, "command", t->command);
    jv_put_bool(v, "dry_run", t->o->dry_run);
    if (t->service)
        put_service(v, t->service);
    if (t->plan)
        put_plan(v, t->plan);
    if (t->text)
        jv_put_text(v, "text", t->text);
    if (t->failure) {
        jv_put_text(v, "error", err_name(t->failure->code));
        jv_put_text(v, "message", t->failure->text);
        jv_put_text(v, "hint", t->failure->hint);
    }
    jv_put_int(v, "exit_status", status);
    show_line(v);
    return status;
}

/* ---- in words ---- */

/* Of one that runs; what is wrong with another is told as a failure. */
static void tell_service(const struct service *s)
{
    if (s->state != SERVICE_RUNNING)
        return;
    printf("running (pid %ld): %s of %s\n", (long)s->pid, s->unit, s->manager);
    if (!s->current)
        puts("its unit is not what it would be now; to write it anew: credrelay service install");
}

static void tell_steps(const struct telling *t)
{
    for (size_t i = 0; i < t->plan->count; i++) {
        const struct service_step *step = &t->plan->steps[i];
        if (step->done || t->o->dry_run)
            printf("%s %s\n", step->done ? verbs[step->verb].done : verbs[step->verb].planned,
                   step->what);
    }
    if (!t->plan->count && !t->failure)
        puts("nothing to do");
}

static void tell_besides(const struct service_plan *p)
{
    if (p->withheld[0])
        fprintf(stderr,
                "credrelay: warning: not given to the service, being secret: %s\n"
                "  put the keys into a profile of ~/.aws/credentials, and passwords where their "
                "program looks for them\n",
                p->withheld);
    if (p->advice[0])
        fprintf(stderr, "credrelay: %s\n", p->advice);
}

static int tell(const struct telling *t)
{
    if (t->o->json)
        return tell_json(t);
    if (!t->o->quiet) {
        if (t->plan)
            tell_steps(t);
        if (t->service)
            tell_service(t->service);
        if (t->text)
            printf("%s%s", t->plan ? "\n" : "", t->text);
    }
    if (t->plan)
        tell_besides(t->plan);
    return t->failure ? tell_failure(t->command, t->o, t->failure) : 0;
}

/* ---- the actions ---- */

static int install(const char *command, const struct options *o)
{
    struct service_plan plan;
    struct service now;
    struct err e;
    struct buf text;
    struct telling t = {.command = command, .o = o, .plan = &plan};
    buf_init(&text, LIMIT_UNIT);
    bool ok = watch_install(o->manager, o->dry_run, &plan, &e);
    if (ok && o->dry_run)
        ok = service_text(o->manager, &text, &e);
    else if (ok)
        ok = service_find(o->manager, &now, &e);
    if (ok && o->dry_run)
        t.text = buf_str(&text);
    else if (ok)
        t.service = &now;
    t.failure = ok ? NULL : &e;
    int status = tell(&t);
    buf_free(&text);
    return status;
}

static int uninstall(const char *command, const struct options *o)
{
    struct service_plan plan;
    struct err e;
    bool ok = service_uninstall(o->manager, o->dry_run, &plan, &e);
    const struct telling t = {.command = command, .o = o, .plan = &plan, .failure = ok ? NULL : &e};
    return tell(&t);
}

static int status(const char *command, const struct options *o)
{
    struct service s;
    struct err e;
    struct telling t = {.command = command, .o = o};
    bool found = service_find(o->manager, &s, &e);
    if (found)
        t.service = &s;
    if (!found || (s.state != SERVICE_RUNNING && !service_explain(&s, &e)))
        t.failure = &e;
    return tell(&t);
}

static int print(const char *command, const struct options *o)
{
    struct buf text;
    struct err e;
    struct telling t = {.command = command, .o = o};
    buf_init(&text, LIMIT_UNIT);
    if (service_text(o->manager, &text, &e))
        t.text = buf_str(&text);
    else
        t.failure = &e;
    int exit_status = tell(&t);
    buf_free(&text);
    return exit_status;
}

static const struct {
    const char *name, *command;
    int (*run)(const char *command, const struct options *o);
} actions[] = {
    {"install", "service install", install},
    {"uninstall", "service uninstall", uninstall},
    {"status", "service status", status},
    {"print", "service print", print},
};

static int run(const struct options *o, int argc, char **argv)
{
    (void)argc;
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (strcmp(actions[i].name, argv[0]) == 0)
            return actions[i].run(actions[i].command, o);
    fprintf(stderr, "credrelay service: no such action: %s\n  see: credrelay service --help\n",
            argv[0]);
    return err_exit_status(ERR_USAGE);
}

const struct command cmd_service = {
    .name = "service",
    .arguments = "install|uninstall|status|print",
    .summary = "keep the watcher running: a systemd unit or a LaunchAgent",
    .about = "Installs the watcher as a service of this user's, which starts at login and again "
             "whenever it ends;\n"
             "removes it; tells whether it runs; or prints the text of its unit.  A unit that "
             "somebody else wrote\n"
             "is left alone.",
    .options = TAKES(FOR) | TAKES(JSON) | TAKES(DRY_RUN) | TAKES(QUIET),
    .least = 1,
    .most = 1,
    .run = run,
};
