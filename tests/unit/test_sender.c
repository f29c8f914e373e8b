/* What sends messages: all that are due, each of them once, and none lost, whatever the system says.
 * The channels' helpers are scripts on PATH. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alert/books.h"
#include "alert/channel.h"
#include "alert/sender.h"
#include "base/clock.h"
#include "refuse.h"

#define CONF "credrelay.conf"
#define TAKES_IT                                                                                   \
    "#!/bin/sh\nread -r line\nsleep 0$SLOW\necho x >>\"$HOME/taken\"\necho '{\"ok\":true}'\n"

static const char config[] = "[claude]\n[second]\ntool = claude\n[alert]\ncommand = true\n";

static void put_helper(const char *script)
{
    put_file(in_home("bin/credrelay-alert-command"), script, 0700);
    put_file(in_home("bin/credrelay-alert-webhook"), script, 0700);
}

static int with_helpers(void **state)
{
    char path[300];
    if (world_make(state) != 0 || mkdir(in_home("bin"), 0700) != 0)
        return -1;
    put_file(in_home(CONF), config, 0600);
    put_helper(TAKES_IT);
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", in_home("bin"));
    return setenv("PATH", path, 1) | setenv("XDG_STATE_HOME", in_home(""), 1) |
           setenv("CREDRELAY_CONFIG", in_home(CONF), 1);
}

#define SENDING(test) cmocka_unit_test_setup_teardown(test, with_helpers, world_remove)

static const char *state_file(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "credrelay/%s", name);
    return in_home(path);
}

/* A letter in the books of RELAY, for CHANNELS, due in IN ms. */
static void write_letter(const char *relay, unsigned channels, int64_t in)
{
    struct relay r = {.machine = "m"};
    struct books b;
    struct err e;
    const struct telling t = {.kind = TELL_OPENED, .at = clock_wall_ms()};
    char id[LETTER_ID_SIZE];
    snprintf(r.name, sizeof r.name, "%s", relay);
    snprintf(r.state_dir, sizeof r.state_dir, "%s", in_home("credrelay"));
    if (!books_open(&r, 1000, &b, &e))
        fail_msg("%s", e.text);
    letter_name(id);
    outbox_put(&b.outbox, id, &t, channels);
    for (int c = 0; c < CHANNEL_COUNT; c++)
        b.outbox.letters[b.outbox.count - 1].to[c].next_at = t.at + in;
    assert_true(books_close(&b, &e));
}

#define WEBHOOK (1u << CHANNEL_WEBHOOK)
#define COMMAND (1u << CHANNEL_COMMAND)

static const struct sender quiet = {.told = NULL};

/* "2 taken, 1 refused, 0 pending", or the error. */
static const char *sent(void)
{
    static char text[1024];
    struct sender_result r;
    struct err e = {.text = ""};
    if (!sender_run(&quiet, &r, &e))
        snprintf(text, sizeof text, "%s", e.text);
    else
        snprintf(text, sizeof text, "%zu taken, %zu refused, %zu pending", r.delivered, r.refused,
                 r.pending);
    return text;
}

static void test_what_is_due(void **state)
{
    (void)state;
    same_text("no state folder yet", sent(), "0 taken, 0 refused, 0 pending");
    write_letter("claude", COMMAND, 0);
    write_letter("claude", COMMAND, 3600000);
    same_text("one is due, one is not", sent(), "1 taken, 0 refused, 1 pending");
    same_text("and not twice", sent(), "0 taken, 0 refused, 1 pending");
    same_text("once", file_text(in_home("taken")), "x\n");
}

static void test_a_channel_that_is_no_more(void **state)
{
    (void)state;
    write_letter("claude", WEBHOOK | COMMAND, 0);
    same_text("the webhook's is forgotten", sent(), "1 taken, 0 refused, 0 pending");
    same_text("taken", file_text(in_home("taken")), "x\n");
}

