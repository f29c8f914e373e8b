#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/terminal.h"
#include "cmd/log.h"
#include "cmd/output.h"
#include "journal/outcome.h"
#include "journal/sentence.h"

/* Without a number and without --since. */
enum { LAST_FEW = 20, MOST_LINES = 10000 };

/* A look for news costs one system call or two. */
enum { POLL_MS = 250 };

/* An event as it is shown: its sentence can be as long as its line. */
#define LIMIT_SHOWN_EVENT (2 * LIMIT_EVENT)

struct showing {
    const struct options *o;
    bool colour;
    struct buf text; /* what is to be shown */
    size_t *begins;  /* newest first: where each begins in TEXT */
    size_t count, most;
    bool any;
};

/* ---- one event ---- */

static const char *tone_of(const struct journal_event *ev)
{
    static const char good[] = "\x1b[32m", bad[] = "\x1b[31m", dim[] = "\x1b[2m";
    switch (journal_outcome(ev)) {
    case OUTCOME_PUBLISHED:
    case OUTCOME_PULLED:
    case OUTCOME_RECOVERED: return good;
    case OUTCOME_REFUSED:
    case OUTCOME_FAILED: return bad;
    default: break;
    }
    if (jv_get(ev->members, "error") || jv_flag(ev->members, "open"))
        return bad;
    return jv_flag(ev->members, "ok") ? dim : "";
}

static void render(const struct showing *s, const struct journal_event *ev, struct buf *out)
{
    char when[32];
    if (s->o->json) {
        buf_bytes(out, ev->line, ev->len);
        buf_text(out, "\n");
        return;
    }
    size_t before = out->len;
    clock_local(ev->at, when, sizeof when);
    buf_printf(out, "%-19s  %-8s %-8s ", when, ev->name, ev->relay);
    buf_make_printable(out, before);
    buf_text(out, s->colour ? tone_of(ev) : "");
    journal_sentence(ev, out);
    buf_text(out, s->colour && *tone_of(ev) ? "\x1b[0m\n" : "\n");
}

static bool show(void *ctx, const struct journal_event *ev)
{
    struct showing *s = ctx;
    buf_clear(&s->text);
    render(s, ev, &s->text);
    s->any = true;
    return fwrite(buf_str(&s->text), 1, s->text.len, stdout) == s->text.len;
}

/* ---- the last few: found from the end, shown the other way round ---- */

static bool keep(void *ctx, const struct journal_event *ev)
{
    struct showing *s = ctx;
    if (s->count == s->most)
        return false;
    s->begins[s->count++] = s->text.len;
    render(s, ev, &s->text);
    return !s->text.failed;
}

static bool show_last(struct showing *s, const struct journal *j,
                      const struct journal_wanted *wanted, struct err *e)
{
    s->begins = calloc(s->most + 1, sizeof *s->begins);
    if (!s->begins)
        return err_no_memory(e);
    bool ok = journal_past(j, JOURNAL_NEWEST_FIRST, wanted, keep, s, e);
    if (ok && s->text.failed)
        ok = buf_error(&s->text, "what is to be shown", e);
    for (size_t i = s->count, end = s->text.len; ok && i-- > 0; end = s->begins[i])
        (void)fwrite(s->text.data + s->begins[i], 1, end - s->begins[i], stdout);
    s->any = s->count > 0;
    free(s->begins);
    return ok;
}

/* ---- and what comes ---- */

/* A pipe whose reader is gone says so without being written to. */
static bool nobody_reads(void)
{
    struct stat st;
    struct pollfd out = {.fd = STDOUT_FILENO};
    bool tells = fstat(STDOUT_FILENO, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
    if (!tells) {
        clock_sleep_ms(POLL_MS);
        return false;
    }
    return poll(&out, 1, POLL_MS) > 0 && (out.revents & (POLLERR | POLLHUP | POLLNVAL));
}

static int follow(struct showing *s, struct journal *j, const struct journal_wanted *wanted)
{
    struct err e;
    for (;;) {
        int status = output_end("log", 0);
        if (status)
            return status;
        if (nobody_reads())
            return output_end_of_pipe("log");
        if (!journal_news(j, wanted, show, s, &e))
            return tell_failure("log", s->o, &e);
    }
}

/* ---- all of it ---- */

/* MOST 0: all of them. */
static bool how_many(const struct options *o, size_t *ret_most, bool *ret_all, struct err *e)
{
    int64_t n = LAST_FEW;
    if (o->lines && !parse_int64(o->lines, 0, MOST_LINES, &n)) {
        err_set(e, ERR_USAGE, "--lines: '%.64s' is no number from 0 to %d", o->lines, MOST_LINES);
        return false;
    }
    *ret_most = (size_t)n;
    *ret_all = !o->lines && (o->since || o->json);
    return true;
}

static bool asked_for_some(const struct options *o)
{
    return o->since || o->event || o->relay || o->lines;
}

static int show_journal(struct showing *s, struct journal *j, bool all,
                        const struct journal_wanted *wanted)
{
    struct err e;
    bool ok = all ? journal_past(j, JOURNAL_OLDEST_FIRST, wanted, show, s, &e)
                  : show_last(s, j, wanted, &e);
    if (!ok)
        return tell_failure("log", s->o, &e);
    if (s->o->follow)
        return follow(s, j, wanted);
    if (!s->any && !s->o->json)
        fputs(asked_for_some(s->o) ? "credrelay: no such events in the log\n"
                                   : "credrelay: nothing has happened yet\n",
              stderr);
    return 0;
}

int log_show(const struct options *o, const char *state_dir, const struct journal_wanted *wanted)
{
    struct showing s = {.o = o, .colour = terminal_has_colour(STDOUT_FILENO)};
    struct journal j;
    struct err e;
    bool all;
    if (!how_many(o, &s.most, &all, &e) || !journal_open(state_dir, &j, &e))
        return tell_failure("log", o, &e);
    buf_init(&s.text, all ? LIMIT_SHOWN_EVENT : (s.most + 1) * LIMIT_SHOWN_EVENT);
    int status = show_journal(&s, &j, all, wanted);
    buf_free(&s.text);
    journal_close(&j);
    return status;
}
