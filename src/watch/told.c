#include "watch/told.h"

#include <stdarg.h>
#include <stdio.h>

#include "alert/renewal.h"
#include "base/clock.h"
#include "watch/cliff.h"

void teller_begin(struct teller *t, enum voice voice, struct repeats *said)
{
    *t = (struct teller){.voice = voice, .said = said};
    /* Whole lines, as they happen: what reads them may be a pipe to a log. */
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (voice == VOICE_JSON)
        events_echo(stdout);
}

static void say(const struct teller *t, const struct relay *r, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

static void say(const struct teller *t, const struct relay *r, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    if (t->voice != VOICE_TEXT)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    printf("%s: %s\n", r->name, text);
}

/* On standard error, unless it was said lately. */
static void warn(const struct teller *t, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void warn(const struct teller *t, const char *fmt, ...)
{
    char text[2048];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (repeats_may_say(t->said, text, clock_steady_ms()))
        fprintf(stderr, "credrelay: %s\n", text);
}

/* What fails is said on standard error whoever listens, except as JSON. */
static void complain(const struct teller *t, const struct relay *r, const struct err *why)
{
    if (t->voice != VOICE_JSON)
        warn(t, "%s: %s%s%s", r->name, why->text, why->hint[0] ? "\n  " : "", why->hint);
}

/* An alert that cannot be given is said and gone on from. */
static void heed(const struct teller *t, bool ok, const struct relay *r, const struct err *e)
{
    if (!ok)
        warn(t, "%s: nobody can be alerted, ignoring: %s%s%s", r->name, e->text,
             e->hint[0] ? "\n  " : "", e->hint);
}

void tell_ignored(const struct teller *t, const char *what, const struct err *why)
{
    warn(t, "watch: %s, ignoring: %s", what, why->text);
}

void tell_watch(const struct teller *t, const struct relay *r, enum watch_did did)
{
    const struct watch_event w = {.did = did};
    event_watch(r, &w);
    if (did == WATCH_STOP)
        say(t, r, "watched no more");
    else
        say(t, r, "watching %s (%s, %s)", r->login_path, role_name(r->role), r->store_url);
}

void tell_blind(const struct teller *t, const struct relay *r, const struct err *why)
{
    const struct watch_event w = {.did = WATCH_BLIND, .why = why};
    event_watch(r, &w);
    complain(t, r, why);
}

static const char *const done[] = {
    [DO_NOTHING] = "left",
    [DO_PUBLISH] = "published",
    [DO_FORWARD] = "forwarded",
    [DO_INSTALL_SHARED] = "pulled",
    [DO_INSTALL_RENEWABLE] = "pulled",
    [DO_WAIT] = "left",
    [DO_HUMAN] = "left",
};
_Static_assert(sizeof done / sizeof done[0] == ACTION_COUNT, "one word for each action");

void tell_done(const struct teller *t, const struct relay *r, const struct duty_report *report)
{
    bool something = report->did.action != DO_NOTHING;
    const struct decision *d = something ? &report->did : &report->stands;
    const char *login = something ? report->standing.fingerprint : report->judged.fingerprint;
    if ((something || report->changed) && login[0])
        say(t, r, "%s login %.*s: %s (version %lld)", done[d->action], FINGERPRINT_SHOWN, login,
            reason_text(d->reason), (long long)report->standing.version);
    if (report->warning.code != ERR_NONE)
        complain(t, r, &report->warning);
}

void tell_renewal(const struct teller *t, const struct relay *r, const struct duty_report *report,
                  bool news)
{
    const struct renew_report *renewal = &report->renewal;
    int64_t now = clock_wall_ms();
    struct err e;
    if (renewal->outcome == RENEWAL_DONE)
        say(t, r, "renewed login %.*s%s%s: now %.*s (version %lld)", FINGERPRINT_SHOWN,
            renewal->before.fingerprint, renewal->took_over ? ", taken over from " : "",
            renewal->took_over ? renewal->holder : "", FINGERPRINT_SHOWN,
            renewal->after.fingerprint, (long long)renewal->version);
    else if (news && duty_renewal_failed(report))
        complain(t, r, &renewal->why);
    if (renewal->outcome == RENEWAL_COUNT)
        heed(t, alert_trouble(r, TROUBLE_RENEW, &renewal->why, now, &e), r, &e);
    else
        heed(t, alert_renewal(r, renewal, now, &e), r, &e);
}

void tell_renewed(const struct teller *t, const struct relay *r)
{
    struct err e;
    heed(t, alert_fine(r, TROUBLE_RENEW, clock_wall_ms(), &e), r, &e);
}

void tell_state(const struct teller *t, const struct relay *r, const struct err *why, bool news,
                int64_t since)
{
    int64_t now = clock_wall_ms();
    struct err e;
    if (why->code != ERR_NONE) {
        if (news) {
            const struct watch_event w = {.did = WATCH_FAILING, .why = why};
            event_watch(r, &w);
            complain(t, r, why);
        }
        heed(t, alert_trouble(r, TROUBLE_WATCH, why, now, &e), r, &e);
    } else {
        if (since) {
            char lasted[32];
            const struct watch_event w = {.did = WATCH_RECOVERED, .since = since};
            event_watch(r, &w);
            clock_duration(now - since, lasted, sizeof lasted);
            say(t, r, "all is well again, after %s", lasted);
        }
        heed(t, alert_fine(r, TROUBLE_WATCH, now, &e), r, &e);
    }
    heed(t, alert_tend(r, now, &e), r, &e);
}

void tell_deadline(const struct teller *t, const struct relay *r, const char *holder,
                   int64_t deadline, struct watch_deadline_told *told)
{
    char text[512];
    struct err e;
    int64_t now = clock_wall_ms();
    int days = cliff_tell(told, deadline, now);
    if (days) {
        cliff_text(r, holder, deadline, now, text, sizeof text);
        event_deadline(r, deadline, days, text);
        if (t->voice != VOICE_JSON)
            fprintf(stderr, "credrelay: %s: %s\n", r->name, text);
    }
    heed(t, alert_deadline(r, deadline, now, &e), r, &e);
}
