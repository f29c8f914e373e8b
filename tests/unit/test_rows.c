/* The rows of status that a good and a bad day (test_outlook.c) do not have.  How to read logins and
 * memories: situations.h. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "doctor/rows.h"
#include "situations.h"

#define RED(text)    "\033[31m" text "\033[0m\n"
#define YELLOW(text) "\033[33m" text "\033[0m\n"
#define GREEN(text)  "\033[32m" text "\033[0m\n"

enum who { READER, WRITER, PLAIN_WRITER };

static const struct row {
    const char *what;
    enum who who;
    const char *local, *shared; /* NULL: the store was not asked */
    const char *memory;
    const char *expect; /* whole lines, in one piece */
} table[] = {
    {"no expiry", READER, "A?", "A?", "=A1",
     "  login      " GREEN("AAAAAAAA, usable, expiry not known")},
    {"expired, and its client renews it", WRITER, "A-1r", "A-1", "=A1",
     "  login      " YELLOW("AAAAAAAA, expired 1 h 0 min ago")},
    {"expired, and nobody renews it here", READER, "A-1", "A-1", "=A1",
     "  login      " RED("AAAAAAAA, expired 1 h 0 min ago")},
    {"refused", WRITER, "A+8r", "A+8", "=A1 !A",
     "  login      " RED("AAAAAAAA, refused by the server, expires in 8 h 0 min")},
    {"the deadline is near", READER, "A+8@3", "A+8@3", "=A1",
     "             " YELLOW("a person must log in again in 3 d 0 h (2026-11-27)")},
    {"the deadline is over", READER, "A+8@-1", "A+8@-1", "=A1",
     "             " RED("a person must log in again, since 1 d 0 h (2026-11-23)")},
    {"the store says neither when nor who", READER, "A+8", "A+8", "=A1",
     "             version 1\n             " GREEN(
         "AAAAAAAA, the same as here, expires in 8 h 0 min")},
    {"nothing in the store", WRITER, "A+8r", "-", "",
     "  store      local:\n             " YELLOW("it has no login yet")},
    {"nonsense in the store", WRITER, "A+8r", "blank", "=A1",
     "             version 1\n             " RED("its value is no login that works (blank)")},
    {"an expired one in the store", WRITER, "B+8r", "A-1", "=A1",
     "             " YELLOW("AAAAAAAA, older than the one here, expired 1 h 0 min ago")},
    {"one that was refused in the store", WRITER, "B+8r", "A+8", "=A1 !A",
     "             " YELLOW("AAAAAAAA, expires in 8 h 0 min")},
    {"not asked", WRITER, "A+8r", NULL, "=A1",
     "  store      local:\n             not asked; last in step with version 1, AAAAAAAA\n"},
    {"not asked, and never was", WRITER, "A+8r", NULL, "",
     "  store      local:\n             not asked; never in step with it yet\n"},
    {"one login for all", PLAIN_WRITER, "A+8r", "A+8r", "=A1",
     "  holder     every machine has the refresh token\n"},
    {"nobody knows who renews", WRITER, "A+8", "A+8", "=A1",
     "  holder     another writer, or none: not known here\n"},
};

static void make_facts(const struct row *row, struct relay *r, struct facts *f)
{
    *r = (struct relay){.name = "claude",
                        .machine = "me",
                        .tool = &tool_claude,
                        .role = row->who == READER ? ROLE_READER : ROLE_WRITER,
                        .plain = row->who == PLAIN_WRITER,
                        .store_url = "local:"};
    *f = (struct facts){.relay = r,
                        .now = NOW,
                        .local = parse_login(row->local),
                        .memory = parse_memory(row->memory),
                        .watcher = {.running = true}};
    if (!row->shared)
        return;
    f->answer = ANSWERED;
    f->shared = (struct stored){
        .known = true, .version = strcmp(row->shared, "-") != 0, .login = parse_login(row->shared)};
}

static void write_screen(const struct facts *f, struct buf *out)
{
    struct outlook o;
    struct screen s;
    struct err e;
    buf_init(out, LIMIT_SCREEN);
    outlook(f, &o);
    assert_true(status_screen(&s, &e));
    status_rows(f, &o, &s);
    assert_true(screen_write(&s, true, out));
    screen_close(&s);
}

static void has_lines(const char *what, const struct facts *f, const char *lines)
{
    struct buf got;
    write_screen(f, &got);
    if (!strstr(buf_str(&got), lines))
        same_text(what, buf_str(&got), lines);
    buf_free(&got);
}

static void zone(const char *name)
{
    setenv("TZ", name, 1);
    tzset();
}

static void test_rows(void **state)
{
    (void)state;
    zone("UTC0");
    for (size_t i = 0; i < COUNT(table); i++) {
        struct relay r;
        struct facts f;
        make_facts(&table[i], &r, &f);
        has_lines(table[i].what, &f, table[i].expect);
    }
}

/* West of Greenwich the last day is an earlier one. */
static void test_the_day_is_that_of_the_zone(void **state)
{
    (void)state;
    static const struct row near = {"", READER, "A+8@3", "A+8@3", "=A1", ""};
    struct relay r;
    struct facts f;
    make_facts(&near, &r, &f);
    zone("PST8PDT,M3.2.0,M11.1.0");
    has_lines("in California", &f,
              "             " YELLOW("a person must log in again in 3 d 0 h (2026-11-26)"));
    zone("UTC0");
}

/* What is known of the watcher and of the log, piece by piece. */
static void test_the_rest(void **state)
{
    (void)state;
    static const struct row fine = {"", WRITER, "A+8r", "A+8", "=A1", ""};
    struct relay r;
    struct facts f;
    make_facts(&fine, &r, &f);
    has_lines("since when is not known", &f, "  watcher    " GREEN("running"));
    snprintf(f.holder, sizeof f.holder, "mac-2");
    f.local = parse_login("A+8");
    has_lines("another one renews", &f, "  holder     mac-2 renews the login\n");
    f.watcher.synced_at = NOW - 60000;
    err_set(&f.watcher.ails, ERR_DENIED, "the store denies");
    has_lines("it ails", &f,
              "  watcher    " YELLOW("running; last in step 1 min 0 s ago") "             " RED(
                  "the store denies"));
    err_set(&f.log_why, ERR_IO, "the log cannot be read");
    has_lines("no log", &f, "  log        " YELLOW("the log cannot be read"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
                                       cmocka_unit_test(test_the_day_is_that_of_the_zone),
                                       cmocka_unit_test(test_the_rest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
