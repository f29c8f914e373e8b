#include "relay/events.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "relay/renew.h"

static const char *const names[] = {
    [INTENT_SYNC] = "sync", [INTENT_PULL] = "pull", [INTENT_PUBLISH] = "publish"};

static const char *const watch_names[] = {
    [WATCH_START] = "start",   [WATCH_RELOAD] = "reload",   [WATCH_STOP] = "stop",
    [WATCH_CHANGE] = "change", [WATCH_FAILING] = "failing", [WATCH_RECOVERED] = "recovered",
    [WATCH_BLIND] = "blind",
};
_Static_assert(sizeof watch_names / sizeof watch_names[0] == WATCH_DID_COUNT, "one name for each");

static FILE *echo;

void events_echo(FILE *out)
{
    echo = out;
}

jv *event_new(const struct relay *r, const char *name)
{
    jv *v = log_event(name);
    jv_put_text(v, "relay", r->name);
    jv_put_text(v, "machine", r->machine);
    return v;
}

static void put_login(jv *v, const char *key, const struct login_facts *f)
{
    if (f->state == LOGIN_USABLE)
        jv_put_bytes(v, key, f->fingerprint, FINGERPRINT_SHOWN);
    else
        jv_put_text(v, key, login_state_name(f->state));
}

/* One write, so that what a forked process tells does not get into our line. */
static void repeat(const jv *v)
{
    struct buf line;
    buf_init(&line, LIMIT_EVENT);
    if (jv_write(v, &line) && buf_text(&line, "\n")) {
        (void)fwrite(line.data, 1, line.len, echo);
        (void)fflush(echo);
    }
    buf_free(&line);
}

void event_append(const struct relay *r, jv *v)
{
    const struct log log = {.folder = r->state_dir, .size = r->log_size, .files = r->log_keep};
    static bool said; /* until it can be written again */
    struct err e;
    if (echo)
        repeat(v);
    (void)!dir_make(r->state_dir, &e); /* of a machine on which nothing has happened yet */
    bool ok = log_write(&log, v, &e);
    if (!ok && !said)
        fprintf(stderr, "credrelay: the log could not be written, ignoring: %s\n", e.text);
    said = !ok;
}

static void put_report(jv *v, const struct sync_report *report)
{
    bool nothing = report->did.action == DO_NOTHING;
    jv_put_text(v, "did", action_name(report->did.action));
    jv_put_text(v, "why", reason_name(nothing ? report->stands.reason : report->did.reason));
    put_login(v, "local", &report->local);
    put_login(v, "store", &report->shared);
    jv_put_int(v, "version", report->version);
    if (report->warning.code != ERR_NONE)
        jv_put_text(v, "warning", report->warning.text);
}

void event_sync(const struct relay *r, enum intent intent, const struct sync_report *report,
                const struct err *failure)
{
    jv *v = event_new(r, names[intent]);
    struct err unmet;
    if (report)
        failure = sync_unmet(r, intent, report, &unmet) ? &unmet : NULL;
    jv_put_bool(v, "ok", !failure);
    if (report)
        put_report(v, report);
    if (failure) {
        jv_put_text(v, "error", err_name(failure->code));
        jv_put_text(v, "message", failure->text);
    }
    event_append(r, v);
}

void event_rollback(const struct relay *r, int64_t version, const struct rollback_report *report,
                    const struct err *failure)
{
    jv *v = event_new(r, "rollback");
    jv_put_bool(v, "ok", report != NULL);
    jv_put_int(v, "restored", version);
    if (report) {
        put_login(v, "from", &report->from);
        put_login(v, "to", &report->to);
        jv_put_text(v, "form", rollback_form_name(report->form));
        jv_put_int(v, "version", report->done ? report->version : report->replaced);
        if (report->warning.code != ERR_NONE)
            jv_put_text(v, "warning", report->warning.text);
    } else {
        jv_put_text(v, "error", err_name(failure->code));
        jv_put_text(v, "message", failure->text);
    }
    event_append(r, v);
}

void event_run(const struct relay *r, const struct run_event *run)
{
    jv *v = event_new(r, "run");
    jv_put_text(v, "verdict", run->verdict);
    jv_put_bool(v, "recovery_attempted", run->recovery_attempted);
    jv_put_bool(v, "recovery_succeeded", run->recovery_succeeded);
    jv_put_bool(v, "retried", run->retried);
    jv_put_int(v, "exit_status", run->exit_status);
    if (run->message)
        jv_put_text(v, "message", run->message);
    event_append(r, v);
}

static void put_failure(jv *v, const struct err *why)
{
    jv_put_text(v, "error", err_name(why->code));
    jv_put_text(v, "message", why->text);
    jv_put_text(v, "hint", why->hint);
}

/* Was a refresh token claimed, or sent? */
static bool was_tried(enum renewal outcome)
{
    switch (outcome) {
    case RENEWAL_DONE:
    case RENEWAL_UNPUBLISHED:
    case RENEWAL_OVERTAKEN:
    case RENEWAL_FAILED:
    case RENEWAL_REFUSED: return true;
    default: return false;
    }
}

static void put_renewal(jv *v, const struct renew_report *report)
{
    jv_put_text(v, "did", renewal_name(report->outcome));
    put_login(v, "before", &report->before);
    put_login(v, "local", &report->after);
    jv_put_text(v, "holder", report->holder[0] ? report->holder : NULL);
    jv_put_bool(v, "took_over", report->took_over);
    jv_put_int(v, "version", report->version);
}

void event_renew(const struct relay *r, const struct renew_report *report,
                 const struct err *failure)
{
    if (report && !was_tried(report->outcome))
        return;
    jv *v = event_new(r, "renew");
    jv_put_bool(v, "ok", report && report->outcome == RENEWAL_DONE);
    if (report) {
        put_renewal(v, report);
        failure = &report->why;
    }
    if (failure->code != ERR_NONE)
        put_failure(v, failure);
    event_append(r, v);
}

static void put_said(jv *v, const char *key, const char *text)
{
    if (text && *text)
        jv_put_text(v, key, text);
}

void event_key(const struct relay *r, const struct key_event *k)
{
    jv *v = event_new(r, "key");
    jv_put_bool(v, "ok", !k->why);
    jv_put_text(v, "did", k->did);
    jv_put_text(v, "role", role_name(k->role));
    put_said(v, "profile", k->profile);
    put_said(v, "user", k->user);
    put_said(v, "key", k->key);
    put_said(v, "host", k->host);
    if (k->why)
        put_failure(v, k->why);
    event_append(r, v);
}

void event_watch(const struct relay *r, const struct watch_event *w)
{
    jv *v = event_new(r, "watch");
    jv_put_text(v, "did", watch_names[w->did]);
    if (w->login)
        put_login(v, "local", w->login);
    if (w->why)
        put_failure(v, w->why);
    if (w->since)
        jv_put_int(v, "since", w->since);
    event_append(r, v);
}

void event_deadline(const struct relay *r, int64_t deadline, int days, const char *message)
{
    jv *v = event_new(r, "deadline");
    jv_put_int(v, "deadline", deadline);
    jv_put_int(v, "days", days);
    jv_put_text(v, "message", message);
    event_append(r, v);
}
