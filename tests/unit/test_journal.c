/* The log read from either end: whole events in order, whatever else stands in its files. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "journal/journal.h"
#include "journal/outcome.h"

/* An event's line without its newline: a second of a minute, a name, a relay. */
#define EVENT(second, name, relay)                                                                 \
    "{\"v\":1,\"ts\":\"2026-11-24T06:13:" second ".500Z\",\"event\":\"" name                       \
    "\",\"relay\":\"" relay "\",\"machine\":\"m\"}"
#define A EVENT("01", "sync", "claude")
#define B EVENT("02", "run", "claude")
#define C EVENT("03", "pull", "work")
#define D EVENT("04", "publish", "claude")

static const char *const only_runs[] = {"run", NULL};
static const char *const runs_and_pulls[] = {"run", "pull", NULL};
#define SECOND(n) (INT64_C(1795500780000) + (n)*1000) /* 2026-11-24T06:13:00Z and N */

static const struct row {
    const char *what;
    const char *file[4]; /* events.jsonl, .1, ... */
    struct journal_wanted wanted;
    const char *names; /* oldest first */
} rows[] = {
    {"no log", {NULL}, {0}, ""},
    {"an empty one", {""}, {0}, ""},
    {"in order", {A "\n" B "\n" C "\n"}, {0}, "sync run pull "},
    {"over its files", {C "\n" D "\n", B "\n", A "\n"}, {0}, "sync run pull publish "},
    {"the first has just been rotated", {NULL, B "\n", A "\n"}, {0}, "sync run "},
    {"one is being rotated", {C "\n", NULL, B "\n", A "\n"}, {0}, "sync run pull "},
    {"an empty one among them", {B "\n", "", A "\n"}, {0}, "sync run "},
    {"a last line without an end", {A "\n" B "\n{\"v\":1,\"ts\":\"20"}, {0}, "sync run "},
    {"nor is a whole event a line without one", {A "\n" B}, {0}, "sync "},
    {"an unfinished line, gone on with",
     {A "\n{\"v\":1,\"ts\":\"20" B "\n" C "\n"},
     {0},
     "sync run pull "},
    {"three of them", {"{\"v\":1{\"v\":1,{\"v\":" B "\n"}, {0}, "run "},
    {"an unfinished line closed by the next writer",
     {A "\n{\"v\":1,\"ts\":\"20\n" B "\n"},
     {0},
     "sync run "},
    {"lines that are no events",
     {"\n\n[]\n7\nnull\n{}\n{\"event\":3}\nwords\n" A "\n"},
     {0},
     "sync "},
    {"a beginning in a string is none",
     {"{\"event\":\"x\",\"message\":\"{\\\"v\\\":1\"}\n"},
     {0},
     "x "},
    {"of a relay", {A "\n" B "\n" C "\n" D "\n"}, {.relay = "work"}, "pull "},
    {"of a name", {A "\n" B "\n" C "\n" B "\n"}, {.names = only_runs}, "run run "},
    {"of two names", {A "\n" B "\n" C "\n" D "\n"}, {.names = runs_and_pulls}, "run pull "},
    {"a name as another's value",
     {"{\"event\":\"x\",\"at\":{\"event\":\"run\"}}\n"},
     {.names = only_runs},
     ""},
    {"a name in a member before it",
     {"{\"x\":{\"event\":\"run\"},\"event\":\"pull\"}\n" B "\n"},
     {.names = only_runs},
     "run "},
    {"no name, and one that does not end",
     {"{\"v\":1}\n{\"v\":1,\"event\":\"run\n" B "\n"},
     {.names = only_runs},
     "run "},
    {"a time of that length in another zone",
     {"{\"ts\":\"2026-11-24T06:13:01+00:00\",\"event\":\"early\"}\n"
      "{\"ts\":\"2026-11-24T06:13:59.0000\",\"event\":\"none\"}\n" B "\n"},
     {.since = SECOND(2)},
     "run "},
    {"not with that in it", {A "\n" B "\n" C "\n"}, {.except = "\"relay\":\"claude\""}, "pull "},
    {"since a time, told in another zone",
     {"{\"ts\":\"2026-11-24T07:13:01.999+01:00\",\"event\":\"early\"}\n"
      "{\"ts\":\"2026-11-24T07:13:02+01:00\",\"event\":\"late\"}\n"},
     {.since = SECOND(2)},
     "late "},
    {"since a time", {A "\n" B "\n" C "\n"}, {.since = SECOND(2)}, "run pull "},
    {"since that very time", {A "\n" B "\n" C "\n"}, {.since = SECOND(3) + 500}, "pull "},
    {"without a time, since one", {"{\"event\":\"x\"}\n" C "\n"}, {.since = 1}, "pull "},
    {"of several files, since one", {C "\n", B "\n", A "\n"}, {.since = SECOND(2)}, "run pull "},
};

