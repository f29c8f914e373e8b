/* What status promises, case by case.  How to read logins and memories: situations.h. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "doctor/rows.h"
#include "situations.h"

enum who { READER, WRITER, PLAIN_WRITER };

/* Machine "me", whose watcher runs unless WATCHER says otherwise. */
static const struct row {
    const char *name;
    enum who who;
    const char *local;
    const char *shared; /* NULL: not asked; "!": no answer */
    int version;        /* of the shared value */
    const char *memory;
    const char *overriding;
    const char *watcher; /* NULL: it runs; "": it does not; else what ails it */
    int status;
    const char *expect; /* "KIND: TEXT -> HINT", a line a note */
} rows[] = {
    /* ---- all is well ---- */
    {"in step", WRITER, "A+8r", "A+8", 1, "=A1", NULL, NULL, 0, ""},
    {"in step, a reader", READER, "A+8", "A+8", 1, "=A1", NULL, NULL, 0, ""},
    {"in step, the plain layout", PLAIN_WRITER, "A+8r", "A+8r", 1, "=A1", NULL, NULL, 0, ""},
    {"not asked", WRITER, "A+8r", NULL, 0, "=A1", NULL, NULL, 0, ""},
    {"an expiry that is not known lasts", READER, "A?", "A?", 1, "=A1", NULL, NULL, 0, ""},
    {"the deadline is far", WRITER, "A+8r@8", "A+8@8", 1, "=A1", NULL, NULL, 0, ""},

    /* ---- it works, and somebody should look ---- */
    {"the deadline is near", WRITER, "A+8r@3", "A+8@3", 1, "=A1", NULL, NULL, 2,
     "deadline: a person must log in again within 3 d 0 h -> log in: claude /login\n"},
    {"the deadline is near, a reader", READER, "A+8@3", "A+8@3", 1, "=A1", NULL, NULL, 2,
     "deadline: a person must log in again within 3 d 0 h -> log in on a writer: claude /login\n"},
    {"the deadline is over, the token not yet", WRITER, "A+8r@-1", "A+8@-1", 1, "=A1", NULL, NULL,
     2,
     "deadline: a person must log in again: the login has reached its time limit -> "
     "log in: claude /login\n"},
    {"no watcher on a writer", WRITER, "A+8r", "A+8", 1, "=A1", NULL, "", 2,
     "watcher: no watcher is running: what changes here is not published, what changes elsewhere "
     "not pulled -> credrelay service install\n"},
    {"no watcher on a reader", READER, "A+8", "A+8", 1, "=A1", NULL, "", 2,
     "watcher: no watcher is running: what changes elsewhere is pulled only when a run needs it -> "
     "credrelay service install\n"},
    {"a watcher in trouble", WRITER, "A+8r", "A+8", 1, "=A1", NULL, "access denied", 2,
     "watcher: the watcher cannot do its duty: access denied -> its hint\n"},
    {"the store gives no answer", WRITER, "A+8r", "!", 0, "=A1", NULL, NULL, 2,
     "store: the store: no answer -> check the network\n"},
    {"never published", WRITER, "A+8r", "-", 0, "", NULL, NULL, 2,
     "unpublished: not in the store: the store has no login yet -> credrelay publish\n"},
    {"renewed, and not published yet", WRITER, "B+8r", "A+1", 1, "=A1", NULL, NULL, 2,
     "unpublished: not in the store: the login here is new -> credrelay publish\n"},
    {"nothing published, a reader", READER, "A+8", "-", 0, "", NULL, NULL, 2,
     "store: the store has no login yet -> on a writer: credrelay publish\n"},
    {"the store was blanked, a reader", READER, "A+8", "blank", 2, "=A1", NULL, NULL, 2,
     "store: the store's value is not a login that works -> on a writer: credrelay publish\n"},
    {"superseded", READER, "A+8", "B+9", 2, "A1 =B2", NULL, NULL, 2,
     "behind: the login here is an older one, seen before -> credrelay pull\n"},
    {"the store has moved on", READER, "A+1", "B+9", 2, "=A1", NULL, NULL, 2,
     "behind: the login here is an older one, seen before -> credrelay pull\n"},
    {"a reader keeps its own", READER, "B+9", "A+8", 1, "=A1", NULL, NULL, 2,
     "kept: a newer login was made on this reader: kept here, not published -> "
     "credrelay pull --force takes the store's; one for all machines: log in on a writer\n"},
    {"the store's is newer but expired", READER, "A+1", "B-1", 2, "A1 =B2", NULL, NULL, 2,
     "store: the store's login is newer but expired; the one here still works -> "
     "on a writer: credrelay publish\n"},
    {"a refresh token on a reader", READER, "A+8r", "A+8", 1, "=A1", NULL, NULL, 2,
     "behind: another machine renews this login -> credrelay pull\n"},

    /* ---- the run has to do something first ---- */
    {"blank, and the store has one", READER, "blank", "A+8", 1, "=A1", NULL, NULL, 2,
     "pulls_first: the login here is blank: the run pulls the store's first -> credrelay pull\n"},
    {"none, and the store has one", WRITER, "-", "A+8", 1, "", NULL, NULL, 2,
     "pulls_first: there is no login here: the run pulls the store's first -> credrelay pull\n"},
    {"torn, and the store's will end soon", READER, "torn", "A+8@2", 1, "=A1", NULL, NULL, 2,
     "pulls_first: the login here is torn: the run pulls the store's first -> credrelay pull\n"
     "deadline: a person must log in again within 2 d 0 h -> log in on a writer: claude /login\n"},
    {"expired, and the store has a fresh one", READER, "A-2", "B+8", 2, "=A1", NULL, NULL, 2,
     "pulls_first: the login here expired 2 h 0 min ago: the run pulls the store's first -> "
     "credrelay pull\n"},
    {"refused, and the store has another", READER, "A+8", "B+8", 2, "=A1 !A", NULL, NULL, 2,
     "pulls_first: the server refused the login here: the run pulls the store's first -> "
     "credrelay pull\n"},
    {"expired on the holder", WRITER, "A-1r", "A-1", 1, "=A1", NULL, NULL, 2,
     "renews: the login here expired 1 h 0 min ago: Claude Code renews it in the run\n"},
    {"expired on the holder, not asked", WRITER, "A-1r", NULL, 0, "=A1", NULL, NULL, 2,
     "renews: the login here expired 1 h 0 min ago: Claude Code renews it in the run\n"},
    {"expired on the holder, its time limit to come", WRITER, "A-1r@9", "A-1@9", 1, "=A1", NULL,
     NULL, 2, "renews: the login here expired 1 h 0 min ago: Claude Code renews it in the run\n"},
    {"expired on the holder, no answer", WRITER, "A-1r", "!", 0, "=A1", NULL, NULL, 2,
     "renews: the login here expired 1 h 0 min ago: Claude Code renews it in the run\n"
     "store: the store: no answer -> check the network\n"},

    /* ---- it will not work ---- */
    {"nothing anywhere", WRITER, "-", "-", 0, "", NULL, NULL, 1,
     "no_login: there is no login here, and the store has no login yet -> log in: claude /login\n"},
    {"nothing anywhere, a reader", READER, "-", "-", 0, "", NULL, NULL, 1,
     "no_login: there is no login here, and the store has no login yet -> "
     "it comes when a writer publishes; on a writer: credrelay publish\n"},
    {"both expired", READER, "A-2", "A-2", 1, "=A1", NULL, NULL, 1,
     "no_login: the login here expired 2 h 0 min ago, and the store's expired 2 h 0 min ago -> "
     "it comes when a writer publishes; on a writer: credrelay publish\n"},
    {"blank, and the store's is expired", READER, "blank", "A-3", 1, "=A1", NULL, NULL, 1,
     "no_login: the login here is blank, and the store's expired 3 h 0 min ago -> "
     "it comes when a writer publishes; on a writer: credrelay publish\n"},
    {"refused everywhere", WRITER, "A+8r", "A+8", 1, "=A1 !A", NULL, NULL, 1,
     "no_login: the server refused the login here, and neither this machine nor the store has a "
     "login that works -> log in: claude /login\n"},
    {"expired, and its renewal was refused", WRITER, "A-1r", "A-1", 1, "=A1 ?A", NULL, NULL, 1,
     "no_login: the login here expired 1 h 0 min ago, and the store's expired 1 h 0 min ago -> "
     "log in: claude /login\n"},
    {"the month is over", WRITER, "A-1r@-1", "-", 0, "", NULL, NULL, 1,
     "no_login: the login here expired 1 h 0 min ago, and the store has no login yet -> "
     "log in: claude /login\n"
     "deadline: a person must log in again: the login has reached its time limit -> "
     "log in: claude /login\n"},
    {"the month is over, a reader", READER, "A-1@-1", "-", 0, "", NULL, NULL, 1,
     "no_login: the login here expired 1 h 0 min ago, and the login has reached its time limit -> "
     "log in on a writer: claude /login\n"
     "deadline: a person must log in again: the login has reached its time limit -> "
     "log in on a writer: claude /login\n"},
    {"a folder in its place, and the store has one", READER, "folder", "A+8", 1, "=A1", NULL, NULL,
     1,
     "no_login: something else than a file is in the login's place, and no run or sync takes it "
     "away -> make room\n"},
    {"a folder in its place, not asked", WRITER, "folder", NULL, 0, "", NULL, NULL, 1,
     "no_login: something else than a file is in the login's place, and no run or sync takes it "
     "away -> make room\n"},
    {"a file that cannot be read, and the store has one", WRITER, "unreadable", "A+8", 1, "=A1",
     NULL, NULL, 1,
     "no_login: the login here cannot be read, and no run or sync takes it away -> make room\n"},
    {"blank, not asked", READER, "blank", NULL, 0, "=A1", NULL, NULL, 1,
     "no_login: the login here is blank, and the store was not asked for a better one -> "
     "ask it: credrelay status\n"},
    {"blank, no answer, no watcher", READER, "blank", "!", 0, "=A1", NULL, "", 1,
     "no_login: the login here is blank, and the store gave no answer -> check the network\n"
     "store: the store: no answer -> check the network\n"
     "watcher: no watcher is running: what changes elsewhere is pulled only when a run needs it -> "
     "credrelay service install\n"},

    /* ---- the login is not what counts ---- */
    {"a variable goes before it", WRITER, "A+8r", "A+8", 1, "=A1", "ANTHROPIC_API_KEY", NULL, 2,
     "overridden: Claude Code uses ANTHROPIC_API_KEY instead of its login: nothing here can mend "
     "that -> unset ANTHROPIC_API_KEY\n"},
    {"a variable, and no login at all", WRITER, "-", "-", 0, "", "ANTHROPIC_API_KEY", NULL, 2,
     "overridden: Claude Code uses ANTHROPIC_API_KEY instead of its login: nothing here can mend "
     "that -> unset ANTHROPIC_API_KEY\n"},
    {"a helper goes before it", READER, "blank", "A+8", 1, "=A1", "apiKeyHelper in settings.json",
     NULL, 2,
     "overridden: Claude Code uses apiKeyHelper in settings.json instead of its login: nothing "
     "here can mend that -> take it out: apiKeyHelper in settings.json\n"},
};

