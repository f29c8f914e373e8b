#include "doctor/gather.h"

#include <stdio.h>
#include <string.h>

#include "alert/alert.h"
#include "base/clock.h"
#include "doctor/ask.h"
#include "journal/outcome.h"
#include "relay/state.h"
#include "service/service.h"
#include "tool/override.h"
#include "watch/presence.h"

static const struct err fine = {.code = ERR_NONE};

/* ---- this machine ---- */

static bool gather_login(struct facts *f, struct err *e)
{
    const struct login_source source = relay_login_source(f->relay);
    f->local_why = fine;
    if (login_source_look(&source, &f->local, &f->local_why))
        return true;
    *e = f->local_why;
    return false;
}

static bool gather_memory(struct facts *f, struct err *e)
{
    char path[LIMIT_PATH];
    struct state state;
    if (!relay_state_path(f->relay, ".json", path, e) ||
        !state_load(path, f->relay->store_url, f->now, &state, e))
        return false;
    f->memory = state.memory;
    return true;
}

static bool gather_watcher(struct facts *f, struct err *e)
{
    struct watch_presence p;
    if (!watch_presence(f->relay->state_dir, &p, e))
        return false;
    const struct watch_relay *w = watch_relay_of(&p, f->relay->name);
    f->watcher = (struct watcher){.running = p.running, .since = p.since, .ails = fine};
    if (!w)
        return true;
    f->watcher.synced_at = w->synced_at;
    memcpy(f->holder, w->holder, sizeof f->holder);
    if (w->error[0]) {
        err_set(&f->watcher.ails, err_by_name(w->error), "%s", w->text);
        err_hint(&f->watcher.ails, "%s", w->hint);
    }
    return true;
}

static void gather_service(struct facts *f)
{
    static const char *const words[SERVICE_STATE_COUNT] = {
        [SERVICE_ABSENT] = "not installed",
        [SERVICE_RUNNING] = "running",
        [SERVICE_STOPPED] = "installed, not running",
        [SERVICE_FOREIGN] = "a unit of its name is there that is not ours",
    };
    struct service s;
    struct err e;
    bool found = service_find(NULL, &s, &e);
    f->no_manager = !found || !s.reachable;
    if (!found)
        snprintf(f->service, sizeof f->service, "%.190s", e.text);
    else
        snprintf(f->service, sizeof f->service, "%s: %s%s", s.manager, words[s.state],
                 s.reachable ? "" : "; it does not answer here");
}

static bool gather_incident(struct facts *f, struct err *e)
{
    struct alert_view v;
    if (!alert_look(f->relay, &v, e))
        return false;
    f->incident = (struct incident){.open = v.open, .since = v.since, .runs = v.runs, .why = v.why};
    return true;
}

/* ---- the log ---- */

static void say_transfer(const jv *members, const char *login, struct happening *h)
{
    const char *fingerprint = jv_text(members, login);
    snprintf(h->what, sizeof h->what, "version %lld, %.64s",
             (long long)jv_number(members, "version", 0), fingerprint ? fingerprint : "?");
}

static void say_recovery(const jv *members, struct happening *h)
{
    snprintf(h->what, sizeof h->what,
             jv_flag(members, "retried") ? "a run was made again with another login"
                                         : "a run began with another login");
}

static void say_failure(const jv *members, struct happening *h)
{
    const char *name = jv_text(members, "event"), *message = jv_text(members, "message");
    if (name && strcmp(name, "run") == 0)
        snprintf(h->what, sizeof h->what, "a run, exit status %lld%s%.300s",
                 (long long)jv_number(members, "exit_status", 0), message ? ": " : "",
                 message ? message : "");
    else
        snprintf(h->what, sizeof h->what, "%.32s: %.300s", name ? name : "?",
                 message ? message : "it was refused");
}

static void gather_log(struct facts *f)
{
    struct journal_latest l;
    struct happening *h = f->happenings;
    f->log_why = fine;
    if (!journal_latest(f->relay->state_dir, f->relay->name, &l, &f->log_why))
        return;
    /* A run tells its sync's failure just before its own, perhaps in the same millisecond. */
    enum outcome worst =
        l.at[OUTCOME_FAILED] >= l.at[OUTCOME_REFUSED] ? OUTCOME_FAILED : OUTCOME_REFUSED;
    h[HAPPENED_PUBLISH].at = l.at[OUTCOME_PUBLISHED];
    h[HAPPENED_PULL].at = l.at[OUTCOME_PULLED];
    h[HAPPENED_RECOVERY].at = l.at[OUTCOME_RECOVERED];
    h[HAPPENED_FAILURE].at = l.at[worst];
    say_transfer(l.event[OUTCOME_PUBLISHED], "local", &h[HAPPENED_PUBLISH]);
    say_transfer(l.event[OUTCOME_PULLED], "local", &h[HAPPENED_PULL]);
    say_recovery(l.event[OUTCOME_RECOVERED], &h[HAPPENED_RECOVERY]);
    say_failure(l.event[worst], &h[HAPPENED_FAILURE]);
    journal_latest_free(&l);
}

/* ---- the store ---- */

static void gather_store(struct facts *f)
{
    struct store s;
    struct asked a;
    f->answer = NO_ANSWER;
    if (!store_open(f->relay->store_url, f->relay->name, &s, &f->store_why) ||
        !ask_shared(f->relay, &s, &a, &f->store_why))
        return;
    f->answer = ANSWERED;
    f->store_why = fine;
    f->shared = (struct stored){.known = true, .version = a.version, .login = a.login};
    f->modified = a.modified;
    memcpy(f->by, a.by, sizeof f->by);
}

bool facts_gather(const struct relay *r, bool online, struct facts *ret, struct err *e)
{
    *ret = (struct facts){.relay = r, .now = clock_wall_ms(), .overriding = tool_override(r->tool)};
    if (!gather_login(ret, e) || !gather_memory(ret, e) || !gather_watcher(ret, e) ||
        !gather_incident(ret, e))
        return false;
    gather_log(ret);
    if (online) {
        gather_store(ret);
        gather_service(ret);
    }
    return true;
}