/* Of a tool without a section, as claude-p of a fresh machine leaves them; and of no relay at all. */
static void test_whose_they_are(void **state)
{
    (void)state;
    write_letter("codex", COMMAND, 0);
    write_letter("gone", COMMAND, 0);
    same_text("codex", sent(), "1 taken, 0 refused, 0 pending");
    assert_non_null(strstr(file_text(state_file("gone.incident.json")), "\"command\""));
}

static void test_what_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *what, *script, *failure;
    } rows[] = {
        {"it says why",
         "#!/bin/sh\necho '{\"ok\":false,\"error\":\"denied\",\"message\":\"no\"}'\n",
         "command: no"},
        {"it does not", "#!/bin/sh\necho '{\"ok\":false}'\n",
         "command: it failed and did not say why"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct relay r;
        struct alert_view view;
        struct err e;
        put_helper(rows[i].script);
        write_letter("claude", COMMAND, 0);
        same_text(rows[i].what, sent(), "0 taken, 1 refused, 1 pending");
        assert_true(relay_load("claude", &r, &e) && alert_look(&r, &view, &e));
        same_text(rows[i].what, view.failure, rows[i].failure);
        relay_free(&r);
        assert_int_equal(remove(state_file("claude.incident.json")), 0);
    }
}

static void test_settings_that_are_no_good(void **state)
{
    (void)state;
    static char long_path[LIMIT_PATH];
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[0] = '/';
    write_letter("claude", COMMAND, 0);
    put_file(in_home(CONF), "[alert]\nmail = x\n", 0600);
    assert_non_null(strstr(sent(), CONF ":2: mail = x is not valid"));
    put_file(in_home(CONF), config, 0600);
    long_path[LIMIT_PATH - 14] = '\0'; /* room for /credrelay, and none for what is in it */
    assert_int_equal(setenv("XDG_STATE_HOME", long_path, 1), 0);
    assert_non_null(strstr(sent(), "...: File name too long"));
    long_path[LIMIT_PATH - 14] = 'x';
    assert_int_equal(setenv("XDG_STATE_HOME", long_path, 1), 0);
    assert_non_null(strstr(sent(), "...: File name too long"));
}

/* Whatever fails in the middle: it is told, and the message goes out the next time. */
static void test_a_system_that_says_no(void **state)
{
    (void)state;
    static const struct {
        const char *call;
        int errnum;
    } rows[] = {{"flock", ENOLCK}, {"rename", EROFS}, {"open", EIO}, {"fstat", EIO}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool more = true;
        for (int nth = 1; more; nth++) {
            char what[32], unexpected[1100];
            snprintf(what, sizeof what, "%s %d", rows[i].call, nth);
            remove(state_file("events.jsonl"));
            remove(state_file("claude.incident.json"));
            remove(state_file("second.incident.json"));
            remove(in_home("taken"));
            write_letter("claude", COMMAND, 0);
            write_letter("second", WEBHOOK, 0);
            refuse(rows[i].call, nth, rows[i].errnum);
            const char *said = sent();
            more = was_refused();
            snprintf(unexpected, sizeof unexpected, "%s: %.1000s", what, said);
            if (!strstr(said, " pending") && !strstr(said, strerror(rows[i].errnum)) &&
                !strstr(said, "is not a file"))
                fail_msg("%s", unexpected);
            /* What was taken out is lent for a minute. */
            if (strcmp(file_text(in_home("taken")), "(absent)") == 0)
                assert_non_null(strstr(file_text(state_file("claude.incident.json")),
                                       "\"command\":{\"tries\":"));
        }
    }
}

/* The first relay's second message comes due while the second's first is sent. */
static void test_what_comes_due_meanwhile(void **state)
{
    (void)state;
    put_file(in_home(CONF),
             "[claude]\n[second]\ntool = claude\n[alert]\ncommand = true\n"
             "webhook = http://127.0.0.1:9/x\n",
             0600);
    assert_int_equal(setenv("SLOW", ".3", 1), 0);
    for (const char *const *relay = (const char *const[]){"claude", "second", NULL}; *relay;
         relay++) {
        write_letter(*relay, COMMAND, 0);
        write_letter(*relay, WEBHOOK, 400);
    }
    struct sender_result r;
    struct err e;
    if (!sender_stay(&quiet, 20000, &r, &e))
        fail_msg("%s", e.text);
    same_int("all of them", (long long)r.delivered, 4);
    same_int("none is left", (long long)r.pending, 0);
}

