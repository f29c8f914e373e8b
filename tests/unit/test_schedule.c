/* The schedule, case by case.  Times are written as a person says them: minutes and seconds before
 * ("-4:30") or after ("+0:15") the expiry of the login that counts, which is 8 h after it was made.
 * "never": it does not come.  A row is a fleet of a few machines, all well, unless it says more. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watch/schedule.h"

#define EXPIRY INT64_C(1795500000000) /* a multiple of 15 minutes, so the regular places are even */
#define MINUTE 60000
#define HOUR   (60 * MINUTE)

static int64_t at(const char *text)
{
    char *rest;
    if (strcmp(text, "never") == 0)
        return INT64_MAX;
    int64_t ms = strtol(text + 1, &rest, 10) * MINUTE + strtol(rest + 1, &rest, 10) * 1000;
    if (*rest == '.')
        ms += strtol(rest + 1, NULL, 10);
    return text[0] == '-' ? EXPIRY - ms : EXPIRY + ms;
}

static const char *said(int64_t time)
{
    static char texts[4][32];
    static unsigned turn;
    char *out = texts[turn++ % 4];
    long long ms = llabs(time - EXPIRY);
    if (time == INT64_MAX)
        return "never";
    snprintf(out, sizeof texts[0], ms % 1000 ? "%c%lld:%02lld.%03lld" : "%c%lld:%02lld",
             time < EXPIRY ? '-' : '+', ms / MINUTE, ms / 1000 % 60, ms % 1000);
    return out;
}

/* A holder in a fleet of a few, with everything in order. */
static struct schedule_facts holder(const char *now, const char *tried)
{
    return (struct schedule_facts){
        .now = at(now),
        .expires_at = EXPIRY,
        .here = true,
        .renews = true,
        .renewable = true,
        .tried_at = tried ? at(tried) : 0,
    };
}

enum { HAS_FULL = 1, CAN_WAIT = 2, LACKING = 4, LARGE = 8, NOT_HERE = 16, LASTS = 32 };

static void syncs(void **state)
{
    static const struct {
        const char *name;
        const char *now, *tried;
        unsigned jitter; /* ms */
        int flags;
        const char *sync;
        enum sync_why why;
    } rows[] = {
        {"at the start, at once", "-470:00", NULL, 0, 0, "-470:00", SYNC_START},
        {"every 15 minutes", "-470:00", "-470:00", 0, 0, "-465:00", SYNC_REGULAR},
        {"at this machine's own place", "-470:00", "-470:00", 7000, 0, "-464:53", SYNC_REGULAR},
        {"never later than that", "-450:00", "-450:00", 0, 0, "-435:00", SYNC_REGULAR},
        {"a machine that has slept is late, not lost", "-100:00", "-400:00", 0, 0, "-390:00",
         SYNC_REGULAR},
        {"a clock that was put back", "-400:00", "-100:00", 0, 0, "-390:00", SYNC_REGULAR},
        {"a login that lasts", "-4:00", "-4:00", 0, LASTS, "+0:00", SYNC_REGULAR},

        {"the last regular one before the renewal", "-16:00", "-16:00", 0, 0, "-15:00",
         SYNC_REGULAR},
        {"the refresh token leaves the disk", "-15:00", "-15:00", 0, HAS_FULL, "-8:15",
         SYNC_LAY_DOWN},
        {"once", "-8:14", "-8:14", 0, HAS_FULL, "-4:20", SYNC_RENEWAL},
        {"then closely", "-14:00", "-14:00", 0, 0, "-4:20", SYNC_RENEWAL},
        {"at this machine's own place", "-14:00", "-14:00", 11000, 0, "-4:09", SYNC_RENEWAL},
        {"every 15 seconds", "-4:09", "-4:09", 11000, 0, "-3:54", SYNC_RENEWAL},
        {"whenever the last one ended", "-4:05", "-4:05", 11000, 0, "-3:54", SYNC_RENEWAL},
        {"the regular one is not on top of them", "-0:10", "-0:10", 0, 0, "-0:05", SYNC_RENEWAL},
        {"past the expiry", "+10:00", "+10:00", 0, 0, "+10:10", SYNC_RENEWAL},
        {"nobody has renewed it: once a minute", "+15:00", "+15:00", 0, 0, "+16:00", SYNC_REGULAR},
        {"the fresher one is in the store and not yet here", "+15:00", "+15:00", 0, NOT_HERE,
         "+15:10", SYNC_RENEWAL},
        {"no login that works: once a minute", "-200:00", "-200:00", 30000, LACKING, "-199:30",
         SYNC_REGULAR},

        {"a store that can be waited on", "-14:00", "-14:00", 9000, CAN_WAIT, "-4:20", SYNC_WAIT},
        {"and is waited on again", "-4:00", "-4:00", 9000, CAN_WAIT, "-3:59", SYNC_WAIT},

        {"10,000 machines: a lap of 625 s", "-5:00", "-5:00", 600000, LARGE, "+5:40", SYNC_RENEWAL},
        {"each once in the lap", "+5:40", "+5:40", 600000, LARGE, "+16:05", SYNC_RENEWAL},
        {"the regular one of those as well", "-15:00", "-15:00", 300000, LARGE, "-10:00",
         SYNC_REGULAR},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct schedule_facts f = holder(rows[i].now, rows[i].tried);
        int flags = rows[i].flags;
        f.jitter = rows[i].jitter;
        f.full_here = flags & HAS_FULL;
        f.can_wait = flags & CAN_WAIT;
        f.lacking = flags & LACKING;
        f.here = !(flags & NOT_HERE);
        f.fleet_size = flags & LARGE ? 10000 : 4;
        if (flags & LASTS)
            f.expires_at = 0;
        struct schedule s = schedule_next(&f);
        same_text(rows[i].name, said(s.sync_at), rows[i].sync);
        same_text(rows[i].name, sync_why_name(s.sync_why), sync_why_name(rows[i].why));
    }
}

