/* Incidents as stories: what happens when, and what is told. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/incident.h"
#include "base/parse.h"

#define START INT64_C(1767225600000) /* 2026-01-01 */

/* A story is words, "TIME:EVENT" or "TIME:EVENT=TOLD": without TOLD nothing is.  TIME counts from
 * the beginning and may go back, as clocks do.  Events: "run!" is trouble of runs, "run" says that
 * they are fine; "-" is a round of the watcher; "limit" its round with a login whose time limit is 10
 * days after the beginning, "limit2" with a login a month later. */
static const struct {
    const char *what, *story;
    const char *settings; /* "": the usual ones; "nobody", "after=1h", "never again" */
} stories[] = {
    {"runs fail at once, and nobody hears it twice", "0s:run!=opened 1s:run! 2s:run! 60s:run!", ""},
    {"runs work again", "0s:run!=opened 5min:run!  6min:run=over 7min:run 8min:run", ""},
    {"a run that works in between is the end", "0s:run!=opened 1h:run=over 1d:run!=opened", ""},
    {"nothing is wrong", "0s:run 1d:- 2d:watch 3d:renew", ""},
    /* daily */
    {"it lasts", "0s:run!=opened 23h:run! 24h:run!=still 25h:run! 47h:- 48h:-=still 50h:run=over",
     ""},
    {"nobody looks for days", "0s:run!=opened 100h:run!=still 101h:run! 124h:-=still", ""},
    {"a day counts from the last message", "0s:run!=opened 30h:-=still 48h:- 54h:-=still", ""},
    {"reminders can be had less often", "0s:run!=opened 90h:- 400h:-", "never again"},
    /* the watcher's */
    {"the watcher's trouble ripens", "0s:watch! 29min:watch! 30min:watch!=opened 31min:watch!", ""},
    {"what is over before it is ripe is never told", "0s:watch! 20min:watch! 29min:watch 1h:-", ""},
    {"and begins to ripen anew", "0s:watch! 20min:watch 25min:watch! 54min:watch! 55min:-=opened",
     ""},
    {"renewing ripens too", "0s:renew! 30min:-=opened 2h:renew=over", ""},
    {"a run tells what the watcher only suspects",
     "0s:watch! 5min:run!=opened 31min:watch! 32min:run 33min:watch=over", ""},
    {"one end for all",
     "0s:run!=opened 1min:watch! 2min:renew! 3min:run 4min:watch 5min:renew=over", ""},
    {"other troubles do not end it", "0s:watch! 30min:-=opened 31min:renew 32min:watch=over", ""},
    {"alert-after is for runs as well", "0s:run! 59min:run! 60min:run!=opened", "after=1h"},
    {"and a run in time ends it untold", "0s:run! 59min:run 61min:run!", "after=1h"},
    /* a watcher that is no more */
    {"a run that works ends what nobody says again",
     "0s:run!=opened 1s:watch! 59min:run 90min:run=over", ""},
    {"but not what is still said", "0s:watch! 30min:watch!=opened 89min:watch! 90min:run", ""},
    /* nobody is told */
    {"without a channel nothing is told", "0s:run! 25h:run! 26h:run", "nobody"},
    /* flapping */
    {"three times in six hours are told",
     "0s:run!=opened 1min:run=over 2min:run!=opened 3min:run=over 4min:run!=opened 5min:run=over "
     "6min:run! 7min:run 8min:run! 9min:run 10min:run! 359min:- 360min:-=opened 361min:run=over",
     ""},
    {"room comes back one by one",
     "0s:run!=opened 1min:run=over 3h:run!=opened 4h:run=over 5h:run!=opened 6h:run=over "
     "6h:run!=opened 7h:run=over 8h:run! 9h:-=opened",
     ""},
    /* clocks */
    {"set back a year: no message more", "400d:run!=opened 0s:run! 1h:run! 23h:run! 24h:-=still",
     ""},
    {"set back while it ripens", "400d:watch! 0s:watch! 30min:watch!=opened", ""},
    {"set back before the end", "400d:run!=opened 0s:run=over", ""},
    {"set forward: a reminder early, then in step", "0s:run!=opened 400d:run!=still 401d:-=still",
     ""},
    {"set forward and back", "0s:run!=opened 400d:-=still 1h:- 2h:- 25h:-=still", ""},
    {"openings in the future hold nothing up for ever",
     "400d:run!=opened 400d:run=over 400d:run!=opened 400d:run=over 400d:run!=opened 400d:run=over "
     "0s:run! 6h:-=opened",
     ""},
    /* the time limit of a login */
    {"seven, three and one day before",
     "0s:limit 71h:limit 72h:limit=deadline 73h:limit 120h:limit 168h:limit=deadline 200h:limit "
     "216h:limit=deadline 239h:limit 240h:limit 300h:limit",
     ""},
    {"a machine that was off tells the nearest", "200h:limit=deadline 217h:limit=deadline", ""},
    {"a new login is told anew", "217h:limit=deadline 220h:limit2 38d:limit2=deadline", ""},
    {"an earlier login is put back",
     "33d:limit2=deadline 34d:limit2 37d:limit2=deadline 0s:limit 72h:limit=deadline", ""},
    {"beside an incident", "0s:run!=opened 72h:limit=deadline 73h:-=still 74h:run=over", ""},
    {"to nobody", "72h:limit", "nobody"},
    {"set back: it is not told again", "217h:limit=deadline 0s:limit 72h:limit 217h:limit", ""},
};

