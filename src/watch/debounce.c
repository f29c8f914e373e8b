#include "watch/debounce.h"

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void debounce_changed(struct debounce *d, int64_t now)
{
    if (!d->first)
        d->first = now;
    d->last = now;
}

void debounce_forget(struct debounce *d)
{
    d->first = d->last = 0;
}

/* Somebody keeps damaging what we restore: then restoring is gathered too. */
static bool fights(const struct debounce *d, int64_t now)
{
    return d->restored >= RESTORES_IN_GATHER && now < d->restoring_since + GATHER_MS;
}

int64_t debounce_due(const struct debounce *d)
{
    if (!d->first)
        return d->held ? d->gather_until : DEBOUNCE_NEVER;
    int64_t settled = earlier(d->last + DEBOUNCE_QUIET_MS, d->first + DEBOUNCE_MOST_MS);
    return fights(d, settled) ? d->restoring_since + GATHER_MS : settled;
}

enum debounce_step debounce_take(struct debounce *d, int64_t now)
{
    if (now < debounce_due(d))
        return DEBOUNCE_WAIT;
    debounce_forget(d);
    if (now < d->gather_until)
        return DEBOUNCE_LOOK;
    d->held = false;
    return DEBOUNCE_SYNC;
}

void debounce_published(struct debounce *d, int64_t now)
{
    d->held = false;
    d->gather_until = now + GATHER_MS;
}

void debounce_restored(struct debounce *d, int64_t now)
{
    if (!d->restored || now >= d->restoring_since + GATHER_MS) {
        d->restoring_since = now;
        d->restored = 0;
    }
    d->restored++;
}

void debounce_held(struct debounce *d)
{
    d->held = true;
}