/* Between half and the whole of the pause, another in each fleet, at each time. */
static void retries(void **state)
{
    static const struct {
        const char *name;
        unsigned failures;
        const char *tried, *since;
        bool unpublished, lacking;
        unsigned fleet;
        int64_t retry_after, least, most;
    } rows[] = {
        {"the first", 1, "-400:00", "-400:00", false, false, 4, 0, 500, 1000},
        {"doubled", 4, "-400:00", "-400:00", false, false, 4, 0, 4000, 8000},
        {"up to 5 minutes", 40, "-400:00", "-450:00", false, false, 4, 0, 150000, 300000},
        {"as the store asks", 1, "-400:00", "-400:00", false, false, 4, 20000, 20000, 20000},
        {"but not for ever", 1, "-400:00", "-400:00", false, false, 4, INT64_MAX, 300000, 300000},
        {"not even when a fresher one is due", 1, "-2:00", "-400:00", false, false, 4, 3600000,
         300000, 300000},
        {"a minute while a fresher one is due", 40, "-2:00", "-450:00", false, false, 4, 0, 30000,
         60000},
        {"or there is none", 40, "-400:00", "-450:00", false, true, 4, 0, 30000, 60000},
        {"what waits to be published is tried all the time", 40, "-400:00", "-450:00", true, false,
         4, 0, 750, 1500},
        {"for two hours", 4000, "-330:00", "-450:00", true, false, 4, 0, 15000, 30000},
        {"a large fleet does not come back all at once", 1, "-400:00", "-400:00", false, false,
         10000, 0, 20500, 41700},
        {"nor within a minute", 40, "-2:00", "-450:00", false, false, 10000, 0, 312500, 625000},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t first = 0;
        bool differs = false;
        for (unsigned machine = 0; machine < 50; machine++) {
            struct schedule_facts f = holder(rows[i].tried, rows[i].tried);
            f.jitter = machine * 2654435761u;
            f.failures = rows[i].failures;
            f.failing_since = at(rows[i].since);
            f.unpublished = rows[i].unpublished;
            f.lacking = rows[i].lacking;
            f.fleet_size = rows[i].fleet;
            f.retry_after_ms = rows[i].retry_after;
            struct schedule s = schedule_next(&f);
            int64_t pause = s.sync_at - f.tried_at;
            same_text(rows[i].name, sync_why_name(s.sync_why), "retry");
            if (pause < rows[i].least || pause > rows[i].most)
                fail_msg("%s: %lld ms", rows[i].name, (long long)pause);
            first = machine ? first : pause;
            differs = differs || pause != first;
        }
        same_int(rows[i].name, differs, rows[i].least != rows[i].most);
    }
}

/* A refresh token leaves the disk in time, whatever else fails. */
static void lays_down_while_failing(void **state)
{
    (void)state;
    struct schedule_facts f = holder("-8:17", "-8:17");
    f.full_here = true;
    f.failures = 40;
    f.failing_since = at("-450:00");
    struct schedule s = schedule_next(&f);
    same_text("while failing", said(s.sync_at), "-8:15");
    same_text("while failing", sync_why_name(s.sync_why), "lay_down");
}