static const char *dir(void)
{
    return getenv("HOME");
}

static void put_log(const char *const file[4])
{
    for (unsigned n = 0; n < 4; n++) {
        char path[LIMIT_PATH];
        struct err e;
        assert_true(log_path(dir(), n, path, &e));
        unlink(path);
        if (file[n])
            put_file(path, file[n], 0600);
    }
}

struct names {
    char text[4096];
    int most; /* then it is enough */
};

static bool add_name(void *ctx, const struct journal_event *ev)
{
    struct names *n = ctx;
    size_t len = strlen(n->text);
    snprintf(n->text + len, sizeof n->text - len, "%s ", ev->name);
    return --n->most != 0;
}

static const char *read_names(enum journal_order order, const struct journal_wanted *wanted,
                              int most)
{
    static struct names n;
    struct err e;
    n = (struct names){.most = most};
    assert_true(journal_read(dir(), order, wanted, add_name, &n, &e));
    return n.text;
}

/* "a b " -> "b a " */
static const char *reversed(const char *names)
{
    static char out[4096];
    size_t len = strlen(names);
    out[0] = '\0';
    for (size_t end = len; end > 0;) {
        size_t begin = end - 1;
        while (begin > 0 && names[begin - 1] != ' ')
            begin--;
        snprintf(out + (len - end), sizeof out - (len - end), "%.*s", (int)(end - begin),
                 names + begin);
        end = begin;
    }
    return out;
}

static void test_orders(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *r = &rows[i];
        put_log(r->file);
        same_text(r->what, read_names(JOURNAL_OLDEST_FIRST, &r->wanted, 0), r->names);
        same_text(r->what, read_names(JOURNAL_NEWEST_FIRST, &r->wanted, 0), reversed(r->names));
    }
}

static void test_enough(void **state)
{
    (void)state;
    const char *const file[4] = {C "\n" D "\n", A "\n" B "\n"};
    const struct journal_wanted all = {0};
    put_log(file);
    same_text("the oldest", read_names(JOURNAL_OLDEST_FIRST, &all, 1), "sync ");
    same_text("three of them", read_names(JOURNAL_OLDEST_FIRST, &all, 3), "sync run pull ");
    same_text("the newest", read_names(JOURNAL_NEWEST_FIRST, &all, 1), "publish ");
    same_text("three of those", read_names(JOURNAL_NEWEST_FIRST, &all, 3), "publish pull run ");
}

static bool see_all(void *ctx, const struct journal_event *ev)
{
    *(int *)ctx += 1;
    same_int("time", ev->at, SECOND(3) + 500);
    same_text("relay", ev->relay, "work");
    same_bytes("line", ev->line, ev->len, C, sizeof C - 1);
    same_text("members", jv_text(ev->members, "machine"), "m");
    return true;
}

static void test_event(void **state)
{
    (void)state;
    const char *const file[4] = {"{\"v\":1,\"ts\":" C "\n"};
    const struct journal_wanted all = {0};
    struct err e;
    int seen = 0;
    put_log(file);
    assert_true(journal_read(dir(), JOURNAL_OLDEST_FIRST, &all, see_all, &seen, &e));
    assert_true(journal_read(dir(), JOURNAL_NEWEST_FIRST, &all, see_all, &seen, &e));
    same_int("seen", seen, 2);
}