/* ---- staying ---- */

static void test_patience(void **state)
{
    (void)state;
    struct sender_result r;
    struct err e;
    struct lock held = LOCK_NONE;
    assert_true(sender_stay(&quiet, 0, &r, &e)); /* nothing is to be sent */
    write_letter("claude", COMMAND, 500);
    assert_true(sender_stay(&quiet, 0, &r, &e)); /* it is due in less than a look takes */
    same_int("it waits", (long long)r.pending, 1);
    write_letter("second", COMMAND, 3600000);
    assert_true(sender_stay(&quiet, 0, &r, &e));
    put_file(in_home(CONF), "[alert]\nmail = x\n", 0600);
    assert_false(sender_stay(&quiet, 20000, &r, &e)); /* no patience with that */
    same_int("at once", e.code, ERR_INVALID);
    put_file(in_home(CONF), config, 0600);
    assert_true(lock_take(state_file("alerts.lock"), 0, &held, &e));
    assert_false(sender_stay(&quiet, 0, &r, &e)); /* another one is sending, and has not yet */
    same_int("busy", e.code, ERR_BUSY);
    remove(state_file("claude.incident.json"));
    remove(state_file("second.incident.json"));
    assert_true(sender_stay(&quiet, 0, &r, &e)); /* it has */
    lock_release(&held);
}

/* ---- in the background ---- */

/* The process that is started has another folder, and is this program, which ends at once. */
static void test_start(void **state)
{
    (void)state;
    static const struct {
        const char *given, *kept; /* below the home, where it begins with '~' */
    } rows[] = {
        {NULL, NULL},
        {"", ""},
        {"/etc/x.conf", "/etc/x.conf"},
        {"nowhere.conf", "nowhere.conf"},
        {CONF, "~" CONF},
    };
    struct err e = {.text = ""};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *kept = rows[i].kept;
        assert_int_equal(rows[i].given ? setenv("CREDRELAY_CONFIG", rows[i].given, 1)
                                       : unsetenv("CREDRELAY_CONFIG"),
                         0);
        if (!sender_start(&e))
            fail_msg("%s", e.text);
        same_text(rows[i].given ? rows[i].given : "none", getenv("CREDRELAY_CONFIG"),
                  kept && *kept == '~' ? in_home(kept + 1) : kept);
    }
    refuse("readlink", 1, EACCES);
    assert_false(sender_start(&e));
    assert_true(was_refused());
    same_text("where we are", e.text, "cannot tell where this program stands");
}

/* ---- the channel ---- */

static void test_no_channel(void **state)
{
    (void)state;
    struct alert_settings s;
    struct relay r = {.name = "claude", .machine = "m"};
    struct err e;
    alert_settings_none(&s);
    assert_int_equal(remove(in_home("bin/credrelay-alert-command")), 0);
    assert_false(channel_check(CHANNEL_COMMAND, &s, &e));
    same_error("no helper", &e, ERR_UNSUPPORTED,
               "command: its helper alert-command is not installed",
               "install credrelay whole: make install");
    put_file(in_home("file"), "", 0600);
    snprintf(r.state_dir, sizeof r.state_dir, "%s", in_home("file/state"));
    assert_false(channel_test(CHANNEL_COMMAND, &s, &r, &e));
    assert_non_null(strstr(e.text, "cannot make folder "));
    alert_settings_free(&s);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return 0; /* we are what was started to send */
    const struct CMUnitTest tests[] = {
        SENDING(test_what_is_due),
        SENDING(test_a_channel_that_is_no_more),
        SENDING(test_whose_they_are),
        SENDING(test_what_refuses),
        SENDING(test_settings_that_are_no_good),
        SENDING(test_a_system_that_says_no),
        SENDING(test_what_comes_due_meanwhile),
        SENDING(test_patience),
        SENDING(test_start),
        SENDING(test_no_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
