/* The log, read: events.jsonl and the files it was rotated into (base/log.h writes them,
 * credrelay-log(5) says what is in them), as one line of events, from either end.
 *
 *   static bool show(void *ctx, const struct journal_event *ev) { ...; return true; }
 *
 *   const char *const names[] = {"run", NULL};
 *   const struct journal_wanted wanted = {.relay = "claude", .names = names};
 *   if (!journal_read(r->state_dir, JOURNAL_NEWEST_FIRST, &wanted, show, NULL, &e)) ...
 *
 * What is no event is passed over: a line that a killed writer left unfinished, and an unfinished
 * line that the next writer has gone on with loses its beginning only, not the event behind it.
 *
 * Reading takes no lock and keeps nobody from writing: a rotation meanwhile neither hides an event
 * nor shows it twice.  Memory is bounded (one block), and so is what a search from the end reads. */
#ifndef CREDRELAY_JOURNAL_JOURNAL_H
#define CREDRELAY_JOURNAL_JOURNAL_H

#include "base/json.h"
#include "journal/files.h"

/* Everything in it is lent for the time of the call. */
struct journal_event {
    int64_t at;        /* its "ts", ms since 1970; 0: none that can be read */
    const char *name;  /* its "event": "publish", ... */
    const char *relay; /* its "relay"; "": it is about none */
    const char *line;  /* as it stands in the log, LEN bytes without the newline */
    size_t len;
    const jv *members; /* all of them: jv_text(ev->members, "did") */
};

/* Which events; a member that is NULL or 0 asks for nothing. */
struct journal_wanted {
    const char *relay;        /* of this relay */
    const char *const *names; /* called so; ends with NULL */
    const char *except;       /* not those whose line has this in it: "\"did\":\"nothing\"" */
    int64_t since;            /* at that time or later, ms since 1970 */
    int64_t reach;            /* in the last so many bytes of the log */
};

enum journal_order { JOURNAL_OLDEST_FIRST, JOURNAL_NEWEST_FIRST };

/* False: that is enough. */
typedef bool journal_fn(void *ctx, const struct journal_event *ev);

/* Call FN for the events wanted of the log in STATE_DIR, until it returns false.  Without a log
 * there are none.  Newest first with `names` or `reach` is cheap: 1 MiB takes well below 2 ms.
 * False: the log cannot be read. */
bool journal_read(const char *state_dir, enum journal_order order,
                  const struct journal_wanted *wanted, journal_fn *fn, void *ctx,
                  struct err *e) MUST_CHECK;

/* ---- what is there, and then what comes ----
 *
 *   struct journal j;
 *   if (!journal_open(dir, &j, &e)) ...
 *   journal_past(&j, order, &wanted, fn, ctx, &e)        up to the moment of journal_open
 *   journal_news(&j, &wanted, fn, ctx, &e)               since then; again and again
 *   journal_close(&j);
 *
 * Nothing is missed or told twice in between, whatever is rotated meanwhile. */
struct journal {
    char state_dir[LIMIT_PATH];
    struct log_files files;
    off_t at; /* in the newest of them: behind what has been told */
};

bool journal_open(const char *state_dir, struct journal *ret, struct err *e) MUST_CHECK;
void journal_close(struct journal *j);

bool journal_past(const struct journal *j, enum journal_order order,
                  const struct journal_wanted *wanted, journal_fn *fn, void *ctx,
                  struct err *e) MUST_CHECK;

/* The order is that of the log; what FN returns does not matter. */
bool journal_news(struct journal *j, const struct journal_wanted *wanted, journal_fn *fn, void *ctx,
                  struct err *e) MUST_CHECK;

/* ---- from where another process has read to ----
 *
 * A place that can be written down and found again whatever was rotated: lines are only ever added, so
 * its first line says which file it is.  (An inode is given to the next file, a time goes back when the
 * clock is set, and an event may be written later than one that happened after it.) */
enum { JOURNAL_FILE_DIGITS = 16 };

struct journal_mark {
    char file[JOURNAL_FILE_DIGITS + 1]; /* of the SHA-256 of its first line; "": nothing was read */
    int64_t at;                         /* behind the last event, bytes */
};

/* Call FN for the events behind FROM, in the order of the log, and tell in *RET where they end: all
 * there are when the file of FROM is gone. */
bool journal_behind(const char *state_dir, const struct journal_mark *from, journal_fn *fn,
                    void *ctx, struct journal_mark *ret, struct err *e) MUST_CHECK;

#endif
