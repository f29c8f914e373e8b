/* Each relay on one screen, and whether its next run will work. */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/show.h"
#include "doctor/gather.h"
#include "doctor/rows.h"

/* ---- as JSON ---- */

static jv *time_value(int64_t at, const char *what)
{
    jv *v = jv_object();
    jv_put_int(v, "at", at);
    jv_put_text(v, "what", what);
    return v;
}

/* Absent (0) times are null. */
static void put_time(jv *v, const char *key, int64_t at)
{
    if (at)
        jv_put_int(v, key, at);
    else
        jv_put_text(v, key, NULL);
}

static void put_failure(jv *v, const struct err *e)
{
    if (e->code == ERR_NONE)
        return;
    jv_put_text(v, "error", err_name(e->code));
    jv_put_text(v, "message", e->text);
    jv_put_text(v, "hint", e->hint);
}

static jv *local_value(const struct facts *f)
{
    jv *v = show_login(&f->local);
    if (f->local.state == LOGIN_USABLE)
        jv_put_bool(v, "refused", memory_rejects(&f->memory, f->local.fingerprint));
    put_failure(v, &f->local_why);
    return v;
}

static jv *stored_value(const struct facts *f, const struct outlook *o)
{
    jv *v = jv_object();
    jv_put_text(v, "answer", answer_name(f->answer));
    put_failure(v, &f->store_why);
    if (f->answer != ANSWERED)
        return v;
    jv_put_int(v, "version", f->shared.version);
    put_time(v, "modified", f->modified);
    jv_put_text(v, "by", f->by[0] ? f->by : NULL);
    jv_put(v, "login", show_login(&f->shared.login));
    jv_put_text(v, "compared", standing_name(store_standing(f, o)));
    return v;
}

static jv *watcher_value(const struct watcher *w)
{
    jv *v = jv_object();
    jv_put_bool(v, "running", w->running);
    put_time(v, "since", w->running ? w->since : 0);
    put_time(v, "in_step_at", w->synced_at);
    put_failure(v, &w->ails);
    return v;
}

static jv *incident_value(const struct incident *i)
{
    jv *v = jv_object();
    put_time(v, "since", i->since);
    jv_put_int(v, "runs", i->runs);
    put_failure(v, &i->why);
    return v;
}

static jv *notes_value(const struct outlook *o)
{
    jv *notes = jv_array();
    for (size_t i = 0; i < o->count; i++) {
        jv *v = jv_object();
        jv_put_text(v, "about", note_kind_name(o->notes[i].kind));
        jv_put_text(v, "message", o->notes[i].text);
        jv_put_text(v, "hint", o->notes[i].hint);
        jv_push(notes, v);
    }
    return notes;
}

static jv *relay_value(const struct facts *f, const struct outlook *o)
{
    jv *v = jv_object();
    jv_put_text(v, "relay", f->relay->name);
    jv_put_text(v, "machine", f->relay->machine);
    jv_put_text(v, "role", role_name(f->relay->role));
    jv_put_text(v, "store", f->relay->store_url);
    jv_put_text(v, "next_run", prospect_name(o->prospect));
    jv_put(v, "notes", notes_value(o));
    jv_put_text(v, "overriding", f->overriding);
    jv_put(v, "local", local_value(f));
    jv_put(v, "stored", stored_value(f, o));
    jv_put_text(v, "holder", who_renews(f));
    jv_put(v, "watcher", watcher_value(&f->watcher));
    jv_put_text(v, "service", f->service[0] ? f->service : NULL);
    if (f->incident.open)
        jv_put(v, "incident", incident_value(&f->incident));
    for (int i = 0; i < HAPPENINGS; i++)
        if (f->happenings[i].at)
            jv_put(v, happening_name((enum happening_kind)i),
                   time_value(f->happenings[i].at, f->happenings[i].what));
    jv_put_int(v, "exit_status", outlook_exit_status(o));
    return v;
}

/* ---- the relays ---- */

struct showing {
    const struct options *o;
    struct screen screen;
    jv *relays;
    int status;
};

/* 1 goes before 2 goes before 0. */
static int worse(int a, int b)
{
    return a == 1 || b == 0 ? a : b;
}

static bool show_relay(struct showing *s, const char *name, struct err *e)
{
    struct relay r;
    struct facts f;
    struct outlook o;
    if (!relay_load(name, &r, e))
        return false;
    bool ok = facts_gather(&r, !s->o->offline, &f, e);
    if (ok) {
        outlook(&f, &o);
        s->status = worse(s->status, outlook_exit_status(&o));
        if (s->o->json)
            jv_push(s->relays, relay_value(&f, &o));
        else
            status_rows(&f, &o, &s->screen);
    }
    relay_free(&r);
    return ok;
}

static bool show_relays(struct showing *s, struct err *e)
{
    struct relay_names names;
    if (s->o->relay)
        return show_relay(s, s->o->relay, e);
    bool ok = relay_names(&names, e);
    for (size_t i = 0; ok && i < names.count; i++)
        ok = show_relay(s, names.name[i], e);
    return ok;
}

static void finish(struct showing *s)
{
    if (!s->o->json) {
        show_screen(&s->screen);
        return;
    }
    jv *v = jv_object();
    jv_put(v, "relays", s->relays);
    s->relays = NULL;
    jv_put_int(v, "exit_status", s->status);
    show_line(v);
}

static int run(const struct options *o, int argc, char **argv)
{
    struct showing s = {.o = o, .relays = jv_array()};
    struct err e;
    (void)argc;
    (void)argv;
    bool ok = status_screen(&s.screen, &e);
    show_short(&s.screen);
    ok = ok && show_relays(&s, &e);
    if (ok)
        finish(&s);
    screen_close(&s.screen);
    jv_free(s.relays);
    return ok ? s.status : tell_failure("status", o, &e);
}

const struct command cmd_status = {
    .name = "status",
    .arguments = "",
    .summary = "show each relay, and whether its next run will work",
    .about =
        "Shows the login here, the store's, who renews it, the watcher and what happened last, "
        "and whether\n"
        "the next run will work.  Exits with 0: it will; 1: it will not; 2: it will, but "
        "something needs\n"
        "attention.  The store is asked once; with --offline, nobody is.",
    .options = TAKES(RELAY) | TAKES(OFFLINE) | TAKES(JSON),
    .most = 0,
    .run = run,
};
