/* The log, for people and for programs.  What is shown is one of three: the events (log_show.c),
 * how many there were (log_stats.c), or metrics for a monitoring system (log_metrics.c). */
#include "cmd/log.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/home.h"
#include "base/nearest.h"
#include "journal/sentence.h"
#include "journal/since.h"

/* ---- --event ---- */

static bool is_event(const char *name)
{
    const char *known;
    for (size_t i = 0; (known = journal_event_name(i)); i++)
        if (strcmp(known, name) == 0)
            return true;
    return false;
}

static bool no_such_event(const char *name, struct err *e)
{
    struct buf list;
    const char *known, *meant = nearest_word(name, journal_event_name);
    buf_init(&list, sizeof e->hint);
    for (size_t i = 0; (known = journal_event_name(i)); i++)
        buf_printf(&list, "%s%s", i ? ", " : "", known);
    err_set(e, ERR_USAGE, "--event: no event is called '%.64s'", name);
    err_hint(e, "%s%s%sthey are %s: credrelay-log(5)", meant ? "did you mean " : "",
             meant ? meant : "", meant ? "?  " : "", buf_str(&list));
    buf_free(&list);
    return false;
}

static bool split_names(const char *list, struct event_names *ret, struct err *e)
{
    size_t count = 0;
    if ((size_t)snprintf(ret->text, sizeof ret->text, "%s", list) >= sizeof ret->text)
        return err_set(e, ERR_USAGE, "--event: the list is too long");
    for (char *p = ret->text; *p && count < MOST_EVENT_NAMES;) {
        size_t len = strcspn(p, ",");
        char *next = p + len + (p[len] == ',');
        p[len] = '\0';
        if (len && !is_event(p))
            return no_such_event(p, e);
        if (len)
            ret->name[count++] = p;
        p = next;
    }
    ret->name[count] = NULL;
    return count > 0 || err_set(e, ERR_USAGE, "--event: name an event of credrelay-log(5)");
}

/* ---- the rest ---- */

static bool read_since(const char *text, int64_t *ret, struct err *e)
{
    if (since_parse(text, clock_wall_ms(), ret))
        return true;
    err_set(e, ERR_USAGE, "--since: '%.64s' is no moment", text);
    return err_hint(e, "write 2h, 3d, 2026-11-24 or '2026-11-24 06:13'");
}

/* What is shown is one thing. */
static bool agree(const struct options *o, struct err *e)
{
    if ((o->stats && (o->follow || o->lines || o->since || o->event)) ||
        (o->prometheus && (o->follow || o->lines || o->since || o->event || o->stats || o->relay)))
        return err_set(e, ERR_USAGE, "--%s stands alone", o->prometheus ? "prometheus" : "stats");
    if (o->days && !o->stats)
        return err_set(e, ERR_USAGE, "--days is for --stats");
    return true;
}

static int run(const struct options *o, int argc, char **argv)
{
    struct event_names names;
    struct journal_wanted wanted = {.relay = o->relay};
    char state_dir[LIMIT_PATH];
    struct err e;
    (void)argc;
    (void)argv;
    if (!agree(o, &e) || !home_state(state_dir, &e) ||
        (o->since && !read_since(o->since, &wanted.since, &e)) ||
        (o->event && !split_names(o->event, &names, &e)))
        return tell_failure("log", o, &e);
    if (o->event)
        wanted.names = names.name;
    if (o->prometheus)
        return log_metrics(o, state_dir);
    return (o->stats ? log_stats : log_show)(o, state_dir, &wanted);
}

const struct command cmd_log = {
    .name = "log",
    .arguments = "",
    .summary = "show what happened to the logins of this machine",
    .about =
        "Shows the last events of the log, the newest last: when, what, of which relay, and how "
        "it went.\n"
        "With --since all since then.  With --stats the runs whose login was in question, by "
        "day: those\n"
        "that just worked are not in the log.",
    .options = TAKES(RELAY) | TAKES(FOLLOW) | TAKES(LINES) | TAKES(SINCE) | TAKES(EVENT) |
               TAKES(STATS) | TAKES(DAYS) | TAKES(PROMETHEUS) | TAKES(JSON),
    .most = 0,
    .run = run,
};
