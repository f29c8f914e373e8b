#include "watch/schedule.h"

#include <stdbool.h>

#include "tool/login.h"

/* The holder begins at LEAD_HOLDER_MS; its client needs some seconds. */
enum { CLOSELY_FROM_MS = LEAD_HOLDER_MS - 10000 };

/* A login that nobody has renewed by then is not being renewed: once a minute is enough to see that
 * a person has logged in; in a large fleet half as often as before, for then its runs ask as well. */
enum { CLOSELY_UNTIL_MS = 15 * 60000, LACKING_LAP_MS = 60000 };

/* After a sync that failed. */
enum {
    RETRY_FIRST_MS = 1000,
    RETRY_MOST_MS = 5 * 60000,
    RETRY_CLOSE_MS = 60000, /* at most, while a fresher login is due */
    /* What waits here to be published goes out within two seconds of the store's return; after two
     * hours the network is not just coming back. */
    RETRY_UNPUBLISHED_MS = 1500,
    RETRY_PATIENT_MS = 30000,
    PATIENT_AFTER_MS = 2 * 3600000
};

/* After a renewal that failed; others have their turns meanwhile. */
enum { RENEW_FIRST_MS = 20000, RENEW_MOST_MS = 15 * 60000 };

/* A store that can be waited on and answers at once is asked no more often. */
enum { WAIT_PAUSE_MS = 1000 };

#define NEVER INT64_MAX

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- places and pauses ---- */

/* The first time after AFTER that is at PHASE of a lap of LAP ms. */
static int64_t next_in_lap(int64_t after, int64_t lap, int64_t phase)
{
    return after - ((after - phase) % lap + lap) % lap + lap;
}

static int64_t lap_ms(const struct schedule_facts *f)
{
    return most(SCHEDULE_LAP_MS, (int64_t)f->fleet_size * 1000 / SCHEDULE_GETS);
}

/* Between half of MS and all of it, another each time (the finalizer of splitmix64). */
static int64_t jittered(const struct schedule_facts *f, int64_t at, int64_t ms)
{
    uint64_t x = ((uint64_t)f->jitter << 32 ^ (uint64_t)at) + 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
    return ms / 2 + (int64_t)(x % (uint64_t)(ms / 2 + 1));
}

/* FIRST, doubled with each failure up to MOST. */
static int64_t backoff(unsigned failures, int64_t first, int64_t most_ms)
{
    int64_t ms = first;
    for (unsigned i = 1; i < failures && ms < most_ms; i++)
        ms *= 2;
    return least(ms, most_ms);
}

/* A time that has not come yet is from a clock since put right. */
static int64_t past(const struct schedule_facts *f, int64_t at)
{
    return least(at, f->now);
}

/* ---- syncs ---- */

/* A fresher login than the one that counts is due from then on. */
static int64_t closely_from(const struct schedule_facts *f)
{
    return f->expires_at ? f->expires_at - CLOSELY_FROM_MS : NEVER;
}

/* When a fresher login is due: at this machine's place in the lap, or at once. */
static int64_t next_close(const struct schedule_facts *f, int64_t tried, int64_t from)
{
    int64_t lap = lap_ms(f);
    if (f->can_wait)
        return tried < from ? from : tried + WAIT_PAUSE_MS;
    return next_in_lap(most(tried, from - 1), lap, from + f->jitter % lap);
}

/* What comes next when nothing has failed. */
static int64_t next_ask(const struct schedule_facts *f, enum sync_why *ret_why)
{
    int64_t tried = past(f, f->tried_at), from = closely_from(f);
    int64_t at = next_in_lap(tried, SCHEDULE_REGULAR_MS, f->jitter);
    int64_t patient = next_in_lap(tried, most(2 * lap_ms(f), LACKING_LAP_MS), f->jitter);
    bool in_vain = f->here && from != NEVER && tried >= f->expires_at + CLOSELY_UNTIL_MS;
    *ret_why = SYNC_REGULAR;
    /* A regular one later than that would come on top of those whose places are there. */
    if (at >= from && !in_vain) {
        *ret_why = f->can_wait ? SYNC_WAIT : SYNC_RENEWAL;
        at = next_close(f, tried, from);
    }
    if ((f->lacking || in_vain) && patient < at) {
        *ret_why = SYNC_REGULAR;
        at = patient;
    }
    return at;
}

