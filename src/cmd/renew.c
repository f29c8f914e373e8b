/* Renewing by hand: what the watcher does when the time has come, said in a sentence. */
#include "relay/renew.h"

#include <stdio.h>

#include "alert/renewal.h"
#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/show.h"

/* ---- what stands in the way ---- */

static bool unmet_for(const struct renew_report *report, struct err *ret)
{
    *ret = report->why;
    return true;
}

/* Was it asked for, or is it needed, and has not come about? */
static bool unmet(const struct options *o, const struct renew_report *report, struct err *ret)
{
    switch (report->outcome) {
    case RENEWAL_CLAIMED:
        err_set(ret, ERR_BUSY, "%s renews this login now", report->holder);
        return !err_hint(ret, "if that machine is lost: credrelay renew --force");
    case RENEWAL_NOT_OURS:
        if (!o->now)
            return false;
        err_set(ret, ERR_DENIED, "%s holds this login, and may have its refresh token on disk",
                report->holder);
        return !err_hint(ret, "on that machine: credrelay renew --now; if it is lost: "
                              "credrelay renew --force");
    case RENEWAL_UNPUBLISHED:
    case RENEWAL_NOTHING:
    case RENEWAL_FAILED:
    case RENEWAL_REFUSED: return unmet_for(report, ret);
    default: return false;
    }
}

/* ---- telling ---- */

static const char *in(int64_t at, char *out, size_t size)
{
    int64_t left = at - clock_wall_ms();
    clock_duration(left > 0 ? left : 0, out, size);
    return out;
}

static void say(const struct renew_report *report, char *out, size_t size)
{
    char when[64];
    const char *holder = report->holder[0] ? report->holder : "nobody";
    switch (report->outcome) {
    case RENEWAL_DONE:
        snprintf(out, size,
                 report->took_over ? "took it over from %s and renewed it" : "renewed it", holder);
        break;
    case RENEWAL_WOULD:
        snprintf(out, size,
                 report->took_over ? "would take it over from %s and renew it" : "would renew it",
                 holder);
        break;
    case RENEWAL_NOT_DUE:
        if (report->due_at == INT64_MAX)
            snprintf(out, size, "nothing to do: it is not known to expire");
        else
            snprintf(out, size, "nothing to do: this machine renews it in %s",
                     in(report->due_at, when, sizeof when));
        break;
    case RENEWAL_NOT_OURS:
        if (report->due_at == INT64_MAX)
            snprintf(out, size, "nothing to do: %s renews it", holder);
        else
            snprintf(out, size,
                     "nothing to do: %s renews it; if it has not, this machine takes over in %s",
                     holder, in(report->due_at, when, sizeof when));
        break;
    default: snprintf(out, size, "nothing to do: another machine was faster"); break;
    }
}

static void tell(const struct relay *r, const struct renew_report *report)
{
    char what[300], login[128];
    say(report, what, sizeof what);
    show_login_words(report->outcome == RENEWAL_DONE ? &report->after : &report->before, login,
                     sizeof login);
    printf("%s (%s", what, login);
    if (report->version)
        printf("; %s version %lld", r->store_url, (long long)report->version);
    puts(")");
}

static void tell_json(const struct relay *r, const struct renew_report *report,
                      const struct options *o, const struct err *unmet_why)
{
    jv *v = jv_object();
    jv_put_bool(v, "ok", !unmet_why);
    jv_put_text(v, "command", "renew");
    jv_put_text(v, "relay", r->name);
    jv_put_text(v, "machine", r->machine);
    jv_put_text(v, "role", role_name(r->role));
    jv_put_text(v, "store", r->store_url);
    jv_put_bool(v, "dry_run", o->dry_run);
    jv_put_text(v, "did", renewal_name(report->outcome));
    jv_put(v, "before", show_login(&report->before));
    jv_put(v, "local", show_login(&report->after));
    jv_put_text(v, "holder", report->holder[0] ? report->holder : NULL);
    jv_put_bool(v, "took_over", report->took_over);
    if (report->due_at && report->due_at != INT64_MAX)
        jv_put_int(v, "due_at", report->due_at);
    jv_put_int(v, "version", report->version);
    if (unmet_why) {
        jv_put_text(v, "error", err_name(unmet_why->code));
        jv_put_text(v, "message", unmet_why->text);
        jv_put_text(v, "hint", unmet_why->hint);
    }
    jv_put_int(v, "exit_status", unmet_why ? err_exit_status(unmet_why->code) : 0);
    show_line(v);
}

/* Trouble that the watcher has had may be over, or begin. */
static void tell_alert(const struct relay *r, const struct renew_report *report)
{
    struct err e;
    if (!alert_renewal(r, report, clock_wall_ms(), &e))
        fprintf(stderr, "credrelay: nobody will be told: %s\n", e.text);
}

static int renew(const struct relay *r, const struct options *o)
{
    struct renew_report report;
    struct err e;
    const struct renew_request rq = {
        .now = o->now || o->force, .force = o->force, .dry_run = o->dry_run};
    if (!renew_relay(r, &rq, &report, &e))
        return tell_failure("renew", o, &e);
    bool short_of = unmet(o, &report, &e);
    if (!o->dry_run)
        tell_alert(r, &report);
    if (o->json) {
        tell_json(r, &report, o, short_of ? &e : NULL);
        return short_of ? err_exit_status(e.code) : 0;
    }
    if (short_of)
        return tell_failure("renew", o, &e);
    if (!o->quiet)
        tell(r, &report);
    return 0;
}

static int run(const struct options *o, int argc, char **argv)
{
    struct relay r;
    struct err e;
    (void)argc;
    (void)argv;
    if (!relay_load(o->relay, &r, &e))
        return tell_failure("renew", o, &e);
    int status = renew(&r, o);
    relay_free(&r);
    return status;
}

const struct command cmd_renew = {
    .name = "renew",
    .arguments = "",
    .summary = "renew the login, if it is this machine's turn",
    .about = "Has the client refresh the login and publishes what comes of it, when it is time and "
             "this machine's\n"
             "turn.  --now does it at once; --force also takes it from a machine that holds it and "
             "is lost.",
    .options =
        TAKES(RELAY) | TAKES(NOW) | TAKES(FORCE) | TAKES(JSON) | TAKES(DRY_RUN) | TAKES(QUIET),
    .most = 0,
    .run = run,
};