static struct alert_policy policy_of(const char *settings)
{
    struct alert_policy p = {.anybody = strcmp(settings, "nobody") != 0,
                             .after_ms = {0, 1800000, 1800000},
                             .remind_ms = 86400000};
    if (strcmp(settings, "after=1h") == 0)
        p.after_ms[TROUBLE_RUN] = 3600000;
    if (strcmp(settings, "never again") == 0)
        p.remind_ms = 0;
    return p;
}

static const struct err why = {ERR_HOPELESS, 0, "no login works", "log in: claude /login"};

static struct happening happening_of(const char *event)
{
    struct happening h = {.kind = HAPPENED_NOTHING, .why = &why};
    if (strncmp(event, "limit", 5) == 0) {
        h.kind = HAPPENED_DEADLINE;
        h.deadline = START + (event[5] ? 40 : 10) * INT64_C(86400000);
    }
    for (int w = 0; w < TROUBLE_COUNT; w++) {
        size_t len = strlen(trouble_name((enum trouble)w));
        if (strncmp(event, trouble_name((enum trouble)w), len) != 0)
            continue;
        h.kind = event[len] == '!' ? HAPPENED_TROUBLE : HAPPENED_FINE;
        h.what = (enum trouble)w;
    }
    return h;
}

/* One word of a story; WORD is taken apart. */
static void live(const char *what, struct incident *i, const struct alert_policy *p, char *word)
{
    char whole[64], *want = strchr(word, '='), *event = strchr(word, ':');
    struct telling t;
    int64_t at;
    snprintf(whole, sizeof whole, "%s", word);
    assert_non_null(event);
    *event++ = '\0';
    if (want)
        *want++ = '\0';
    assert_true(parse_duration(word, &at));
    struct happening h = happening_of(event);
    h.now = START + at;
    enum telling_kind got = incident_step(i, &h, p, &t);
    char label[256];
    snprintf(label, sizeof label, "%s: %s", what, whole);
    same_text(label, telling_name(got), want ? want : "nothing");
    if (got != TELL_NOTHING)
        same_int(label, t.at, h.now);
}

static void test_stories(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT(stories); s++) {
        struct incident i = {.since = 0};
        const struct alert_policy p = policy_of(stories[s].settings);
        char story[512], *save = NULL;
        snprintf(story, sizeof story, "%s", stories[s].story);
        for (char *w = strtok_r(story, " ", &save); w; w = strtok_r(NULL, " ", &save))
            live(stories[s].what, &i, &p, w);
    }
}

