/* What runs and the watcher call: the books they leave, and what is put up to be sent. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alert/books.h"
#include "tool/tool.h"

#define START INT64_C(1767225600000)
#define HOUR  INT64_C(3600000)
#define DAY   (24 * HOUR)

static const char conf[] = ".config/credrelay/credrelay.conf";
static const struct err why = {ERR_HOPELESS, 0, "no login works", "log in: claude /login"};

static int with_folder(void **state)
{
    return world_make(state) == 0 && mkdir(in_home(".config"), 0700) == 0
               ? mkdir(in_home(".config/credrelay"), 0700)
               : -1;
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, with_folder, world_remove)

static struct relay load(void)
{
    struct relay r;
    struct err e;
    if (!relay_load(NULL, &r, &e))
        fail_msg("%s", e.text);
    return r;
}

static void fine(bool ok, const struct err *e)
{
    if (!ok)
        fail_msg("%s", e->text);
}

static void trouble(const struct relay *r, enum trouble what, int64_t after)
{
    struct err e = {0};
    fine(alert_trouble(r, what, &why, START + after, &e), &e);
}

static void good(const struct relay *r, enum trouble what, int64_t after)
{
    struct err e = {0};
    fine(alert_fine(r, what, START + after, &e), &e);
}

static void tend(const struct relay *r, int64_t after)
{
    struct err e = {0};
    fine(alert_tend(r, START + after, &e), &e);
}

/* "opened:mail,command still:..." of what is in the outbox. */
static const char *outbox(const struct relay *r)
{
    static char text[512];
    struct books b;
    struct err e;
    size_t at = 0;
    text[0] = '\0';
    fine(books_peek(r, &b, &e), &e);
    for (size_t i = 0; i < b.outbox.count; i++) {
        const struct letter *l = &b.outbox.letters[i];
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s:", i ? " " : "",
                               telling_name(l->telling.kind));
        for (int c = 0; c < CHANNEL_COUNT; c++)
            if (l->to[c].pending)
                at += (size_t)snprintf(text + at, sizeof text - at, "%s,",
                                       channel_name((enum channel)c));
    }
    (void)books_close(&b, &e);
    return text;
}

static struct alert_view look(const struct relay *r)
{
    struct alert_view v;
    struct err e;
    fine(alert_look(r, &v, &e), &e);
    return v;
}

static void test_nothing_is_made_on_a_good_day(void **state)
{
    struct relay r = load();
    struct err e;
    (void)state;
    good(&r, TROUBLE_RUN, 0);
    good(&r, TROUBLE_WATCH, 0);
    tend(&r, 0);
    fine(alert_deadline(&r, START + 30 * DAY, START, &e), &e);
    fine(alert_deadline(&r, 0, START, &e), &e);
    same_int("no folder", access(r.state_dir, F_OK), -1);
    same_int("nothing open", look(&r).open, false);
    relay_free(&r);
}

static void test_books_are_kept_for_nobody(void **state)
{
    struct relay r = load();
    (void)state;
    trouble(&r, TROUBLE_WATCH, 0);
    trouble(&r, TROUBLE_RUN, HOUR);
    trouble(&r, TROUBLE_RUN, 2 * HOUR);
    struct alert_view v = look(&r);
    same_int("open", v.open, true);
    same_int("told", v.told, false);
    same_int("what", v.what, TROUBLE_RUN);
    same_int("since", v.since, START);
    same_int("runs", v.runs, 2);
    same_text("why", v.why.text, why.text);
    same_text("remedy", v.why.hint, why.hint);
    same_int("pending", (int)v.pending, 0);
    good(&r, TROUBLE_RUN, 2 * HOUR + 1); /* nobody has said the watcher's again for an hour */
    same_int("over", look(&r).open, false);
    relay_free(&r);
}

/* The command is never run here: what would start it is this program itself, which then ends. */
static void test_what_is_to_be_sent(void **state)
{
    struct relay r;
    struct err e;
    (void)state;
    put_file(in_home(conf), "[alert]\ncommand = true\nwebhook = http://127.0.0.1:9/x\n", 0600);
    r = load();
    trouble(&r, TROUBLE_RUN, 0);
    same_text("opened", outbox(&r), "opened:webhook,command,");
    trouble(&r, TROUBLE_RUN, 1);
    tend(&r, DAY - 1);
    same_text("once", outbox(&r), "opened:webhook,command,");
    tend(&r, DAY);
    same_text("a day later", outbox(&r), "opened:webhook,command, still:webhook,command,");
    fine(alert_deadline(&r, START + 3 * DAY, START + DAY, &e), &e);
    fine(alert_deadline(&r, START + 3 * DAY, START + DAY, &e), &e);
    good(&r, TROUBLE_RUN, DAY + 1);
    good(&r, TROUBLE_RUN, DAY + 2);
    same_text("all", outbox(&r),
              "opened:webhook,command, still:webhook,command, deadline:webhook,command, "
              "over:webhook,command,");
    same_int("pending", (int)look(&r).pending, 8);
    relay_free(&r);
}

static void test_a_section_that_cannot_be_read(void **state)
{
    struct relay r;
    struct err e;
    char text[512];
    (void)state;
    put_file(in_home(conf), "[alert]\nmail = x\n", 0600);
    r = load();
    assert_false(alert_trouble(&r, TROUBLE_RUN, &why, START, &e));
    snprintf(text, sizeof text, "%s:2: mail = x is not valid", in_home(conf));
    same_error("it says so", &e, ERR_INVALID, text, "mail takes ADDRESS,...");
    same_int("the books are kept", look(&r).open, true);
    relay_free(&r);
}

/* Of a storm whoever does not get at the books in time need not count. */
static void test_busy(void **state)
{
    struct relay r = load();
    struct books held;
    struct err e = {0};
    (void)state;
    trouble(&r, TROUBLE_RUN, 0);
    fine(books_open(&r, 1000, &held, &e), &e);
    fine(alert_trouble(&r, TROUBLE_RUN, &why, START + 1, &e), &e); /* known already */
    assert_false(alert_trouble(&r, TROUBLE_WATCH, &why, START + 1, &e));
    same_int("busy", e.code, ERR_BUSY);
    fine(alert_fine(&r, TROUBLE_RUN, START + 2, &e), &e); /* the next good run ends it */
    fine(books_close(&held, &e), &e);
    same_int("not counted", look(&r).runs, 1);
    relay_free(&r);
}

static void test_words_of_others(void **state)
{
    static const struct err strange = {ERR_FAILED, 0, "a\x1b[2Jb\xff sk-ant-oat01-TEST",
                                       "line\none"};
    struct relay r = load();
    struct err e = {0};
    (void)state;
    fine(alert_trouble(&r, TROUBLE_RUN, &strange, START, &e), &e);
    same_text("why", look(&r).why.text, "a?[2Jb? sk-ant-");
    same_text("remedy", look(&r).why.hint, "line?one");
    relay_free(&r);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return 0; /* we are what was started to send */
    jv_init();
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_nothing_is_made_on_a_good_day),
        WITH_FOLDER(test_books_are_kept_for_nobody),
        WITH_FOLDER(test_what_is_to_be_sent),
        WITH_FOLDER(test_a_section_that_cannot_be_read),
        WITH_FOLDER(test_busy),
        WITH_FOLDER(test_words_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
