#include "doctor/rows.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { LABEL_AT = 2, TEXT_AT = 13 };

static const char *const happening_names[] = {
    [HAPPENED_PUBLISH] = "publish",
    [HAPPENED_PULL] = "pull",
    [HAPPENED_RECOVERY] = "recovery",
    [HAPPENED_FAILURE] = "failure",
};
_Static_assert(sizeof happening_names / sizeof happening_names[0] == HAPPENINGS, "one for each");

static const char *const prospects[] = {
    [WILL_WORK] = "will work",
    [WILL_NOT_WORK] = "will not work",
    [CANNOT_TELL] = "does not depend on this login",
};
_Static_assert(sizeof prospects / sizeof prospects[0] == PROSPECT_COUNT, "one for each");

const char *happening_name(enum happening_kind k)
{
    return happening_names[k];
}

bool status_screen(struct screen *s, struct err *e)
{
    return screen_open(s, LABEL_AT, TEXT_AT, e);
}

/* "14 min 3 s ago" */
static const char *ago(const struct facts *f, int64_t at, char *out, size_t size)
{
    char span[64];
    clock_duration(f->now - at, span, sizeof span);
    snprintf(out, size, "%s ago", span);
    return out;
}

/* "expires in 7 h 59 min" */
static void say_expiry(const struct facts *f, const struct login_facts *l, char *out, size_t size)
{
    char span[64];
    if (!l->expires_at) {
        snprintf(out, size, "expiry not known");
    } else if (login_expired(l, f->now)) {
        clock_duration(f->now - l->expires_at, span, sizeof span);
        snprintf(out, size, "expired %s ago", span);
    } else {
        clock_duration(l->expires_at - f->now, span, sizeof span);
        snprintf(out, size, "expires in %s", span);
    }
}

/* ---- the rows ---- */

static void row_login(const struct facts *f, struct screen *s)
{
    const struct login_facts *l = &f->local;
    char text[128];
    if (l->state != LOGIN_USABLE) {
        screen_add(s, TONE_BAD, NULL, "login", "%s", f->local_why.text);
        return;
    }
    bool refused = memory_rejects(&f->memory, l->fingerprint);
    bool expired = login_expired(l, f->now);
    enum tone tone = refused || (expired && !l->renewable) ? TONE_BAD
                     : expired                             ? TONE_WARNING
                                                           : TONE_GOOD;
    say_expiry(f, l, text, sizeof text);
    screen_add(s, tone, NULL, "login", "%.*s, %s%s", FINGERPRINT_SHOWN, l->fingerprint,
               refused   ? "refused by the server, "
               : expired ? ""
                         : "usable, ",
               text);
}

static void row_deadline(const struct facts *f, struct screen *s)
{
    char span[64], date[32];
    int64_t left = f->local.deadline - f->now;
    if (f->local.state != LOGIN_USABLE || !f->local.deadline)
        return;
    clock_local(f->local.deadline, date, sizeof date); /* the day of whoever reads it */
    clock_duration(left > 0 ? left : -left, span, sizeof span);
    screen_add(s,
               left <= 0                 ? TONE_BAD
               : left < DEADLINE_NEAR_MS ? TONE_WARNING
                                         : TONE_PLAIN,
               NULL, "",
               left > 0 ? "a person must log in again in %s (%.10s)"
                        : "a person must log in again, since %s (%.10s)",
               span, date);
}

static void row_value(const struct facts *f, const struct outlook *o, struct screen *s)
{
    static const char *const compared[] = {[STANDS_UNKNOWN] = "",
                                           [STANDS_SAME] = ", the same as here",
                                           [STANDS_NEWER] = ", newer than the one here",
                                           [STANDS_OLDER] = ", older than the one here"};
    const struct login_facts *l = &f->shared.login;
    char text[128], when[80] = "";
    if (!f->shared.version) {
        screen_add(s, TONE_WARNING, NULL, "", "it has no login yet");
        return;
    }
    if (f->modified)
        ago(f, f->modified, when, sizeof when);
    screen_add(s, TONE_PLAIN, NULL, "", "version %lld%s%s%s%s", (long long)f->shared.version,
               when[0] ? ", " : "", when, f->by[0] ? ", by " : "", f->by);
    if (l->state != LOGIN_USABLE) {
        screen_add(s, TONE_BAD, NULL, "", "its value is no login that works (%s)",
                   login_state_name(l->state));
        return;
    }
    say_expiry(f, l, text, sizeof text);
    enum standing standing = store_standing(f, o);
    screen_add(s,
               memory_rejects(&f->memory, l->fingerprint) || login_expired(l, f->now) ? TONE_WARNING
               : standing == STANDS_SAME                                              ? TONE_GOOD
                                                                                      : TONE_PLAIN,
               NULL, "", "%.*s%s, %s", FINGERPRINT_SHOWN, l->fingerprint, compared[standing], text);
}