static void make_facts(const struct row *row, struct relay *r, struct facts *f)
{
    *r = (struct relay){.name = "claude",
                        .machine = "me",
                        .tool = &tool_claude,
                        .role = row->who == READER ? ROLE_READER : ROLE_WRITER,
                        .plain = row->who == PLAIN_WRITER,
                        .store_url = "ssm://us-west-2/claude/oauth/credentials"};
    *f = (struct facts){.relay = r,
                        .now = NOW,
                        .overriding = row->overriding,
                        .local = parse_login(row->local),
                        .memory = parse_memory(row->memory)};
    if (f->local.state != LOGIN_USABLE) {
        err_set(&f->local_why, ERR_INVALID, "why not");
        err_hint(&f->local_why, "make room");
    }
    if (row->shared && strcmp(row->shared, "!") == 0) {
        f->answer = NO_ANSWER;
        err_set(&f->store_why, ERR_UNREACHABLE, "the store: no answer");
        err_hint(&f->store_why, "check the network");
    } else if (row->shared) {
        f->answer = ANSWERED;
        f->shared = (struct stored){
            .known = true, .version = row->version, .login = parse_login(row->shared)};
    }
    f->watcher.running = !row->watcher || row->watcher[0];
    if (row->watcher && row->watcher[0]) {
        err_set(&f->watcher.ails, ERR_DENIED, "%s", row->watcher);
        err_hint(&f->watcher.ails, "its hint");
    }
}

