#include "alert/events.h"

#include <string.h>

#include "alert/plain.h"
#include "base/clock.h"
#include "journal/sentence.h"
#include "relay/events.h"

/* ---- writing ---- */

void event_incident(const struct relay *r, bool open, enum trouble what, const struct err *why)
{
    jv *v = event_new(r, "incident");
    jv_put_bool(v, "open", open);
    jv_put_text(v, "what", trouble_name(what));
    jv_put_text(v, "message", why->text);
    event_append(r, v);
}

void event_alert(const struct relay *r, enum channel c, const struct letter *l,
                 const struct err *failure)
{
    jv *v = event_new(r, "alert");
    jv_put_bool(v, "ok", failure == NULL);
    jv_put_text(v, "channel", channel_name(c));
    jv_put_text(v, "kind", telling_name(l->telling.kind));
    jv_put_text(v, "id", l->id);
    jv_put_int(v, "try", l->to[c].tries);
    if (failure) {
        jv_put_text(v, "error", err_name(failure->code));
        jv_put_text(v, "message", failure->text);
    }
    event_append(r, v);
}

/* ---- reading ---- */

static bool ours(const struct journal_event *ev)
{
    return strcmp(ev->name, "alert") == 0 || strcmp(ev->name, "incident") == 0;
}

static bool take(void *ctx, const struct journal_event *ev)
{
    struct last_events *l = ctx;
    char when[32];
    struct buf line;
    if (ours(ev))
        return true;
    buf_init(&line, 2 * LIMIT_EVENT);
    clock_rfc3339(ev->at, when, sizeof when);
    buf_printf(&line, "%.10s %.8s  %-8s ", when, when + 11, ev->name);
    journal_sentence(ev, &line);
    plain_text(buf_str(&line), l->line[l->count], sizeof l->line[l->count]);
    buf_free(&line);
    return ++l->count < LAST_EVENTS;
}

void last_events(const struct relay *r, struct last_events *ret)
{
    const struct journal_wanted wanted = {
        .relay = r->name, .except = "\"did\":\"nothing\"", .reach = LIMIT_STATE};
    struct err ignored;
    ret->count = 0;
    (void)!journal_read(r->state_dir, JOURNAL_NEWEST_FIRST, &wanted, take, ret, &ignored);
    for (size_t i = 0; i < ret->count; i++)
        ret->lines[i] = ret->line[ret->count - 1 - i];
}