static enum telling_kind at(struct incident *i, int64_t minute, enum happened kind,
                            enum trouble what, const struct err *text, struct telling *ret)
{
    const struct alert_policy p = policy_of("");
    const struct happening h = {
        .kind = kind, .now = START + minute * 60000, .what = what, .why = text};
    return incident_step(i, &h, &p, ret);
}

/* What a message is made of. */
static void test_what_is_told(void **state)
{
    static const struct err later = {ERR_HOPELESS, 0, "later words", "later hint"};
    struct incident i = {.since = 0};
    struct telling t;
    (void)state;
    at(&i, 0, HAPPENED_TROUBLE, TROUBLE_WATCH, &later, &t);
    assert_int_equal(at(&i, 10, HAPPENED_TROUBLE, TROUBLE_RUN, &why, &t), TELL_OPENED);
    same_int("opened: what", t.what, TROUBLE_RUN);
    same_int("opened: since the first trouble", t.since, START);
    same_int("opened: runs", t.runs, 1);
    same_text("opened: why", t.why.text, "no login works");
    same_text("opened: remedy", t.why.hint, "log in: claude /login");
    same_int("opened: not held", t.held_until, 0);
    at(&i, 11, HAPPENED_TROUBLE, TROUBLE_RUN, &later, &t);
    assert_int_equal(at(&i, 24 * 60 + 10, HAPPENED_NOTHING, 0, NULL, &t), TELL_STILL);
    same_int("still: runs", t.runs, 2);
    same_text("still: the latest words", t.why.text, "later words");
    at(&i, 24 * 60 + 11, HAPPENED_FINE, TROUBLE_WATCH, NULL, &t);
    assert_int_equal(at(&i, 24 * 60 + 12, HAPPENED_FINE, TROUBLE_RUN, NULL, &t), TELL_OVER);
    same_int("over: since", t.since, START);
    same_int("over: runs", t.runs, 2);
    same_text("over: what it was", t.why.text, "later words");
    same_int("closed", i.since, 0);
    at(&i, 3 * 24 * 60, HAPPENED_TROUBLE, TROUBLE_RUN, &why, &t);
    same_int("counted anew", t.runs, 1);
    same_int("since anew", t.since, START + 3 * INT64_C(86400000));
}

static void test_the_third_opening_says_until_when_the_next_is_held(void **state)
{
    struct incident i = {.since = 0};
    struct telling t;
    (void)state;
    for (int n = 0; n < 3; n++) {
        at(&i, n * 10, HAPPENED_TROUBLE, TROUBLE_RUN, &why, &t);
        same_int("held until", t.held_until, n < 2 ? 0 : START + 6 * 3600000);
        at(&i, n * 10 + 5, HAPPENED_FINE, TROUBLE_RUN, NULL, &t);
    }
}

/* Books of an incident whose causes were lost end it all the same, and nobody is told who has no
 * channel any more. */
static void test_books_that_were_cut(void **state)
{
    struct incident lost = {.since = START, .told_at = START}, unheard = lost;
    struct telling t;
    const struct happening fine = {.kind = HAPPENED_FINE, .now = START + 1};
    const struct alert_policy nobody = policy_of("nobody");
    (void)state;
    assert_int_equal(at(&lost, 1, HAPPENED_FINE, TROUBLE_RUN, NULL, &t), TELL_OVER);
    same_text("what it was is not known", t.why.text, "");
    same_int("over", lost.since, 0);
    assert_int_equal(incident_step(&unheard, &fine, &nobody, &t), TELL_NOTHING);
    same_int("over, untold", unheard.since, 0);
}

static void test_near(void **state)
{
    const int64_t day = 86400000;
    (void)state;
    same_int("not known", incident_deadline_near(0, START), false);
    same_int("8 days", incident_deadline_near(START + 8 * day, START), false);
    same_int("7 days", incident_deadline_near(START + 7 * day, START), true);
    same_int("a moment", incident_deadline_near(START + 1, START), true);
    same_int("past", incident_deadline_near(START, START), false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories),
        cmocka_unit_test(test_what_is_told),
        cmocka_unit_test(test_the_third_opening_says_until_when_the_next_is_held),
        cmocka_unit_test(test_books_that_were_cut),
        cmocka_unit_test(test_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
