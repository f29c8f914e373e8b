/* Everything a run depends on, looked at in the order in which it does. */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/show.h"
#include "doctor/check.h"

enum { LABEL_AT = 10, TEXT_AT = 30 };

/* ---- as JSON ---- */

static jv *finding_value(const struct finding *f)
{
    jv *v = jv_object();
    jv_put_text(v, "check", f->check);
    jv_put_text(v, "relay", f->relay[0] ? f->relay : NULL);
    jv_put_text(v, "about", f->label);
    jv_put_text(v, "found", found_name(f->found));
    jv_put_text(v, "message", f->detail);
    if (f->found == FOUND_FINE || f->found == FOUND_MENDED)
        return v;
    jv_put_text(v, "matters", f->matters);
    jv_put_text(v, "hint", f->hint);
    jv_put_bool(v, "fixable", f->path != NULL);
    return v;
}

static void show_json(const struct findings *found)
{
    jv *v = jv_object(), *checks = jv_array();
    for (size_t i = 0; i < found->count; i++)
        jv_push(checks, finding_value(&found->list[i]));
    jv_put(v, "checks", checks);
    jv_put_int(v, "broken", (int64_t)findings_count(found, FOUND_BROKEN));
    jv_put_int(v, "warnings", (int64_t)findings_count(found, FOUND_WARNING));
    jv_put_int(v, "mended", (int64_t)findings_count(found, FOUND_MENDED));
    jv_put_int(v, "exit_status", findings_exit_status(found));
    show_line(v);
}

/* ---- as a screen ---- */

static void add_finding(struct screen *s, const struct finding *f)
{
    static const struct {
        enum tone tone;
        const char *mark;
    } marks[FOUND_COUNT] = {
        [FOUND_FINE] = {TONE_GOOD, "ok"},
        [FOUND_WARNING] = {TONE_WARNING, "warn"},
        [FOUND_BROKEN] = {TONE_BAD, "FAIL"},
        [FOUND_MENDED] = {TONE_GOOD, "mended"},
    };
    screen_add(s, marks[f->found].tone, marks[f->found].mark, f->label, "%s", f->detail);
    if (f->matters[0])
        screen_add(s, TONE_DIM, NULL, "", "%s", f->matters);
    if (f->hint[0])
        screen_hint(s, LABEL_AT + 2, "%s", f->hint);
}

/* How many of the findings from F on are fine, of one check, and say the same. */
static size_t alike(const struct findings *found, size_t first)
{
    const struct finding *f = &found->list[first];
    size_t n = 1;
    for (; f->found == FOUND_FINE && first + n < found->count; n++) {
        const struct finding *next = f + n;
        if (next->found != FOUND_FINE || next->check != f->check ||
            strcmp(next->relay, f->relay) != 0 || strcmp(next->detail, f->detail) != 0)
            break;
    }
    return n;
}

/* Eight variables that are not set are one row. */
static void add_alike(struct screen *s, const struct finding *f, size_t count)
{
    char text[1024] = "";
    size_t n = 0;
    for (size_t i = 0; i < count && n < sizeof text; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? ", " : ": ", f[i].label);
    screen_add(s, TONE_GOOD, "ok", f->check, "%s%s", f->detail, text);
}

static void add_summary(struct screen *s, const struct findings *found)
{
    size_t broken = findings_count(found, FOUND_BROKEN), fixable = 0,
           warnings = findings_count(found, FOUND_WARNING);
    for (size_t i = 0; i < found->count; i++)
        fixable += found->list[i].found != FOUND_MENDED && found->list[i].path != NULL;
    if (!broken && !warnings)
        screen_title(s, "all is well");
    else
        screen_title(s, "%zu broken, %zu to be seen to%s", broken, warnings,
                     fixable ? "; some can be mended: credrelay doctor --fix" : "");
}

static bool show_findings(const struct findings *found, struct err *e)
{
    struct screen s;
    const char *relay = NULL;
    if (!screen_open(&s, LABEL_AT, TEXT_AT, e))
        return false;
    show_short(&s);
    for (size_t i = 0, n; i < found->count; i += n) {
        const struct finding *f = &found->list[i];
        if (!relay || strcmp(relay, f->relay) != 0)
            screen_title(&s, "%s", f->relay[0] ? f->relay : "this machine");
        relay = f->relay;
        n = alike(found, i);
        if (n > 1)
            add_alike(&s, f, n);
        else
            add_finding(&s, f);
    }
    add_summary(&s, found);
    show_screen(&s);
    screen_close(&s);
    return true;
}

/* ---- the checks ---- */

/* A relay whose configuration is wrong is told with the configuration. */
static void check_named(const char *name, bool machine, struct findings *found)
{
    struct relay r;
    struct err ignored;
    bool loaded = relay_load(name, &r, &ignored);
    if (loaded && !machine)
        check_relay(&r, found);
    if (machine)
        check_machine(loaded ? &r : NULL, found);
    if (loaded)
        relay_free(&r);
}

static bool check_them(const struct options *o, struct findings *found, struct err *e)
{
    struct relay_names names = {.count = 0};
    struct err ignored;
    if (!relay_names(&names, &ignored))
        names.count = 0;
    if (o->relay) {
        struct relay r;
        if (!relay_load(o->relay, &r, e))
            return false;
        relay_free(&r);
        names.count = 1;
        snprintf(names.name[0], sizeof names.name[0], "%s", o->relay);
    }
    for (size_t i = 0; i < names.count; i++)
        check_named(names.name[i], false, found);
    check_named(names.count ? names.name[0] : NULL, true, found);
    return true;
}

static int run(const struct options *o, int argc, char **argv)
{
    struct findings found = {.list = NULL};
    struct err e;
    (void)argc;
    (void)argv;
    bool ok = check_them(o, &found, &e);
    if (ok && o->fix)
        checks_mend(&found);
    if (ok && o->json)
        show_json(&found);
    else if (ok)
        ok = show_findings(&found, &e);
    int status = ok ? findings_exit_status(&found) : tell_failure("doctor", o, &e);
    findings_free(&found);
    return status;
}

const struct command cmd_doctor = {
    .name = "doctor",
    .arguments = "",
    .summary = "look for what keeps a login from working, and say what mends it",
    .about =
        "Looks at everything a run depends on, in the order in which the client does: what goes "
        "before its\n"
        "login, the login, the store, the programs, the files, the watcher.  Exits with 0: all "
        "is well;\n"
        "1: something is broken; 2: something should be seen to.  Nothing is changed without "
        "--fix, which\n"
        "mends modes, folders and a missing service, and nothing that is not ours.",
    .options = TAKES(RELAY) | TAKES(FIX) | TAKES(JSON),
    .most = 0,
    .run = run,
};