static void write_notes(const struct outlook *o, struct buf *out)
{
    buf_init(out, 4096);
    for (size_t i = 0; i < o->count; i++)
        buf_printf(out, "%s: %s%s%s\n", note_kind_name(o->notes[i].kind), o->notes[i].text,
                   o->notes[i].hint[0] ? " -> " : "", o->notes[i].hint);
}

static void test_outlook(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct relay r;
        struct facts f;
        struct outlook o;
        struct buf notes;
        make_facts(&rows[i], &r, &f);
        outlook(&f, &o);
        write_notes(&o, &notes);
        same_text(rows[i].name, buf_str(&notes), rows[i].expect);
        same_int(rows[i].name, outlook_exit_status(&o), rows[i].status);
        same_int(rows[i].name, o.prospect == CANNOT_TELL, rows[i].overriding != NULL);
        buf_free(&notes);
    }
}

static void test_no_service_manager(void **state)
{
    (void)state;
    const struct row row = {"in a container",
                            READER,
                            "A+8",
                            "A+8",
                            1,
                            "=A1",
                            NULL,
                            "",
                            2,
                            "watcher: no watcher is running: what changes elsewhere is pulled only "
                            "when a run needs it -> credrelay watch --detach\n"};
    struct relay r;
    struct facts f;
    struct outlook o;
    struct buf notes;
    make_facts(&row, &r, &f);
    f.no_manager = true;
    outlook(&f, &o);
    write_notes(&o, &notes);
    same_text(row.name, buf_str(&notes), row.expect);
    buf_free(&notes);
}

