#include "alert/message.h"

#include <stdio.h>

#include "base/clock.h"

struct writing {
    const struct telling *t;
    const struct message_about *about;
    struct buf *out;
};

/* "2026-11-24 06:13:32 UTC" */
static const char *utc(int64_t at, char out[32])
{
    char iso[32];
    clock_rfc3339(at, iso, sizeof iso);
    snprintf(out, 32, "%.10s %.8s UTC", iso, iso + 11);
    return out;
}

static const char *span(int64_t ms, char out[32])
{
    clock_duration(ms, out, 32);
    return out;
}

/* Half days and more count as whole: a week is told as seven days. */
static long long days_left(const struct telling *t)
{
    const int64_t day = INT64_C(86400000);
    return (long long)((t->deadline - t->at + day / 2) / day);
}

/* ---- the subject ---- */

bool message_subject(const struct telling *t, const struct message_about *about, struct buf *out)
{
    char time[32];
    buf_text(out, "[credrelay] ");
    if (t->kind == TELL_TEST)
        return buf_printf(out, "test from %s", about->machine);
    buf_printf(out, "%s on %s", about->relay, about->machine);
    switch (t->kind) {
    case TELL_OPENED: return buf_text(out, " needs help");
    case TELL_STILL:
        return buf_printf(out, " still needs help, for %s now", span(t->at - t->since, time));
    case TELL_OVER: return buf_text(out, " works again");
    case TELL_DEADLINE:
        return days_left(t) > 1 ? buf_printf(out, ": log in again within %lld days", days_left(t))
                                : buf_printf(out, ": log in again within a day");
    default: return false;
    }
}

/* ---- the text ---- */

/* "SUBJECT RELAY on MACHINE VERB." */
static const struct {
    const char *subject, *wrong, *right;
} sentences[] = {
    [TROUBLE_RUN] = {"Runs of", "fail, and nothing can be done about it from there", "work again"},
    [TROUBLE_WATCH] = {"The login of", "is not kept alive", "is kept alive again"},
    [TROUBLE_RENEW] = {"The login of", "could not be renewed", "can be renewed again"},
};
_Static_assert(sizeof sentences / sizeof sentences[0] == TROUBLE_COUNT,
               "one sentence for each trouble");

static void first_sentence(const struct writing *w)
{
    const struct message_about *a = w->about;
    char time[32];
    if (w->t->kind == TELL_TEST)
        buf_printf(w->out, "This is a test: what %s tells about %s arrives here.\n", a->machine,
                   a->relay);
    else if (w->t->kind == TELL_DEADLINE)
        buf_printf(w->out,
                   "The login of %s reaches its time limit in %s.\n"
                   "No machine can renew it beyond that: a person must log in again before.\n",
                   a->relay, span(w->t->deadline - w->t->at, time));
    else
        buf_printf(w->out, "%s %s on %s %s.\n", sentences[w->t->what].subject, a->relay, a->machine,
                   w->t->kind == TELL_OVER ? sentences[w->t->what].right
                                           : sentences[w->t->what].wrong);
}

static void row(const struct writing *w, const char *name, const char *value)
{
    if (value[0])
        buf_printf(w->out, "%-13s%s\n", name, value);
}

static void row_moment(const struct writing *w, const char *name, int64_t at)
{
    char time[32];
    if (at)
        row(w, name, utc(at, time));
}

static void rows(const struct writing *w)
{
    const struct telling *t = w->t;
    bool over = t->kind == TELL_OVER;
    char time[32], runs[48];
    row(w, over ? "It was:" : "What failed:", t->why.text);
    row(w, over ? "" : "Remedy:", over ? "" : t->why.hint);
    row_moment(w, "Time limit:", t->deadline);
    row_moment(w, "Since:", t->since);
    if (over)
        row(w, "Lasted:", span(t->at - t->since, time));
    if (t->runs) {
        snprintf(runs, sizeof runs, "%lld failed", (long long)t->runs);
        row(w, "Runs:", runs);
    }
    row(w, "Machine:", w->about->machine);
    row(w, "Relay:", w->about->relay);
    row_moment(w, "Told:", t->at);
}

static void events(const struct writing *w)
{
    if (w->about->event_count)
        buf_text(w->out, "\nThe last events:\n");
    for (size_t i = 0; i < w->about->event_count; i++)
        buf_printf(w->out, "  %s\n", w->about->events[i]);
}

/* When to expect what. */
static void last_sentence(const struct writing *w)
{
    char time[32];
    if (w->t->kind != TELL_OPENED && w->t->kind != TELL_STILL)
        return;
    if (w->t->held_until)
        buf_printf(
            w->out,
            "\nIt comes and goes: what opens again before %s\nis told then, if it still lasts.\n",
            utc(w->t->held_until, time));
    buf_text(w->out, "\nThe next message comes when it is over");
    if (w->about->remind_ms)
        buf_printf(w->out, ", or in %s", span(w->about->remind_ms, time));
    buf_text(w->out, ".\n");
}

bool message_text(const struct telling *t, const struct message_about *about, struct buf *out)
{
    const struct writing w = {.t = t, .about = about, .out = out};
    first_sentence(&w);
    buf_text(out, "\n");
    rows(&w);
    events(&w);
    last_sentence(&w);
    return !out->failed;
}
