/* Alerts as a person asks for them: how it stands, whether the channels work, and sending what is
 * due.  Nothing of it is needed for alerts to be sent. */
#include <stdio.h>
#include <string.h>

#include "alert/channel.h"
#include "alert/sender.h"
#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/show.h"

/* Time enough for a mail server that puts strangers off for some minutes; whoever is in trouble
 * later tries again. */
enum { PATIENCE_MS = 15 * 60 * 1000 };

/* ---- how it stands ---- */

static jv *channels_value(const struct alert_settings *s)
{
    jv *names = jv_object();
    for (int c = 0; c < CHANNEL_COUNT; c++)
        jv_put_bool(names, channel_name((enum channel)c), s->channels & 1u << c);
    return names;
}

static void put_moment(jv *v, const char *key, int64_t at)
{
    if (at)
        jv_put_int(v, key, at);
}

static void tell_json(const struct relay *r, const struct alert_settings *s,
                      const struct alert_view *view)
{
    jv *v = jv_object();
    jv_put_bool(v, "ok", true);
    jv_put_text(v, "command", "alert");
    jv_put_text(v, "relay", r->name);
    jv_put_text(v, "machine", r->machine);
    jv_put(v, "channels", channels_value(s));
    jv_put_bool(v, "open", view->open);
    if (view->open) {
        jv_put_bool(v, "told", view->told);
        jv_put_text(v, "what", trouble_name(view->what));
        jv_put_int(v, "since", view->since);
        jv_put_int(v, "runs", view->runs);
        jv_put_text(v, "message", view->why.text);
        jv_put_text(v, "hint", view->why.hint);
    }
    jv_put_int(v, "pending", (int64_t)view->pending);
    put_moment(v, "sent_at", view->sent_at);
    put_moment(v, "failed_at", view->failed_at);
    if (view->failed_at)
        jv_put_text(v, "failure", view->failure);
    jv_put_int(v, "exit_status", 0);
    show_line(v);
}

static void ago(const char *what, int64_t at, const char *more)
{
    char time[32];
    clock_duration(clock_wall_ms() - at, time, sizeof time);
    printf("%-10s %s ago%s%s\n", what, time, more[0] ? ": " : "", more);
}

static void tell_open(const struct relay *r, const struct alert_view *view)
{
    printf("%s on %s is in trouble: %s\n", r->name, r->machine, view->why.text);
    if (view->why.hint[0])
        printf("%-10s %s\n", "remedy", view->why.hint);
    ago("since", view->since, "");
    if (view->runs)
        printf("%-10s %lld failed\n", "runs", (long long)view->runs);
}

static void tell(const struct relay *r, const struct alert_settings *s,
                 const struct alert_view *view)
{
    if (view->open)
        tell_open(r, view);
    else
        printf("%s on %s: nothing is wrong\n", r->name, r->machine);
    printf("%-10s", "channels");
    for (int c = 0; c < CHANNEL_COUNT; c++)
        if (s->channels & 1u << c)
            printf(" %s", channel_name((enum channel)c));
    puts(s->channels ? "" : " none: nobody is told");
    if (view->sent_at)
        ago("sent", view->sent_at, "");
    if (view->failed_at)
        ago("failed", view->failed_at, view->failure);
    if (view->pending)
        printf("%-10s %zu to be sent: credrelay alert send\n", "pending", view->pending);
}

static int show(const struct options *o, const struct relay *r, const struct alert_settings *s)
{
    struct alert_view view;
    struct err e;
    if (!alert_look(r, &view, &e))
        return tell_failure("alert", o, &e);
    if (o->json)
        tell_json(r, s, &view);
    else if (!o->quiet || view.open || view.pending)
        tell(r, s, &view);
    return 0;
}

/* ---- channel by channel ---- */

/* What became of one, in words or as an element of OUTCOMES. */
static void tell_outcome(const struct options *o, jv *outcomes, enum channel c, const char *good,
                         const struct err *failure)
{
    if (o->json) {
        jv *v = jv_object();
        jv_put_text(v, "channel", channel_name(c));
        jv_put_bool(v, "ok", !failure);
        if (failure) {
            jv_put_text(v, "error", err_name(failure->code));
            jv_put_text(v, "message", failure->text);
            jv_put_text(v, "hint", failure->hint);
        }
        jv_push(outcomes, v);
    } else if (!failure && !o->quiet) {
        printf("%s: %s\n", channel_name(c), good);
    } else if (failure) {
        fprintf(stderr, "credrelay: alert: %s\n", failure->text);
        if (failure->hint[0])
            fprintf(stderr, "  %s\n", failure->hint);
    }
}

