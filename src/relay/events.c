#include "relay/events.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

static const char *const names[] = {
    [INTENT_SYNC] = "sync", [INTENT_PULL] = "pull", [INTENT_PUBLISH] = "publish"};

static jv *event(const struct relay *r, const char *name)
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

static void append(const struct relay *r, jv *v)
{
    const struct log log = {.folder = r->state_dir, .size = r->log_size, .files = r->log_keep};
    struct err e;
    if (!log_write(&log, v, &e))
        fprintf(stderr, "credrelay: the log could not be written, ignoring: %s\n", e.text);
}

void event_sync(const struct relay *r, enum intent intent, const struct sync_report *report,
                const struct err *failure)
{
    jv *v = event(r, names[intent]);
    jv_put_bool(v, "ok", report != NULL);
    if (report) {
        jv_put_text(v, "did", action_name(report->did.action));
        jv_put_text(v, "why",
                    reason_name(report->did.action == DO_NOTHING ? report->stands.reason
                                                                 : report->did.reason));
        put_login(v, "local", &report->local);
        put_login(v, "store", &report->shared);
        jv_put_int(v, "version", report->version);
        if (report->warning.code != ERR_NONE)
            jv_put_text(v, "warning", report->warning.text);
    } else {
        jv_put_text(v, "error", err_name(failure->code));
        jv_put_text(v, "message", failure->text);
    }
    append(r, v);
}

void event_run(const struct relay *r, const struct run_event *run)
{
    jv *v = event(r, "run");
    jv_put_text(v, "verdict", run->verdict);
    jv_put_bool(v, "recovery_attempted", run->recovery_attempted);
    jv_put_bool(v, "recovery_succeeded", run->recovery_succeeded);
    jv_put_bool(v, "retried", run->retried);
    jv_put_int(v, "exit_status", run->exit_status);
    if (run->message)
        jv_put_text(v, "message", run->message);
    append(r, v);
}