static void row_store(const struct facts *f, const struct outlook *o, struct screen *s)
{
    screen_add(s, TONE_PLAIN, NULL, "store", "%s", f->relay->store_url);
    if (f->answer == ANSWERED) {
        row_value(f, o, s);
        return;
    }
    if (f->answer == NO_ANSWER)
        screen_add(s, TONE_BAD, NULL, "", "%s", f->store_why.text);
    if (f->memory.step.version)
        screen_add(s, TONE_PLAIN, NULL, "", "%slast in step with version %lld, %.*s",
                   f->answer == NOT_ASKED ? "not asked; " : "", (long long)f->memory.step.version,
                   FINGERPRINT_SHOWN, f->memory.step.fingerprint);
    else if (f->answer == NOT_ASKED)
        screen_add(s, TONE_PLAIN, NULL, "", "not asked; never in step with it yet");
}

static void row_holder(const struct facts *f, struct screen *s)
{
    const char *who = who_renews(f);
    if (f->relay->plain)
        screen_add(s, TONE_PLAIN, NULL, "holder", "every machine has the refresh token");
    else if (who && strcmp(who, f->relay->machine) == 0)
        screen_add(s, TONE_PLAIN, NULL, "holder", "this machine renews the login");
    else if (who)
        screen_add(s, TONE_PLAIN, NULL, "holder", "%s renews the login", who);
    else
        screen_add(s, TONE_PLAIN, NULL, "holder",
                   f->relay->role == ROLE_READER
                       ? "a writer renews the login; readers are not told "
                         "which"
                       : "another writer, or none: not known here");
}

static void row_watcher(const struct facts *f, struct screen *s)
{
    const struct watcher *w = &f->watcher;
    char since[80] = "", synced[80] = "";
    if (w->running && w->since)
        ago(f, w->since, since, sizeof since);
    if (w->synced_at)
        ago(f, w->synced_at, synced, sizeof synced);
    screen_add(s, w->running && w->ails.code == ERR_NONE ? TONE_GOOD : TONE_WARNING, NULL,
               "watcher", "%s%s%s%s%s", w->running ? "running" : "not running",
               since[0] ? ", started " : "", since, synced[0] ? "; last in step " : "", synced);
    if (w->ails.code != ERR_NONE)
        screen_add(s, TONE_BAD, NULL, "", "%s", w->ails.text);
    if (f->service[0])
        screen_add(s, TONE_PLAIN, NULL, "service", "%s", f->service);
}

static void row_happenings(const struct facts *f, struct screen *s)
{
    char when[80];
    if (f->log_why.code != ERR_NONE) {
        screen_add(s, TONE_WARNING, NULL, "log", "%s", f->log_why.text);
        return;
    }
    for (int i = 0; i < HAPPENINGS; i++) {
        const struct happening *h = &f->happenings[i];
        if (h->at)
            screen_add(s, TONE_PLAIN, NULL, happening_names[i], "%s: %s",
                       ago(f, h->at, when, sizeof when), h->what);
        else
            screen_add(s, TONE_DIM, NULL, happening_names[i], "none in the log");
    }
}

/* ---- the verdict ---- */

/* The first note says why it will be as it will be. */
static bool explains(const struct outlook *o)
{
    return o->count > 0 && o->notes[0].kind <= NOTE_RENEWS;
}

static void row_hint(const struct note *n, struct screen *s)
{
    if (n->hint[0])
        screen_hint(s, s->text_at + 2, "%s", n->hint);
}

static void rows_verdict(const struct outlook *o, struct screen *s)
{
    static const enum tone tones[] = {
        [WILL_WORK] = TONE_GOOD, [WILL_NOT_WORK] = TONE_BAD, [CANNOT_TELL] = TONE_WARNING};
    size_t i = explains(o);
    screen_add(s, i && o->prospect == WILL_WORK ? TONE_WARNING : tones[o->prospect], NULL,
               "next run", "%s%s%s", prospects[o->prospect], i ? ": " : "",
               i ? o->notes[0].text : "");
    if (i)
        row_hint(&o->notes[0], s);
    for (; i < o->count; i++) {
        screen_add(s, TONE_WARNING, NULL, "attention", "%s", o->notes[i].text);
        row_hint(&o->notes[i], s);
    }
}

void status_rows(const struct facts *f, const struct outlook *o, struct screen *s)
{
    screen_title(s, "%s on %s, a %s", f->relay->name, f->relay->machine, role_name(f->relay->role));
    row_login(f, s);
    row_deadline(f, s);
    row_store(f, o, s);
    row_holder(f, s);
    row_watcher(f, s);
    row_happenings(f, s);
    rows_verdict(o, s);
}
