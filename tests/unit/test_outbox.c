/* Messages that wait for their channels. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "alert/outbox.h"

#define MAIL    (1u << CHANNEL_MAIL)
#define WEBHOOK (1u << CHANNEL_WEBHOOK)
#define COMMAND (1u << CHANNEL_COMMAND)
#define NOW     INT64_C(1767225600000)
#define HOUR    INT64_C(3600000)

static void put(struct outbox *o, const char *id, int64_t at, unsigned channels)
{
    const struct telling t = {.kind = TELL_OPENED, .at = at};
    outbox_put(o, id, &t, channels);
}

/* What is taken at AT: "a mail", or "-". */
static const char *taken(struct outbox *o, int64_t at)
{
    static char text[64];
    const struct letter *l;
    enum channel c;
    if (!outbox_take(o, at, &l, &c))
        return "-";
    snprintf(text, sizeof text, "%s %s", l->id, channel_name(c));
    return text;
}

static void test_each_channel_gets_each_message_once(void **state)
{
    struct outbox o = {.count = 0};
    (void)state;
    put(&o, "a", NOW, MAIL | WEBHOOK);
    same_int("pending", (int)outbox_pending(&o), 2);
    same_text("first", taken(&o, NOW), "a mail");
    same_text("second", taken(&o, NOW), "a webhook");
    same_text("both are out", taken(&o, NOW), "-");
    outbox_delivered(&o, "a", CHANNEL_MAIL);
    same_int("one left", (int)outbox_pending(&o), 1);
    outbox_delivered(&o, "a", CHANNEL_WEBHOOK);
    same_int("none left", (int)o.count, 0);
    same_int("nothing is due", outbox_due_at(&o, NOW) == INT64_MAX, true);
    outbox_delivered(&o, "a", CHANNEL_MAIL); /* by whom it was taken for lost */
    outbox_refused(&o, "a", CHANNEL_MAIL, NOW, 0);
    same_int("none came back", (int)o.count, 0);
}

static void test_order_within_a_channel(void **state)
{
    struct outbox o = {.count = 0};
    (void)state;
    put(&o, "a", NOW, MAIL | WEBHOOK);
    put(&o, "b", NOW, MAIL | WEBHOOK);
    same_text("mail", taken(&o, NOW), "a mail");
    same_text("webhook", taken(&o, NOW), "a webhook");
    outbox_refused(&o, "a", CHANNEL_MAIL, NOW, 0);
    outbox_delivered(&o, "a", CHANNEL_WEBHOOK);
    same_text("the webhook goes on", taken(&o, NOW), "b webhook");
    same_text("b waits for a", taken(&o, NOW), "-");
    same_text("a again", taken(&o, NOW + 2000), "a mail");
    outbox_delivered(&o, "a", CHANNEL_MAIL);
    same_text("then b", taken(&o, NOW + 2000), "b mail");
}

static void test_out_of_order(void **state)
{
    struct outbox o = {.count = 0};
    (void)state;
    put(&o, "a", NOW, MAIL);
    put(&o, "b", NOW, WEBHOOK);
    same_text("mail", taken(&o, NOW), "a mail");
    same_text("webhook", taken(&o, NOW), "b webhook");
    outbox_delivered(&o, "b", CHANNEL_WEBHOOK);
    outbox_refused(&o, "a", CHANNEL_MAIL, NOW, 0);
    same_text("a stays", taken(&o, NOW + 2000), "a mail");
}

/* A sender that was killed has not put it back. */
static void test_what_was_taken_and_lost_comes_back(void **state)
{
    struct outbox o = {.count = 0};
    (void)state;
    put(&o, "a", NOW, MAIL);
    same_text("taken", taken(&o, NOW), "a mail");
    same_text("not twice", taken(&o, NOW + OUTBOX_LEASE_MS - 1), "-");
    same_text("again", taken(&o, NOW + OUTBOX_LEASE_MS), "a mail");
}

static void test_pauses(void **state)
{
    static const int64_t pauses[] = {2, 8, 32, 128, 512, 2048, 8192, 14400, 14400, 14400}; /* s */
    struct outbox o = {.count = 0};
    int64_t now = NOW;
    (void)state;
    put(&o, "a", now, WEBHOOK);
    for (size_t i = 0; i < COUNT(pauses); i++) {
        same_text("due", taken(&o, now), "a webhook");
        outbox_refused(&o, "a", CHANNEL_WEBHOOK, now, 0);
        same_int("pause", outbox_due_at(&o, now) - now, pauses[i] * 1000);
        now = outbox_due_at(&o, now);
    }
}

static void test_what_the_server_asks_for(void **state)
{
    static const struct {
        const char *what;
        int64_t asked, pause;
    } rows[] = {{"longer", 30000, 30000},
                {"shorter than ours", 500, 2000},
                {"for ever", INT64_MAX, OUTBOX_LONGEST_PAUSE_MS}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct outbox o = {.count = 0};
        put(&o, "a", NOW, MAIL);
        taken(&o, NOW);
        outbox_refused(&o, "a", CHANNEL_MAIL, NOW, rows[i].asked);
        same_int(rows[i].what, outbox_due_at(&o, NOW) - NOW, rows[i].pause);
    }
}

static void test_a_clock_set_back(void **state)
{
    struct outbox o = {.count = 0};
    (void)state;
    put(&o, "a", NOW, MAIL);
    taken(&o, NOW);
    outbox_refused(&o, "a", CHANNEL_MAIL, NOW, 0);
    same_text("a year before", taken(&o, NOW - 365 * 24 * HOUR), "a mail");
}

static void test_nothing_is_kept_for_ever(void **state)
{
    struct outbox o = {.count = 0};
    (void)state;
    put(&o, "a", NOW, MAIL | COMMAND);
    put(&o, "b", NOW + HOUR, MAIL);
    outbox_expire(&o, NOW + 7 * 24 * HOUR - 1);
    same_int("a week less a moment", (int)outbox_pending(&o), 3);
    outbox_expire(&o, NOW + 7 * 24 * HOUR);
    same_int("a week", (int)outbox_pending(&o), 1);
    same_text("the other stays", taken(&o, NOW + 7 * 24 * HOUR), "b mail");
}

static void test_a_full_box_drops_the_oldest(void **state)
{
    struct outbox o = {.count = 0};
    (void)state;
    for (int i = 0; i <= OUTBOX_LETTERS; i++) {
        char id[LETTER_ID_SIZE];
        snprintf(id, sizeof id, "%d", i);
        put(&o, id, NOW, MAIL);
    }
    same_int("bounded", (int)o.count, OUTBOX_LETTERS);
    same_text("the second is the first", taken(&o, NOW), "1 mail");
}

static void test_names(void **state)
{
    char one[LETTER_ID_SIZE], two[LETTER_ID_SIZE];
    (void)state;
    letter_name(one);
    letter_name(two);
    same_int("16 digits", (int)strspn(one, "0123456789abcdef"), 16);
    same_int("another each time", strcmp(one, two) != 0, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_channel_gets_each_message_once),
        cmocka_unit_test(test_out_of_order),
        cmocka_unit_test(test_order_within_a_channel),
        cmocka_unit_test(test_what_was_taken_and_lost_comes_back),
        cmocka_unit_test(test_pauses),
        cmocka_unit_test(test_what_the_server_asks_for),
        cmocka_unit_test(test_a_clock_set_back),
        cmocka_unit_test(test_nothing_is_kept_for_ever),
        cmocka_unit_test(test_a_full_box_drops_the_oldest),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