static void test_incident(void **state)
{
    (void)state;
    const struct row row = {"an incident",
                            WRITER,
                            "A+8r",
                            "A+8",
                            1,
                            "=A1",
                            NULL,
                            NULL,
                            2,
                            "incident: wrong since 2 h 0 min: the store denies -> allow it\n"};
    struct relay r;
    struct facts f;
    struct outlook o;
    struct buf notes;
    make_facts(&row, &r, &f);
    f.incident = (struct incident){.open = true, .since = NOW - 2 * HOUR};
    err_set(&f.incident.why, ERR_DENIED, "the store denies");
    err_hint(&f.incident.why, "allow it");
    outlook(&f, &o);
    write_notes(&o, &notes);
    same_text(row.name, buf_str(&notes), row.expect);
    same_int(row.name, outlook_exit_status(&o), row.status);
    buf_free(&notes);
}

/* ---- compared ---- */

static const struct {
    enum who who;
    const char *local, *shared;
    int version;
    const char *memory;
    const char *expect;
} compared[] = {
    {WRITER, "A+8r", "A+8", 1, "=A1", "same"},     {WRITER, "B+8r", "A+8", 1, "=A1", "older"},
    {READER, "B+8", "A+8", 1, "=A1", "older"},     {WRITER, "B+9r", "A+8", 1, "", "older"},
    {WRITER, "A+8r", "B+9", 2, "=A1", "newer"},    {WRITER, "A+8r", "B+9", 2, "", "newer"},
    {WRITER, "B-1r", "A+8", 1, "=A1", "newer"},    {WRITER, "B+8r", "A+8", 1, "=A1 !B", "newer"},
    {WRITER, "A+1r", "B-1", 2, "A1 =B2", "newer"}, {WRITER, "A+8r", "B+9", 2, "=A1 !B", NULL},
    {WRITER, "blank", "A+8", 1, "=A1", NULL},      {WRITER, "A+8r", "-", 0, "", NULL},
    {WRITER, "A+8r", "blank", 2, "=A1", NULL},     {WRITER, "A+8r", NULL, 0, "=A1", NULL},
};

static void test_standing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(compared); i++) {
        const struct row row = {.name = compared[i].memory,
                                .who = compared[i].who,
                                .local = compared[i].local,
                                .shared = compared[i].shared,
                                .version = compared[i].version,
                                .memory = compared[i].memory};
        struct relay r;
        struct facts f;
        struct outlook o;
        make_facts(&row, &r, &f);
        outlook(&f, &o);
        same_text(row.name, standing_name(store_standing(&f, &o)), compared[i].expect);
    }
}

static const struct {
    const char *name;
    enum who who;
    const char *local, *shared, *holder, *expect;
} holders[] = {
    {"it has the refresh token", WRITER, "A+8r", "A+8", "", "me"},
    {"and the store was not asked", WRITER, "A+8r", NULL, "", "me"},
    {"nor has it one yet", WRITER, "A+8r", "-", "", "me"},
    {"the watcher saw another", WRITER, "A+8", "A+8", "mac-2", "mac-2"},
    {"an old login's token means nothing", WRITER, "A+8r", "B+8", "mac-2", "mac-2"},
    {"nobody knows", WRITER, "A+8", "A+8", "", NULL},
    {"nor does a reader", READER, "A+8", "A+8", "", NULL},
    {"one for all", PLAIN_WRITER, "A+8r", "A+8r", "", NULL},
};

static void test_holder(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(holders); i++) {
        const struct row row = {.who = holders[i].who,
                                .local = holders[i].local,
                                .shared = holders[i].shared,
                                .version = 1};
        struct relay r;
        struct facts f;
        make_facts(&row, &r, &f);
        snprintf(f.holder, sizeof f.holder, "%s", holders[i].holder);
        same_text(holders[i].name, who_renews(&f), holders[i].expect);
    }
}

/* ---- the screen ---- */