/* ---- longer than a block ---- */

struct order {
    int64_t next, step, seen;
};

enum { ANY = -1 }; /* `next`: whatever comes first */

static bool check_order(void *ctx, const struct journal_event *ev)
{
    struct order *o = ctx;
    if (o->next == ANY && o->seen == 0)
        o->next = jv_number(ev->members, "n", -1);
    if (jv_number(ev->members, "n", -1) != o->next)
        fail_msg("%lld, expected %lld", (long long)jv_number(ev->members, "n", -1),
                 (long long)o->next);
    o->next += o->step;
    o->seen++;
    return true;
}

enum { LINES = 4000 };

/* Lines of every length around the edges of blocks; one that is longer than all of ours. */
static void put_long_log(void)
{
    char path[LIMIT_PATH];
    struct err e;
    for (int file = 0; file < 2; file++) {
        assert_true(log_path(dir(), (unsigned)file, path, &e));
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        for (int i = 0; i < LINES; i++) {
            fprintf(f, "{\"event\":\"x\",\"n\":%d,\"pad\":\"%*s\"}\n", (1 - file) * LINES + i,
                    i * 37 % 911, "");
            if (i == LINES / 2)
                fprintf(f, "{\"event\":\"long\",\"pad\":\"%*s\"}\n", 200000, "");
        }
        fclose(f);
    }
}

/* A line that goes on for several blocks and does not end. */
static void test_long_and_unfinished(void **state)
{
    (void)state;
    static char text[200000];
    struct names n = {.most = 100};
    const struct journal_wanted all = {0};
    const char *const file[4] = {text};
    struct err e;
    size_t len = (size_t)snprintf(text, sizeof text, "%s\n", A);
    memset(text + len, 'x', sizeof text - len - 1);
    put_log(file);
    assert_true(journal_read(dir(), JOURNAL_OLDEST_FIRST, &all, add_name, &n, &e));
    same_text("before it", n.text, "sync ");
}

static void test_long(void **state)
{
    (void)state;
    struct err e;
    const struct journal_wanted all = {0}, reach = {.reach = 1000};
    struct order up = {.next = 0, .step = 1}, down = {.next = 2 * LINES - 1, .step = -1};
    put_long_log();
    assert_true(journal_read(dir(), JOURNAL_OLDEST_FIRST, &all, check_order, &up, &e));
    same_int("all, forwards", up.seen, 2 * LINES);
    assert_true(journal_read(dir(), JOURNAL_NEWEST_FIRST, &all, check_order, &down, &e));
    same_int("all, backwards", down.seen, 2 * LINES);
    down = (struct order){.next = 2 * LINES - 1, .step = -1};
    assert_true(journal_read(dir(), JOURNAL_NEWEST_FIRST, &reach, check_order, &down, &e));
    assert_true(down.seen > 0 && down.seen < 500);
}

static void test_refused(void **state)
{
    (void)state;
    struct err e;
    char path[LIMIT_PATH], text[LIMIT_PATH + 32];
    const struct journal_wanted all = {0};
    assert_true(log_path(dir(), 0, path, &e) && log_path(dir(), 1, text, &e));
    put_file(text, A "\n", 0600);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(journal_read(dir(), JOURNAL_OLDEST_FIRST, &all, add_name, NULL, &e));
    snprintf(text, sizeof text, "%s is not a file", path);
    same_error("a folder in its place", &e, ERR_INVALID, text, "");
}

/* ---- what comes ---- */

static struct err err; /* for calls that must not fail */