static void end_outcomes(const struct options *o, const char *command, jv *outcomes, int status)
{
    if (!o->json) {
        jv_free(outcomes);
        return;
    }
    jv *v = jv_object();
    jv_put_bool(v, "ok", status == 0);
    jv_put_text(v, "command", command);
    jv_put(v, "outcomes", outcomes);
    jv_put_int(v, "exit_status", status);
    show_line(v);
}

typedef bool channel_fn(enum channel c, const struct alert_settings *s, const struct relay *r,
                        struct err *e);

static bool check(enum channel c, const struct alert_settings *s, const struct relay *r,
                  struct err *e)
{
    (void)r;
    return channel_check(c, s, e);
}

static int no_channel(const struct options *o, const char *command)
{
    struct err e;
    err_set(&e, ERR_USAGE, "no channel is set up: nobody is told");
    err_hint(&e, "add a section [alert] with mail, webhook or command: credrelay.conf(5)");
    return tell_failure(command, o, &e);
}

static int each_channel(const struct options *o, const struct relay *r,
                        const struct alert_settings *s, const char *command, channel_fn *fn,
                        const char *good)
{
    int status = 0;
    if (!s->channels)
        return no_channel(o, command);
    jv *outcomes = jv_array();
    for (int c = 0; c < CHANNEL_COUNT; c++) {
        struct err e;
        if (!(s->channels & 1u << c))
            continue;
        bool ok = fn((enum channel)c, s, r, &e);
        if (!ok)
            status = err_exit_status(e.code);
        tell_outcome(o, outcomes, (enum channel)c, good, ok ? NULL : &e);
    }
    end_outcomes(o, command, outcomes, status);
    return status;
}

/* ---- sending ---- */

struct telling_of {
    const struct options *o;
    jv *outcomes;
    int status;
};

static void told(void *ctx, const struct relay *r, enum channel c, const struct letter *l,
                 const struct err *failure)
{
    struct telling_of *t = ctx;
    char good[128];
    snprintf(good, sizeof good, "sent: %s, %s", r->name, telling_name(l->telling.kind));
    tell_outcome(t->o, t->outcomes, c, good, failure);
    if (failure)
        t->status = err_exit_status(failure->code);
}

static int send_due(const struct options *o)
{
    struct telling_of t = {.o = o, .outcomes = jv_array()};
    const struct sender s = {.told = told, .ctx = &t};
    struct sender_result result;
    struct err e;
    bool ok = o->wait ? sender_stay(&s, PATIENCE_MS, &result, &e) : sender_run(&s, &result, &e);
    if (!ok) {
        jv_free(t.outcomes);
        return tell_failure("alert send", o, &e);
    }
    if (!result.pending)
        t.status = 0; /* what was refused has been taken since */
    end_outcomes(o, "alert send", t.outcomes, t.status);
    if (!o->json && !o->quiet && !result.delivered && !result.refused)
        puts(result.pending ? "nothing is due yet" : "nothing is to be sent");
    return t.status;
}

/* ---- the command ---- */

static int of_relay(const struct options *o, const char *what)
{
    struct relay r;
    struct alert_settings s;
    struct err e;
    if (!relay_load(o->relay, &r, &e))
        return tell_failure("alert", o, &e);
    int status;
    if (!alert_settings_load(&s, &e)) {
        status = tell_failure("alert", o, &e);
    } else {
        if (!what)
            status = show(o, &r, &s);
        else if (strcmp(what, "test") == 0)
            status = each_channel(o, &r, &s, "alert test", channel_test, "the message was taken");
        else
            status = each_channel(o, &r, &s, "alert check", check, "could be sent to");
        alert_settings_free(&s);
    }
    relay_free(&r);
    return status;
}

static int run(const struct options *o, int argc, char **argv)
{
    const char *what = argc ? argv[0] : NULL;
    struct err e;
    if (!what || strcmp(what, "test") == 0 || strcmp(what, "check") == 0)
        return of_relay(o, what);
    if (strcmp(what, "send") == 0)
        return send_due(o);
    err_set(&e, ERR_USAGE, "there is no '%.32s'", what);
    err_hint(&e, "see: credrelay alert --help");
    return tell_failure("alert", o, &e);
}

const struct command cmd_alert = {
    .name = "alert",
    .arguments = "[check|send|test]",
    .summary = "see who is told of trouble, and try it",
    .about = "Without an argument: whether something is wrong and what has been told of it.\n"
             "`check` looks whether each channel of the section [alert] could be sent to, `test` "
             "sends a message\n"
             "through each, `send` sends what is due; runs in trouble and the watcher do so by "
             "themselves.",
    .options = TAKES(RELAY) | TAKES(JSON) | TAKES(QUIET) | TAKES(WAIT),
    .most = 1,
    .run = run,
};
