#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/terminal.h"
#include "cmd/log.h"
#include "cmd/show.h"
#include "journal/days.h"

enum { USUAL_DAYS = 14 };

static bool take(void *ctx, const struct journal_event *ev)
{
    days_take(ctx, ev);
    return true;
}

static bool note_first(void *ctx, const struct journal_event *ev)
{
    *(int64_t *)ctx = ev->at;
    return ev->at == 0;
}

/* What the locale says of the terminal's letters, without loading one. */
static bool takes_utf8(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *value = NULL, *kind = getenv("TERM");
    for (size_t i = 0; i < sizeof variables / sizeof variables[0] && !(value && *value); i++)
        value = getenv(variables[i]);
    const char *set = value ? strchr(value, '.') : NULL;
    return set && (strcasecmp(set, ".UTF-8") == 0 || strcasecmp(set, ".utf8") == 0) &&
           !(kind && strcmp(kind, "dumb") == 0);
}

static bool count(const char *state_dir, const struct journal_wanted *asked, struct days *d,
                  struct err *e)
{
    const struct journal_wanted all = {0};
    struct journal_wanted wanted = *asked;
    wanted.since = d->day[0].begins;
    return journal_read(state_dir, JOURNAL_OLDEST_FIRST, &all, note_first, &d->log_begins, e) &&
           journal_read(state_dir, JOURNAL_OLDEST_FIRST, &wanted, take, d, e);
}

static int show(const struct options *o, const struct days *d)
{
    const struct chart_style style = {.utf8 = takes_utf8(),
                                      .colour = terminal_has_colour(STDOUT_FILENO)};
    struct buf text;
    if (o->json) {
        show_line(days_value(d));
        return 0;
    }
    buf_init(&text, LIMIT_SHOWN);
    days_chart(d, &style, &text);
    fputs(buf_str(&text), stdout);
    buf_free(&text);
    return 0;
}

int log_stats(const struct options *o, const char *state_dir, const struct journal_wanted *wanted)
{
    int64_t days = USUAL_DAYS;
    struct err e;
    if (o->days && !parse_int64(o->days, 1, MOST_DAYS, &days)) {
        err_set(&e, ERR_USAGE, "--days: '%.64s' is no number from 1 to %d", o->days, MOST_DAYS);
        return tell_failure("log", o, &e);
    }
    struct days *d = days_new((int)days, clock_wall_ms());
    bool ok = d ? count(state_dir, wanted, d, &e) : err_no_memory(&e);
    int status = ok ? show(o, d) : tell_failure("log", o, &e);
    days_free(d);
    return status;
}