static void renewals(void **state)
{
    static const struct {
        const char *name;
        int place;
        const char *renewal;
        enum renew_why why;
    } rows[] = {
        {"the holder", PLACE_HOLDER, "-4:30", RENEW_HOLDER},
        {"the next in line", 1, "-2:00", RENEW_TAKE_OVER},
        {"the one after", 2, "-1:30", RENEW_TAKE_OVER},
        {"the sixth", 6, "+0:30", RENEW_TAKE_OVER},
        {"not in line", PLACE_NONE, "never", RENEW_NOT_IN_LINE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct schedule_facts f = holder("-100:00", "-100:00");
        f.place = rows[i].place;
        struct schedule s = schedule_next(&f);
        same_text(rows[i].name, said(s.renew_at), rows[i].renewal);
        same_text(rows[i].name, renew_why_name(s.renew_why), renew_why_name(rows[i].why));
    }
}

/* Its access token was refused here; the refresh token is another matter. */
static void renews_what_does_not_work(void **state)
{
    (void)state;
    struct schedule_facts f = holder("-1:00", "-1:00");
    f.place = 1;
    f.lacking = true;
    f.here = false;
    struct schedule s = schedule_next(&f);
    same_text("the turn", said(s.renew_at), "-2:00");
    same_text("closely all the same", said(s.sync_at), "-0:50");
}

/* It begins with a sync, and goes at the pace of those while they fail; but what the store does not
 * know needs no claim. */
static void renews_at_the_pace_of_syncs(void **state)
{
    (void)state;
    struct schedule_facts f = holder("-4:00", "-4:00");
    f.failures = 3;
    f.failing_since = at("-4:10");
    struct schedule s = schedule_next(&f);
    assert_true(s.sync_at > f.now);
    same_text("when the next sync is", said(s.renew_at), said(s.sync_at));
    f.unpublished = true;
    s = schedule_next(&f);
    same_text("in its turn", said(s.renew_at), "-4:30");
}

static void no_renewal(void **state)
{
    struct schedule_facts facts[RENEW_WHY_COUNT];
    (void)state;
    for (int why = RENEW_OFF; why < RENEW_WHY_COUNT; why++)
        facts[why] = holder("-4:00", "-4:00");
    facts[RENEW_OFF].renews = false;
    facts[RENEW_NOTHING].renewable = false;
    facts[RENEW_LASTS].expires_at = 0;
    facts[RENEW_REFUSED].renewed = RENEWED_REFUSED;
    facts[RENEW_DEADLINE].deadline = at("-4:00");
    facts[RENEW_CLAIMED].claimed = true;
    facts[RENEW_NOT_IN_LINE].place = PLACE_NONE;
    for (int why = RENEW_OFF; why < RENEW_WHY_COUNT; why++) {
        struct schedule s = schedule_next(&facts[why]);
        same_text("why", renew_why_name(s.renew_why), renew_why_name((enum renew_why)why));
        same_text("when", said(s.renew_at), "never");
    }
}

static void renewals_again(void **state)
{
    static const struct {
        const char *name;
        const char *tried;
        unsigned failures;
        const char *least, *most;
        enum renew_why why;
    } rows[] = {
        {"soon", "-4:28", 1, "-4:18", "-4:08", RENEW_AGAIN},
        {"then later", "-4:00", 3, "-3:20", "-2:40", RENEW_AGAIN},
        {"at most 15 minutes", "+60:00", 30, "+67:30", "+75:00", RENEW_AGAIN},
        {"not before its turn", "-300:00", 1, "-4:30", "-4:30", RENEW_HOLDER},
        {"a clock that was put back", "+100:00", 1, "-3:50", "-3:40", RENEW_AGAIN},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct schedule_facts f = holder("-4:00", "-4:00");
        f.now = at(rows[i].tried);
        if (i == COUNT(rows) - 1)
            f.now = at("-4:00");
        f.renewed = RENEWED_FAILED;
        f.renew_tried_at = at(rows[i].tried);
        f.renew_failures = rows[i].failures;
        struct schedule s = schedule_next(&f);
        if (s.renew_at < at(rows[i].least) || s.renew_at > at(rows[i].most))
            fail_msg("%s: at %s", rows[i].name, said(s.renew_at));
        same_text(rows[i].name, renew_why_name(s.renew_why), renew_why_name(rows[i].why));
    }
}

/* What the numbers are for: 10,000 machines, spread by their names, ask fewer times a second than
 * Parameter Store allows, in any second of a day of renewals. */
static void a_large_fleet_stays_below_the_limit(void **state)
{
    enum { MACHINES = 10000, SECONDS = 1500 };
    static unsigned asked[SECONDS];
    (void)state;
    for (unsigned i = 0; i < MACHINES; i++) {
        char name[32];
        snprintf(name, sizeof name, "host-%u", i);
        struct schedule_facts f = holder("-15:00", "-15:00");
        f.jitter = succession_jitter(name);
        f.fleet_size = MACHINES;
        /* The fresher one is there when the first of them asks; until then, the regular place. */
        for (;;) {
            struct schedule s = schedule_next(&f);
            int64_t second = (s.sync_at - at("-15:00")) / 1000;
            assert_in_range(second, 0, SECONDS - 1);
            asked[second]++;
            f.now = f.tried_at = s.sync_at;
            if (s.sync_why == SYNC_RENEWAL)
                break;
        }
    }
    unsigned peak = 0;
    for (unsigned i = 0; i < SECONDS; i++)
        peak = asked[i] > peak ? asked[i] : peak;
    assert_in_range(peak, 20, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(syncs),
        cmocka_unit_test(retries),
        cmocka_unit_test(lays_down_while_failing),
        cmocka_unit_test(renewals),
        cmocka_unit_test(renews_at_the_pace_of_syncs),
        cmocka_unit_test(renews_what_does_not_work),
        cmocka_unit_test(no_renewal),
        cmocka_unit_test(renewals_again),
        cmocka_unit_test(a_large_fleet_stays_below_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
