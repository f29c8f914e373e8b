#include "alert/alert.h"

#include <stdio.h>
#include <string.h>

#include "alert/books.h"
#include "alert/events.h"
#include "alert/plain.h"
#include "alert/sender.h"

/* A process that keeps the books has them for some milliseconds; of three hundred, the last waits
 * for all others. */
enum { BOOKS_WAIT_MS = 2000 };

/* ---- one step ---- */

static void tell(struct books *b, const struct telling *t, unsigned channels)
{
    char id[LETTER_ID_SIZE];
    letter_name(id);
    outbox_put(&b->outbox, id, t, channels);
}

/* What is logged of the incident, whether or not anybody is told. */
static void log_change(const struct relay *r, const struct incident *before,
                       const struct incident *after)
{
    if (!before->since == !after->since)
        return;
    const struct incident *stands = after->since ? after : before;
    enum trouble what = incident_what(stands);
    event_incident(r, after->since != 0, what, &stands->causes[what].why);
}

/* *RET_DUE: something is to be sent. */
static bool keep_books(const struct relay *r, const struct happening *h,
                       const struct alert_settings *s, bool *ret_due, struct err *e)
{
    struct books b;
    struct telling t;
    if (!books_open(r, BOOKS_WAIT_MS, &b, e))
        return false;
    const struct incident before = b.incident;
    if (incident_step(&b.incident, h, &s->policy, &t) != TELL_NOTHING)
        tell(&b, &t, s->channels);
    *ret_due = outbox_due_at(&b.outbox, h->now) <= h->now;
    const struct incident after = b.incident;
    if (!books_close(&b, e))
        return false;
    log_change(r, &before, &after);
    return true;
}

/* A section that cannot be read tells nobody, and is no reason not to keep the books. */
static bool step(const struct relay *r, const struct happening *h, struct err *e)
{
    struct alert_settings s;
    struct err unreadable;
    bool due = false, readable = alert_settings_load(&s, &unreadable);
    if (!readable)
        alert_settings_none(&s);
    bool ok = keep_books(r, h, &s, &due, e);
    alert_settings_free(&s);
    if (ok && due)
        ok = sender_start(e);
    if (ok && !readable)
        *e = unreadable;
    return ok && readable;
}

/* ---- what happens ---- */

static void make_plain(const struct err *why, struct err *ret)
{
    *ret = (struct err){.code = why->code};
    plain_text(why->text, ret->text, sizeof ret->text);
    plain_text(why->hint, ret->hint, sizeof ret->hint);
}

/* Of a storm of failures most need not be counted. */
static bool known_already(const struct relay *r, enum trouble what)
{
    struct books b;
    struct err ignored;
    if (!books_peek(r, &b, &ignored))
        return false;
    bool known = b.incident.causes[what].since != 0;
    (void)books_close(&b, &ignored);
    return known;
}

bool alert_trouble(const struct relay *r, enum trouble what, const struct err *why, int64_t now,
                   struct err *e)
{
    struct err plain;
    make_plain(why, &plain);
    const struct happening h = {.kind = HAPPENED_TROUBLE, .now = now, .what = what, .why = &plain};
    return step(r, &h, e) || (e->code == ERR_BUSY && known_already(r, what));
}

bool alert_fine(const struct relay *r, enum trouble what, int64_t now, struct err *e)
{
    const struct happening h = {.kind = HAPPENED_FINE, .now = now, .what = what};
    /* Whoever does not get at the books leaves the end to the next one. */
    return !books_maybe_trouble(r) || step(r, &h, e) || e->code == ERR_BUSY;
}

bool alert_deadline(const struct relay *r, int64_t deadline, int64_t now, struct err *e)
{
    struct err remedy = {.code = ERR_HOPELESS, .text = ""};
    if (!incident_deadline_near(deadline, now))
        return true;
    snprintf(remedy.hint, sizeof remedy.hint,
             r->role == ROLE_READER ? "log in on a writer: %s" : "log in: %s",
             r->tool->login_command);
    const struct happening h = {
        .kind = HAPPENED_DEADLINE, .now = now, .deadline = deadline, .why = &remedy};
    return step(r, &h, e);
}

bool alert_tend(const struct relay *r, int64_t now, struct err *e)
{
    struct books b;
    if (!books_peek(r, &b, e))
        return false;
    bool idle = !b.incident.since && !b.outbox.count;
    (void)books_close(&b, e); /* which writes nothing */
    const struct happening h = {.kind = HAPPENED_NOTHING, .now = now};
    return idle || step(r, &h, e);
}

/* ---- looking ---- */

bool alert_look(const struct relay *r, struct alert_view *ret, struct err *e)
{
    struct books b;
    if (!books_peek(r, &b, e))
        return false;
    const struct incident *i = &b.incident;
    enum trouble what = incident_what(i);
    *ret = (struct alert_view){.open = i->since != 0,
                               .told = i->told_at != 0,
                               .since = i->since,
                               .runs = i->runs,
                               .pending = outbox_pending(&b.outbox),
                               .sent_at = b.sent_at,
                               .failed_at = b.failed_at};
    if (what < TROUBLE_COUNT) {
        ret->what = what;
        ret->why = i->causes[what].why;
    }
    memcpy(ret->failure, b.failure, sizeof ret->failure);
    return books_close(&b, e);
}
