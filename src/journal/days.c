#include "journal/days.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- counting ---- */

/* Midnight AGO days before the day of NOW, in seconds.  Not always a multiple of 24 hours. */
static time_t midnight(int64_t now, int ago, struct tm *ret)
{
    time_t seconds = (time_t)(now / 1000);
    localtime_r(&seconds, ret);
    ret->tm_mday -= ago;
    ret->tm_hour = ret->tm_min = ret->tm_sec = 0;
    ret->tm_isdst = -1;
    return mktime(ret);
}

struct days *days_new(int count, int64_t now)
{
    struct days *d = calloc(1, sizeof *d + (size_t)count * sizeof d->day[0]);
    if (!d)
        return NULL;
    d->count = count;
    for (int i = 0; i < count; i++) {
        struct tm tm;
        struct day *day = &d->day[i];
        day->begins = (int64_t)midnight(now, count - 1 - i, &tm) * 1000;
        strftime(day->name, sizeof day->name, "%Y-%m-%d", &tm);
        strftime(day->of_week, sizeof day->of_week, "%a", &tm);
    }
    return d;
}

void days_free(struct days *d)
{
    free(d);
}

void days_take(struct days *d, const struct journal_event *ev)
{
    for (int i = d->count; i-- > 0;) {
        struct day *day = &d->day[i];
        if (ev->at < day->begins)
            continue;
        day->count[journal_outcome(ev)]++;
        day->runs += strcmp(ev->name, "run") == 0;
        return;
    }
}

static bool is_before_the_log(const struct days *d, int i)
{
    return i + 1 < d->count ? d->log_begins >= d->day[i + 1].begins || !d->log_begins
                            : !d->log_begins;
}

static struct day sum(const struct days *d)
{
    struct day all = {.runs = 0};
    for (int i = 0; i < d->count; i++) {
        all.runs += d->day[i].runs;
        for (int o = 0; o < OUTCOME_COUNT; o++)
            all.count[o] += d->day[i].count[o];
    }
    return all;
}

/* ---- the chart ---- */

/* What the figures leave of 80 columns. */
enum { BAR_WIDTH = 38 };

/* "runs  recovered  failed" */
#define FIGURES "%5u  %9u  %6u"

static const struct {
    enum outcome outcome;
    const char *utf8, *ascii, *colour;
} parts[] = {
    {OUTCOME_RECOVERED, "\xe2\x96\x88", "#", "\x1b[32m"}, /* full block */
    {OUTCOME_FAILED, "\xe2\x96\x92", "!", "\x1b[31m"},    /* medium shade */
};
enum { PARTS = sizeof parts / sizeof parts[0] };

static unsigned shown_of(const struct day *day)
{
    unsigned n = 0;
    for (int i = 0; i < PARTS; i++)
        n += day->count[parts[i].outcome];
    return n;
}

/* COUNT in columns, of a chart whose longest bar has MOST: what has happened is never invisible. */
static unsigned columns(unsigned count, unsigned most)
{
    if (most <= BAR_WIDTH)
        return count;
    unsigned n = (unsigned)((uint64_t)count * (BAR_WIDTH - PARTS + 1) / most);
    return count && !n ? 1 : n;
}

static void draw(const struct chart_style *style, int part, unsigned width, struct buf *out)
{
    if (style->colour && width)
        buf_text(out, parts[part].colour);
    for (unsigned i = 0; i < width; i++)
        buf_text(out, style->utf8 ? parts[part].utf8 : parts[part].ascii);
    if (style->colour && width)
        buf_text(out, "\x1b[0m");
}

static void chart_row(const struct day *day, unsigned most, const struct chart_style *style,
                      struct buf *out)
{
    buf_printf(out, "%-3s %s " FIGURES "%s", day->of_week, day->name, day->runs,
               day->count[OUTCOME_RECOVERED], day->count[OUTCOME_FAILED],
               shown_of(day) ? "  " : "");
    for (int i = 0; i < PARTS; i++)
        draw(style, i, columns(day->count[parts[i].outcome], most), out);
    buf_text(out, "\n");
}

static void chart_key(const struct chart_style *style, struct buf *out)
{
    for (int i = 0; i < PARTS; i++) {
        buf_text(out, i ? "   " : "");
        draw(style, i, 1, out);
        buf_printf(out, " %s", outcome_name(parts[i].outcome));
    }
    buf_text(out, "\n");
}

void days_chart(const struct days *d, const struct chart_style *style, struct buf *out)
{
    const struct day all = sum(d);
    unsigned most = 0;
    for (int i = 0; i < d->count; i++)
        if (shown_of(&d->day[i]) > most)
            most = shown_of(&d->day[i]);
    buf_text(out, "Runs whose login was in question; those that just worked are not in the log.\n\n"
                  "                runs  recovered  failed\n");
    for (int i = 0; i < d->count; i++)
        if (is_before_the_log(d, i))
            buf_printf(out, "%-3s %s     -          -       -\n", d->day[i].of_week,
                       d->day[i].name);
        else
            chart_row(&d->day[i], most, style, out);
    buf_printf(out, "%3d day%s       " FIGURES "\n\n", d->count, d->count == 1 ? " " : "s",
               all.runs, all.count[OUTCOME_RECOVERED], all.count[OUTCOME_FAILED]);
    chart_key(style, out);
    buf_printf(out, "\nLogins: %u published, %u pulled; %u syncs failed.\n",
               all.count[OUTCOME_PUBLISHED], all.count[OUTCOME_PULLED], all.count[OUTCOME_REFUSED]);
}

/* ---- as data ---- */

static jv *day_value(const struct day *day)
{
    jv *v = jv_object();
    jv_put_text(v, "day", day->name);
    jv_put_int(v, "runs", day->runs);
    for (int o = OUTCOME_NOTHING + 1; o < OUTCOME_COUNT; o++)
        jv_put_int(v, outcome_name((enum outcome)o), day->count[o]);
    return v;
}

jv *days_value(const struct days *d)
{
    jv *v = jv_object(), *list = jv_array();
    for (int i = 0; i < d->count; i++)
        jv_push(list, day_value(&d->day[i]));
    if (d->log_begins)
        jv_put_int(v, "log_begins", d->log_begins);
    jv_put(v, "days", list);
    return v;
}
