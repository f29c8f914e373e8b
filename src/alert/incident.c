#include "alert/incident.h"

#include <string.h>

#include "relay/deadline.h"

static const char *const trouble_names[] = {
    [TROUBLE_RUN] = "run", [TROUBLE_WATCH] = "watch", [TROUBLE_RENEW] = "renew"};
_Static_assert(sizeof trouble_names / sizeof trouble_names[0] == TROUBLE_COUNT,
               "one name for each trouble");

static const char *const telling_names[] = {
    [TELL_NOTHING] = "nothing", [TELL_OPENED] = "opened",     [TELL_STILL] = "still",
    [TELL_OVER] = "over",       [TELL_DEADLINE] = "deadline", [TELL_TEST] = "test"};
_Static_assert(sizeof telling_names / sizeof telling_names[0] == TELLING_COUNT,
               "one name for each kind of telling");

const char *trouble_name(enum trouble what)
{
    return trouble_names[what];
}

const char *telling_name(enum telling_kind kind)
{
    return telling_names[kind];
}

enum trouble incident_what(const struct incident *i)
{
    enum trouble what = 0;
    while (what < TROUBLE_COUNT && !i->causes[what].since)
        what++;
    return what;
}

/* ---- the clock ---- */

static void not_after(int64_t *at, int64_t now)
{
    if (*at > now)
        *at = now;
}

static void trust_the_clock(struct incident *i, int64_t now)
{
    for (int c = 0; c < TROUBLE_COUNT; c++) {
        not_after(&i->causes[c].since, now);
        not_after(&i->causes[c].last, now);
    }
    not_after(&i->since, now);
    not_after(&i->told_at, now);
    for (int o = 0; o < OPENINGS_KEPT; o++)
        not_after(&i->openings[o], now);
}

/* ---- telling ---- */

static enum telling_kind tell(const struct incident *i, enum telling_kind kind, int64_t now,
                              struct telling *ret)
{
    enum trouble what = incident_what(i);
    *ret = (struct telling){.kind = kind, .at = now, .since = i->since, .runs = i->runs};
    if (what < TROUBLE_COUNT) {
        ret->what = what;
        ret->why = i->causes[what].why;
    }
    return kind;
}

/* Until when a next opening would have to wait; 0: it need not. */
static int64_t held_until(const struct incident *i, int64_t now)
{
    int64_t until = i->openings[0] + OPENINGS_WITHIN_MS;
    return i->openings[0] && until > now ? until : 0;
}

static enum telling_kind tell_opened(struct incident *i, int64_t now, struct telling *ret)
{
    memmove(&i->openings[0], &i->openings[1], (OPENINGS_KEPT - 1) * sizeof i->openings[0]);
    i->openings[OPENINGS_KEPT - 1] = now;
    i->told_at = now;
    tell(i, TELL_OPENED, now, ret);
    ret->held_until = held_until(i, now);
    return TELL_OPENED;
}

static bool ripe(const struct incident *i, const struct alert_policy *p, int64_t now)
{
    for (int c = 0; c < TROUBLE_COUNT; c++)
        if (i->causes[c].since && now - i->causes[c].since >= p->after_ms[c])
            return true;
    return false;
}

/* What is due by now. */
static enum telling_kind look(struct incident *i, const struct alert_policy *p, int64_t now,
                              struct telling *ret)
{
    if (!i->since || !p->anybody)
        return TELL_NOTHING;
    if (!i->told_at)
        return ripe(i, p, now) && !held_until(i, now) ? tell_opened(i, now, ret) : TELL_NOTHING;
    if (!p->remind_ms || now - i->told_at < p->remind_ms)
        return TELL_NOTHING;
    i->told_at = now;
    return tell(i, TELL_STILL, now, ret);
}

/* ---- what happens ---- */

static void take_trouble(struct incident *i, const struct happening *h)
{
    struct cause *c = &i->causes[h->what];
    if (!c->since)
        c->since = h->now;
    if (!i->since)
        i->since = h->now;
    c->last = h->now;
    c->why = *h->why;
    i->runs += h->what == TROUBLE_RUN;
}

static void end_cause(struct cause *c)
{
    *c = (struct cause){.since = 0};
}

static enum telling_kind take_fine(struct incident *i, const struct happening *h,
                                   const struct alert_policy *p, struct telling *ret)
{
    if (!i->since)
        return TELL_NOTHING;
    enum telling_kind kind = tell(i, TELL_OVER, h->now, ret); /* while it is known what it was */
    end_cause(&i->causes[h->what]);
    for (int c = 0; c < TROUBLE_COUNT && h->what == TROUBLE_RUN; c++)
        if (h->now - i->causes[c].last >= CAUSE_STALE_MS)
            end_cause(&i->causes[c]);
    if (incident_what(i) < TROUBLE_COUNT)
        return look(i, p, h->now, ret);
    bool told = i->told_at && p->anybody;
    i->since = i->told_at = i->runs = 0;
    return told ? kind : TELL_NOTHING;
}

/* A login's time limit may move a little when it is renewed; a new login's is weeks later. */
static bool same_limit(int64_t a, int64_t b)
{
    return a - b < DAY_MS && b - a < DAY_MS;
}

bool incident_deadline_near(int64_t deadline, int64_t now)
{
    return deadline_reached(deadline, now) != 0;
}

static enum telling_kind take_deadline(struct incident *i, const struct happening *h,
                                       const struct alert_policy *p, struct telling *ret)
{
    int days = deadline_reached(h->deadline, h->now);
    int told = same_limit(i->deadline, h->deadline) ? i->deadline_days : 0;
    if (!days || !p->anybody || (told && told <= days))
        return TELL_NOTHING;
    i->deadline = h->deadline;
    i->deadline_days = days;
    *ret = (struct telling){
        .kind = TELL_DEADLINE, .at = h->now, .deadline = h->deadline, .why = *h->why};
    return TELL_DEADLINE;
}

enum telling_kind incident_step(struct incident *i, const struct happening *h,
                                const struct alert_policy *p, struct telling *ret)
{
    trust_the_clock(i, h->now);
    switch (h->kind) {
    case HAPPENED_TROUBLE: take_trouble(i, h); return look(i, p, h->now, ret);
    case HAPPENED_FINE: return take_fine(i, h, p, ret);
    case HAPPENED_DEADLINE: return take_deadline(i, h, p, ret);
    case HAPPENED_NOTHING: break;
    }
    return look(i, p, h->now, ret);
}
