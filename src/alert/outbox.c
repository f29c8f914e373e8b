#include "alert/outbox.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
    [CHANNEL_MAIL] = "mail", [CHANNEL_WEBHOOK] = "webhook", [CHANNEL_COMMAND] = "command"};
_Static_assert(sizeof names / sizeof names[0] == CHANNEL_COUNT, "one name for each channel");

const char *channel_name(enum channel c)
{
    return names[c];
}

void letter_name(char ret[LETTER_ID_SIZE])
{
    snprintf(ret, LETTER_ID_SIZE, "%08x%08x", randombytes_random(), randombytes_random());
}

static size_t pending_of(const struct letter *l)
{
    size_t n = 0;
    for (int c = 0; c < CHANNEL_COUNT; c++)
        n += l->to[c].pending;
    return n;
}

static void drop(struct outbox *o, size_t at)
{
    o->count--;
    memmove(&o->letters[at], &o->letters[at + 1], (o->count - at) * sizeof o->letters[0]);
}

void outbox_put(struct outbox *o, const char *id, const struct telling *t, unsigned channels)
{
    if (o->count == OUTBOX_LETTERS)
        drop(o, 0);
    struct letter *l = &o->letters[o->count++];
    *l = (struct letter){.telling = *t};
    snprintf(l->id, sizeof l->id, "%s", id);
    for (int c = 0; c < CHANNEL_COUNT; c++)
        l->to[c].pending = channels & 1u << c;
}

/* ---- time ---- */

static int64_t pause_after(int tries)
{
    int64_t pause = OUTBOX_FIRST_PAUSE_MS;
    while (--tries > 0 && pause < OUTBOX_LONGEST_PAUSE_MS)
        pause *= 4;
    return pause < OUTBOX_LONGEST_PAUSE_MS ? pause : OUTBOX_LONGEST_PAUSE_MS;
}

/* A time further away than any pause was written before the clock was set back. */
static int64_t due_at(const struct delivery *d, int64_t now)
{
    return d->next_at - now > OUTBOX_LONGEST_PAUSE_MS ? now : d->next_at;
}

/* The channel's first pending letter; NULL: none. */
static struct letter *first_for(const struct outbox *o, enum channel c)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->letters[i].to[c].pending)
            return (struct letter *)&o->letters[i];
    return NULL;
}

int64_t outbox_due_at(const struct outbox *o, int64_t now)
{
    int64_t soonest = INT64_MAX;
    for (int c = 0; c < CHANNEL_COUNT; c++) {
        const struct letter *l = first_for(o, (enum channel)c);
        int64_t at = l ? due_at(&l->to[c], now) : INT64_MAX;
        soonest = at < soonest ? at : soonest;
    }
    return soonest;
}

/* ---- sending ---- */

bool outbox_take(struct outbox *o, int64_t now, const struct letter **ret_letter,
                 enum channel *ret_channel)
{
    for (int c = 0; c < CHANNEL_COUNT; c++) {
        struct letter *l = first_for(o, (enum channel)c);
        if (!l || due_at(&l->to[c], now) > now)
            continue;
        l->to[c].tries++;
        l->to[c].next_at = now + OUTBOX_LEASE_MS;
        *ret_letter = l;
        *ret_channel = (enum channel)c;
        return true;
    }
    return false;
}

static bool find(const struct outbox *o, const char *id, size_t *ret)
{
    for (*ret = 0; *ret < o->count; ++*ret)
        if (strcmp(o->letters[*ret].id, id) == 0)
            return true;
    return false;
}

void outbox_delivered(struct outbox *o, const char *id, enum channel c)
{
    size_t at;
    if (!find(o, id, &at))
        return;
    o->letters[at].to[c].pending = false;
    if (!pending_of(&o->letters[at]))
        drop(o, at);
}

void outbox_refused(struct outbox *o, const char *id, enum channel c, int64_t now,
                    int64_t retry_after_ms)
{
    size_t at;
    if (!find(o, id, &at))
        return;
    struct delivery *d = &o->letters[at].to[c];
    int64_t pause = pause_after(d->tries);
    if (retry_after_ms > OUTBOX_LONGEST_PAUSE_MS)
        retry_after_ms = OUTBOX_LONGEST_PAUSE_MS;
    d->next_at = now + (retry_after_ms > pause ? retry_after_ms : pause);
}

void outbox_expire(struct outbox *o, int64_t now)
{
    while (o->count && now - o->letters[0].telling.at >= OUTBOX_KEPT_MS)
        drop(o, 0);
}

size_t outbox_pending(const struct outbox *o)
{
    size_t n = 0;
    for (size_t i = 0; i < o->count; i++)
        n += pending_of(&o->letters[i]);
    return n;
}
