#include "cmd/set_up.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "doctor/check.h"
#include "watch/install.h"

/* ---- files ---- */

static const struct {
    const char *done, *would;
} writes[] = {
    [SETUP_THERE] = {"there already", "there already"},
    [SETUP_ABSENT] = {"written", "would be written"},
    [SETUP_ANOTHER] = {"replaced", "would be replaced"},
};

static void tell_file(struct steps *s, const char *step, enum setup_need need, const char *what,
                      const char *file)
{
    bool dry_run = s->o->dry_run;
    enum step_end end = need == SETUP_THERE ? STEP_THERE : dry_run ? STEP_WOULD : STEP_DONE;
    steps_tell(s, step, end, "%s in %s: %s", what, file,
               dry_run ? writes[need].would : writes[need].done);
}

/* A variable of this shell goes before what was written, here and now. */
static void tell_overrides(struct steps *s, const struct section *section)
{
    for (enum section_key k = 0; k < SECTION_KEYS; k++) {
        char name[64];
        int n = snprintf(name, sizeof name, "CREDRELAY_%s", section_key_name(k));
        for (int i = 0; i < n; i++)
            name[i] = (char)(name[i] == '-' ? '_' : toupper((unsigned char)name[i]));
        const char *value = getenv(name);
        if (value && *value && strcmp(value, section_value(section, k)) != 0)
            steps_tell(s, "configuration", STEP_LEFT, "%s=%s in the environment goes before it",
                       name, value);
    }
}

bool set_up_files(struct steps *s, const struct setup *setup)
{
    char what[INVITATION_NAME_SIZE + 16];
    struct err e;
    if (!s->o->dry_run && !setup_apply(setup, &e)) {
        steps_fail(s, "files", &e);
        return false;
    }
    for (size_t k = 0; k < setup->key_count; k++) {
        snprintf(what, sizeof what, "profile %s", setup->keys[k].profile);
        tell_file(s, "keys", setup->key[k], what, setup->keys_path);
    }
    snprintf(what, sizeof what, "[%s]", setup->section->name);
    tell_file(s, "configuration", setup->config, what, setup->config_path);
    tell_overrides(s, setup->section);
    return true;
}

/* ---- the service ---- */

static void tell_service(struct steps *s, const struct service_plan *p)
{
    const char *unit = p->service.unit;
    if (p->count == 0)
        steps_tell(s, "service", STEP_THERE, "%s: runs already", unit);
    else if (s->o->dry_run)
        steps_tell(s, "service", STEP_WOULD, "%s: would be installed and started", unit);
    else
        steps_tell(s, "service", STEP_DONE, "%s: installed and started", unit);
    if (p->withheld[0])
        steps_tell(s, "service", STEP_LEFT, "it is not given what is secret: %s", p->withheld);
    if (p->advice[0])
        steps_tell(s, "service", STEP_LEFT, "%s", p->advice);
}

bool set_up_service(struct steps *s)
{
    struct service_plan plan;
    struct err e;
    bool ok = watch_install(NULL, s->o->dry_run, &plan, &e);
    if (ok)
        tell_service(s, &plan);
    else if (e.code == ERR_UNSUPPORTED)
        steps_tell(s, "service", STEP_LEFT, "none here: %s", e.text);
    else
        steps_fail(s, "service", &e);
    return ok;
}

/* ---- the login ---- */

static void describe(const struct login_facts *f, char *out, size_t size)
{
    char left[64];
    int64_t now = clock_wall_ms();
    if (f->state != LOGIN_USABLE)
        snprintf(out, size, "none that works");
    else if (!f->expires_at || f->expires_at <= now)
        snprintf(out, size, "%.*s", FINGERPRINT_SHOWN, f->fingerprint);
    else {
        clock_duration(f->expires_at - now, left, sizeof left);
        snprintf(out, size, "%.*s, expires in %s", FINGERPRINT_SHOWN, f->fingerprint, left);
    }
}

static void tell_login(struct steps *s, const struct sync_report *r)
{
    char login[128];
    enum action did = r->did.action;
    describe(&r->local, login, sizeof login);
    if (did == DO_NOTHING)
        steps_tell(s, "login", STEP_THERE, "%s (%s)", login, reason_text(r->stands.reason));
    else
        steps_tell(s, "login", STEP_DONE, "%s: %s", sync_installed(r) ? "pulled" : "published",
                   login);
    if (r->warning.code != ERR_NONE)
        steps_tell(s, "login", STEP_LEFT, "%s", r->warning.text);
}

/* The store has nothing for us yet, or nobody has. */
static bool unfulfilled(const struct relay *r, const struct sync_report *report, struct err *e)
{
    const char *why = reason_text(report->stands.reason);
    if (report->stands.action == DO_WAIT) {
        err_set(e, ERR_BUSY, "set up, but there is no login yet: %s", why);
        err_hint(e, "it comes when a writer publishes; on a writer: credrelay publish");
        return true;
    }
    if (report->stands.action != DO_HUMAN)
        return false;
    err_set(e, ERR_HOPELESS, "set up, but there is no login yet: %s", why);
    err_hint(e, "log in: %s", r->tool->login_command);
    return true;
}

void set_up_login(struct steps *s, const char *name, enum intent intent)
{
    struct relay r;
    struct sync_report report = {.version = 0};
    struct err e;
    if (s->o->dry_run) {
        steps_tell(s, "login", STEP_WOULD, "would be %s",
                   intent == INTENT_PULL ? "pulled" : "pulled or published");
        return;
    }
    if (!relay_load(name, &r, &e)) {
        steps_fail(s, "login", &e);
        return;
    }
    const struct sync_request rq = {.intent = intent, .deadline = clock_steady_ms() + r.timeout_ms};
    if (!relay_sync(&r, &rq, RELAY_LOCK_WAIT_MS, &report, &e) || unfulfilled(&r, &report, &e))
        steps_fail(s, "login", &e);
    else
        tell_login(s, &report);
    relay_free(&r);
}

/* ---- what doctor says ---- */

static void tell_finding(struct steps *s, const struct finding *f)
{
    steps_tell(s, "check", STEP_LEFT, "%s %s: %s%s%s", f->found == FOUND_BROKEN ? "FAIL" : "warn",
               f->label, f->detail, f->hint[0] ? "; " : "", f->hint);
}

void set_up_check(struct steps *s, const char *name)
{
    struct findings found = {.list = NULL};
    struct relay r;
    struct err e;
    if (s->o->dry_run)
        return;
    if (!relay_load(name, &r, &e)) {
        steps_fail(s, "check", &e);
        return;
    }
    check_relay(&r, &found);
    check_machine(&r, &found);
    relay_free(&r);
    for (size_t i = 0; i < found.count; i++)
        if (found.list[i].found != FOUND_FINE)
            tell_finding(s, &found.list[i]);
    if (findings_count(&found, FOUND_FINE) == found.count)
        steps_tell(s, "check", STEP_THERE, "all is well");
    findings_free(&found);
}