static void write_screen(const struct facts *f, bool colour, struct buf *out)
{
    struct outlook o;
    struct screen s;
    struct err e;
    buf_init(out, LIMIT_SCREEN);
    outlook(f, &o);
    assert_true(status_screen(&s, &e));
    status_rows(f, &o, &s);
    assert_true(screen_write(&s, colour, out));
    screen_close(&s);
}

static void test_a_good_day(void **state)
{
    (void)state;
    const struct row row = {"", WRITER, "A+8r@29", "A+8@29", 12, "=A12", NULL, NULL, 0, ""};
    struct relay r;
    struct facts f;
    struct buf got;
    make_facts(&row, &r, &f);
    f.modified = NOW - 14 * 60000;
    snprintf(f.by, sizeof f.by, "me");
    f.watcher.since = NOW - 50 * HOUR;
    f.watcher.synced_at = NOW - 12000;
    snprintf(f.service, sizeof f.service, "systemd: running");
    setenv("TZ", "UTC0", 1);
    tzset();
    f.happenings[HAPPENED_PUBLISH] = (struct happening){NOW - 14 * 60000, "version 12, AAAAAAAA"};
    write_screen(&f, false, &got);
    same_text("a good day", buf_str(&got),
              "claude on me, a writer\n"
              "  login      AAAAAAAA, usable, expires in 8 h 0 min\n"
              "             a person must log in again in 29 d 0 h (2026-12-23)\n"
              "  store      ssm://us-west-2/claude/oauth/credentials\n"
              "             version 12, 14 min 0 s ago, by me\n"
              "             AAAAAAAA, the same as here, expires in 8 h 0 min\n"
              "  holder     this machine renews the login\n"
              "  watcher    running, started 2 d 2 h ago; last in step 12 s ago\n"
              "  service    systemd: running\n"
              "  publish    14 min 0 s ago: version 12, AAAAAAAA\n"
              "  pull       none in the log\n"
              "  recovery   none in the log\n"
              "  failure    none in the log\n"
              "  next run   will work\n");
    buf_free(&got);
}

static void test_a_bad_day(void **state)
{
    (void)state;
    const struct row row = {"", READER, "A-30", "!", 0, "=A12", NULL, "", 1, ""};
    struct relay r;
    struct facts f;
    struct buf got;
    make_facts(&row, &r, &f);
    err_set(&f.store_why, ERR_UNREACHABLE,
            "Parameter Store: GetParameter: cannot connect to ssm.us-west-2.amazonaws.com: "
            "Connection refused");
    err_hint(&f.store_why, "check the network");
    f.happenings[HAPPENED_FAILURE] = (struct happening){NOW - HOUR, "run: exit status 78"};
    write_screen(&f, true, &got);
    same_text("a bad day", buf_str(&got),
              "\033[1mclaude on me, a reader\033[0m\n"
              "  login      \033[31mAAAAAAAA, expired 1 d 6 h ago\033[0m\n"
              "  store      ssm://us-west-2/claude/oauth/credentials\n"
              "             \033[31mParameter Store: GetParameter: cannot connect to\033[0m\n"
              "             \033[31mssm.us-west-2.amazonaws.com: Connection refused\033[0m\n"
              "             last in step with version 12, AAAAAAAA\n"
              "  holder     a writer renews the login; readers are not told which\n"
              "  watcher    \033[33mnot running\033[0m\n"
              "  publish    \033[2mnone in the log\033[0m\n"
              "  pull       \033[2mnone in the log\033[0m\n"
              "  recovery   \033[2mnone in the log\033[0m\n"
              "  failure    1 h 0 min ago: run: exit status 78\n"
              "  next run   \033[31mwill not work: the login here expired 1 d 6 h ago, and the "
              "store\033[0m\n"
              "             \033[31mgave no answer\033[0m\n"
              "               check the network\n"
              "  attention  \033[33mParameter Store: GetParameter: cannot connect to\033[0m\n"
              "             \033[33mssm.us-west-2.amazonaws.com: Connection refused\033[0m\n"
              "               check the network\n"
              "  attention  \033[33mno watcher is running: what changes elsewhere is pulled only "
              "when a\033[0m\n"
              "             \033[33mrun needs it\033[0m\n"
              "               credrelay service install\n");
    buf_free(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outlook),
        cmocka_unit_test(test_incident),
        cmocka_unit_test(test_standing),
        cmocka_unit_test(test_holder),
        cmocka_unit_test(test_a_good_day),
        cmocka_unit_test(test_a_bad_day),
        cmocka_unit_test(test_no_service_manager),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