static void append_log(const char *text)
{
    char path[LIMIT_PATH];
    assert_true(log_path(dir(), 0, path, &err));
    FILE *f = fopen(path, "a");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* As a writer does it: the highest number first. */
static void rotate_log(void)
{
    for (unsigned n = 3; n-- > 0;) {
        char from[LIMIT_PATH], to[LIMIT_PATH];
        assert_true(log_path(dir(), n, from, &err) && log_path(dir(), n + 1, to, &err));
        rename(from, to);
    }
}

static const char *news(struct journal *j, const struct journal_wanted *wanted)
{
    static struct names n;
    n = (struct names){.most = 0};
    assert_true(journal_news(j, wanted, add_name, &n, &err));
    return n.text;
}

static void test_news(void **state)
{
    (void)state;
    const char *const file[4] = {A "\n{\"v\":1,\"ts\""};
    const struct journal_wanted all = {0}, runs = {.names = only_runs};
    struct journal j;
    struct names past = {.most = 0};
    put_log(file);
    assert_true(journal_open(dir(), &j, &err));
    same_text("nothing yet", news(&j, &all), "");
    append_log(":\"x\"}\n" B "\n");
    assert_true(journal_past(&j, JOURNAL_OLDEST_FIRST, &all, add_name, &past, &err));
    same_text("what was there when it was opened", past.text, "sync ");
    same_text("what has come, an unfinished line once it is whole", news(&j, &all), "run ");
    same_text("once", news(&j, &all), "");
    append_log(C "\n" B "\n");
    same_text("what is wanted", news(&j, &runs), "run ");
    append_log(C "\n");
    rotate_log();
    same_text("written before a rotation", news(&j, &all), "pull ");
    append_log(D "\n");
    same_text("and after it", news(&j, &all), "publish ");
    append_log(A "\n");
    rotate_log();
    append_log(B "\n");
    rotate_log();
    append_log(C "\n");
    same_text("over two rotations", news(&j, &all), "sync run pull ");
    put_log(file);
    same_text("another log in its place", news(&j, &all), "sync ");
    journal_close(&j);
}

static void test_news_of_no_log(void **state)
{
    (void)state;
    const struct journal_wanted all = {0};
    struct journal j;
    assert_true(journal_open(dir(), &j, &err));
    same_text("none", news(&j, &all), "");
    append_log(A "\n");
    same_text("the first", news(&j, &all), "sync ");
    append_log(B "\n");
    same_text("the next", news(&j, &all), "run ");
    journal_close(&j);
}

/* By others' tools: copied, then emptied. */
static void test_news_after_emptying(void **state)
{
    (void)state;
    const char *const file[4] = {A "\n" B "\n"};
    const struct journal_wanted all = {0};
    struct journal j;
    char path[LIMIT_PATH];
    put_log(file);
    assert_true(journal_open(dir(), &j, &err) && log_path(dir(), 0, path, &err));
    assert_int_equal(truncate(path, 0), 0);
    append_log(C "\n");
    same_text("from the beginning", news(&j, &all), "pull ");
    journal_close(&j);
}

/* ---- read while it is written and rotated ---- */

enum { WRITTEN = 4000 };

static int write_numbers(const void *arg)
{
    const struct log log = {.folder = dir(), .size = LIMIT_EVENT, .files = LIMIT_LOG_FILES};
    (void)arg;
    for (int i = 0; i < WRITTEN; i++) {
        jv *event = log_event("x");
        jv_put_int(event, "n", i);
        if (!log_write(&log, event, &err))
            return 1;
    }
    return 0;
}

/* From either end, all at once or as they come: every number, each once, in order.  The log keeps
 * fewer lines than are written, so a reader of all of it begins where the log does. */
static void test_while_written(void **state)
{
    (void)state;
    const struct journal_wanted all = {0};
    struct journal j;
    struct order news = {.next = 0, .step = 1};
    assert_true(journal_open(dir(), &j, &err));
    pid_t writer = forked_start(write_numbers, NULL);
    for (int64_t seen = 0; news.seen < WRITTEN;) {
        struct order up = {.next = ANY, .step = 1}, down = {.next = ANY, .step = -1};
        assert_true(journal_news(&j, &all, check_order, &news, &err));
        assert_true(journal_read(dir(), JOURNAL_OLDEST_FIRST, &all, check_order, &up, &err));
        assert_true(journal_read(dir(), JOURNAL_NEWEST_FIRST, &all, check_order, &down, &err));
        assert_true(up.seen == 0 || up.next >= seen);
        seen = up.next;
        if (waitpid(writer, NULL, WNOHANG) == writer)
            assert_true(journal_news(&j, &all, check_order, &news, &err) && news.seen == WRITTEN);
    }
    journal_close(&j);
    waitpid(writer, NULL, 0);
}

/* ---- what events mean ---- */

static const struct {
    const char *event;
    enum outcome outcome;
} meanings[] = {
    {"\"event\":\"publish\",\"ok\":true,\"did\":\"publish\"", OUTCOME_PUBLISHED},
    {"\"event\":\"sync\",\"ok\":true,\"did\":\"publish\"", OUTCOME_PUBLISHED},
    {"\"event\":\"sync\",\"ok\":true,\"did\":\"forward\"", OUTCOME_PUBLISHED},
    {"\"event\":\"sync\",\"ok\":true,\"did\":\"install_shared\"", OUTCOME_PULLED},
    {"\"event\":\"pull\",\"ok\":true,\"did\":\"install_renewable\"", OUTCOME_PULLED},
    {"\"event\":\"sync\",\"ok\":true,\"did\":\"nothing\"", OUTCOME_NOTHING},
    {"\"event\":\"sync\",\"ok\":false,\"error\":\"denied\"", OUTCOME_REFUSED},
    {"\"event\":\"publish\",\"ok\":false,\"did\":\"nothing\"", OUTCOME_REFUSED},
    {"\"event\":\"publish\"", OUTCOME_REFUSED},
    {"\"event\":\"run\",\"verdict\":\"lapsed\",\"recovery_succeeded\":true", OUTCOME_RECOVERED},
    {"\"event\":\"run\",\"verdict\":\"other\",\"recovery_succeeded\":true", OUTCOME_RECOVERED},
    {"\"event\":\"run\",\"verdict\":\"lapsed\",\"recovery_succeeded\":false", OUTCOME_FAILED},
    {"\"event\":\"run\",\"verdict\":\"overridden\"", OUTCOME_FAILED},
    {"\"event\":\"run\",\"verdict\":\"forbidden\"", OUTCOME_FAILED},
    {"\"event\":\"run\",\"verdict\":\"fine\",\"recovery_attempted\":true", OUTCOME_OTHER},
    {"\"event\":\"run\",\"verdict\":\"other\"", OUTCOME_OTHER},
    {"\"event\":\"run\"", OUTCOME_OTHER},
    {"\"event\":\"something\",\"ok\":false", OUTCOME_OTHER},
};

static bool take_outcome(void *ctx, const struct journal_event *ev)
{
    *(enum outcome *)ctx = journal_outcome(ev);
    return true;
}

static void test_outcomes(void **state)
{
    (void)state;
    const struct journal_wanted all = {0};
    for (size_t i = 0; i < COUNT(meanings); i++) {
        char text[512];
        struct err e;
        enum outcome got = OUTCOME_COUNT;
        snprintf(text, sizeof text, "{%s}\n", meanings[i].event);
        const char *const file[4] = {text};
        put_log(file);
        assert_true(journal_read(dir(), JOURNAL_OLDEST_FIRST, &all, take_outcome, &got, &e));
        same_text(meanings[i].event, outcome_name(got), outcome_name(meanings[i].outcome));
    }
}

#define SYNC(second, did, relay)                                                                   \
    "{\"v\":1,\"ts\":\"2026-11-24T06:13:" second "Z\",\"event\":\"sync\",\"relay\":\"" relay       \
    "\",\"ok\":true,\"did\":\"" did "\"}\n"

static void test_latest(void **state)
{
    (void)state;
    const char *const file[4] = {SYNC("30", "nothing", "claude") SYNC("31", "publish", "work")
                                     SYNC("32", "nothing", "claude"),
                                 SYNC("10", "publish", "claude") SYNC("11", "publish", "claude")
                                     SYNC("12", "install_shared", "claude")};
    struct journal_latest l;
    struct err e;
    put_log(file);
    assert_true(journal_latest(dir(), "claude", &l, &e));
    same_int("published", l.at[OUTCOME_PUBLISHED], SECOND(11));
    same_int("pulled", l.at[OUTCOME_PULLED], SECOND(12));
    same_int("nothing", l.at[OUTCOME_NOTHING], SECOND(32));
    same_int("refused", l.at[OUTCOME_REFUSED], 0);
    same_text("its event", jv_text(l.event[OUTCOME_PUBLISHED], "ts"), "2026-11-24T06:13:11Z");
    assert_null(l.event[OUTCOME_FAILED]);
    journal_latest_free(&l);
}

/* With one of each there is nothing more to look for. */
static void test_latest_of_all(void **state)
{
    (void)state;
    struct journal_latest l;
    struct err e;
    struct buf text;
    buf_init(&text, 100000);
    buf_text(&text, "{\"event\":\"older\"}\n");
    buf_text(&text, SYNC("01", "nothing", "claude") SYNC("02", "publish", "claude")
                        SYNC("03", "install_shared", "claude"));
    buf_text(
        &text,
        "{\"ts\":\"2026-11-24T06:13:04Z\",\"event\":\"sync\",\"relay\":\"claude\",\"ok\":false}\n");
    buf_text(&text, "{\"ts\":\"2026-11-24T06:13:05Z\",\"event\":\"run\",\"relay\":\"claude\","
                    "\"recovery_attempted\":true,\"recovery_succeeded\":true}\n");
    buf_text(&text,
             "{\"ts\":\"2026-11-24T06:13:06Z\",\"event\":\"run\",\"relay\":\"claude\","
             "\"recovery_attempted\":true,\"recovery_succeeded\":false,\"verdict\":\"lapsed\"}\n");
    const char *const file[4] = {buf_str(&text)};
    put_log(file);
    assert_true(journal_latest(dir(), "claude", &l, &e));
    for (int i = OUTCOME_NOTHING; i < OUTCOME_COUNT; i++)
        same_int(outcome_name((enum outcome)i), l.event[i] != NULL, true);
    journal_latest_free(&l);
    buf_free(&text);
}

/* A folder whose path is too long for the log in it, and one too long for any. */
static void test_long_folders(void **state)
{
    (void)state;
    static char folder[2 * LIMIT_PATH];
    struct journal j;
    struct err e;
    for (size_t i = 0; i < sizeof folder - 1; i++)
        folder[i] = i % 2 ? '/' : '.';
    assert_false(journal_open(folder, &j, &e));
    assert_non_null(strstr(e.text, "...: File name too long"));
    folder[LIMIT_PATH - 5] = '\0';
    assert_false(journal_open(folder, &j, &e));
    assert_non_null(strstr(e.text, "...: File name too long"));
}

/* Removed by somebody: there is no news, and then there is. */
static void test_news_after_removal(void **state)
{
    (void)state;
    static const char *const before[4] = {A "\n"}, *const after[4] = {B "\n"},
                             *const nothing[4] = {NULL};
    const struct journal_wanted all = {0};
    struct journal j;
    struct err e;
    put_log(before);
    assert_true(journal_open(dir(), &j, &e));
    put_log(nothing);
    struct names n = {.most = 100};
    assert_true(journal_news(&j, &all, add_name, &n, &e));
    same_text("removed", n.text, "");
    put_log(after);
    assert_true(journal_news(&j, &all, add_name, &n, &e));
    same_text("made anew", n.text, "run ");
    journal_close(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_orders),
        IN_WORLD(test_enough),
        IN_WORLD(test_event),
        IN_WORLD(test_long),
        IN_WORLD(test_long_and_unfinished),
        IN_WORLD(test_refused),
        IN_WORLD(test_outcomes),
        IN_WORLD(test_latest),
        IN_WORLD(test_latest_of_all),
        IN_WORLD(test_long_folders),
        IN_WORLD(test_news_after_removal),
        IN_WORLD(test_news),
        IN_WORLD(test_while_written),
        IN_WORLD(test_news_of_no_log),
        IN_WORLD(test_news_after_emptying),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