static int64_t retry(const struct schedule_facts *f)
{
    int64_t tried = past(f, f->tried_at), lap = lap_ms(f), cap = most(RETRY_MOST_MS, lap);
    int64_t first = most(RETRY_FIRST_MS, lap / SCHEDULE_LAP_MS * RETRY_FIRST_MS), ms;
    bool close = f->lacking || tried >= closely_from(f);
    if (close)
        cap = most(RETRY_CLOSE_MS, lap);
    if (f->unpublished)
        cap = tried - f->failing_since < PATIENT_AFTER_MS ? RETRY_UNPUBLISHED_MS : RETRY_PATIENT_MS;
    ms = jittered(f, tried, backoff(f->failures, least(first, cap), cap));
    return tried + most(ms, least(f->retry_after_ms, most(RETRY_MOST_MS, lap)));
}

static int64_t next_sync(const struct schedule_facts *f, enum sync_why *ret_why)
{
    int64_t at, lay_down = f->full_here && f->expires_at ? f->expires_at - LEAD_LAY_DOWN_MS : NEVER;
    *ret_why = SYNC_START;
    if (!f->tried_at)
        return f->now;
    if (f->failures) {
        *ret_why = SYNC_RETRY;
        at = retry(f);
    } else {
        at = next_ask(f, ret_why);
    }
    if (past(f, f->tried_at) < lay_down && lay_down < at) {
        *ret_why = SYNC_LAY_DOWN;
        at = lay_down;
    }
    return at;
}

/* ---- renewing ---- */

static enum renew_why why_never(const struct schedule_facts *f)
{
    if (!f->renews)
        return RENEW_OFF;
    if (!f->renewable)
        return RENEW_NOTHING;
    if (!f->expires_at)
        return RENEW_LASTS;
    if (f->renewed == RENEWED_REFUSED)
        return RENEW_REFUSED;
    if (f->deadline && f->deadline <= f->now)
        return RENEW_DEADLINE;
    if (f->claimed)
        return RENEW_CLAIMED;
    if (f->place == PLACE_NONE)
        return RENEW_NOT_IN_LINE;
    return RENEW_WHY_COUNT;
}

static int64_t next_renewal(const struct schedule_facts *f, enum renew_why *ret_why)
{
    *ret_why = why_never(f);
    if (*ret_why != RENEW_WHY_COUNT)
        return NEVER;
    int64_t turn = succession_turn(f->place, f->expires_at);
    *ret_why = f->place == PLACE_HOLDER ? RENEW_HOLDER : RENEW_TAKE_OVER;
    if (f->renewed != RENEWED_FAILED)
        return turn;
    int64_t tried = past(f, f->renew_tried_at);
    int64_t again =
        tried + jittered(f, tried, backoff(f->renew_failures, RENEW_FIRST_MS, RENEW_MOST_MS));
    if (again > turn)
        *ret_why = RENEW_AGAIN;
    return most(turn, again);
}

struct schedule schedule_next(const struct schedule_facts *f)
{
    struct schedule s;
    s.sync_at = next_sync(f, &s.sync_why);
    s.renew_at = next_renewal(f, &s.renew_why);
    /* A store that fails cannot be asked for the claim either: its pace is the syncs'. */
    if (f->failures && !f->unpublished)
        s.renew_at = most(s.renew_at, s.sync_at);
    return s;
}

/* ---- names ---- */

static const char *const sync_names[] = {
    [SYNC_START] = "start",     [SYNC_REGULAR] = "regular", [SYNC_LAY_DOWN] = "lay_down",
    [SYNC_RENEWAL] = "renewal", [SYNC_WAIT] = "wait",       [SYNC_RETRY] = "retry",
};
_Static_assert(sizeof sync_names / sizeof sync_names[0] == SYNC_WHY_COUNT, "a name for each");

static const char *const renew_names[] = {
    [RENEW_HOLDER] = "holder",   [RENEW_TAKE_OVER] = "take_over",
    [RENEW_AGAIN] = "again",     [RENEW_OFF] = "off",
    [RENEW_NOTHING] = "nothing", [RENEW_LASTS] = "lasts",
    [RENEW_REFUSED] = "refused", [RENEW_DEADLINE] = "deadline",
    [RENEW_CLAIMED] = "claimed", [RENEW_NOT_IN_LINE] = "not_in_line",
};
_Static_assert(sizeof renew_names / sizeof renew_names[0] == RENEW_WHY_COUNT, "a name for each");

const char *sync_why_name(enum sync_why w)
{
    return sync_names[w];
}

const char *renew_why_name(enum renew_why w)
{
    return renew_names[w];
}
