/* Events of the log as people read them, to the letter. */
#include "unit.h"

#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "journal/sentence.h"

#define SYNC  "\"event\":\"sync\",\"ok\":true,"
#define LOGIN "\"local\":\"3f34bd3d\",\"store\":\"3f34bd3d\",\"version\":12"
#define KEY   "\"event\":\"key\",\"ok\":true,"
#define WHOSE "\"profile\":\"p\",\"user\":\"r\",\"key\":\"AKIATEST\""
#define RUN   "\"event\":\"run\","

static const struct {
    const char *members, *sentence;
} cases[] = {
    /* publish, pull, sync */
    {SYNC "\"did\":\"nothing\",\"why\":\"same\"," LOGIN,
     "nothing to do: this machine and the store hold the same login (login 3f34bd3d, version 12)"},
    {SYNC "\"did\":\"publish\",\"why\":\"successor\"," LOGIN,
     "published it: the login here is new (login 3f34bd3d, version 12)"},
    {SYNC "\"did\":\"forward\",\"why\":\"half_published\"," LOGIN,
     "finished a publication: a publication was cut short (login 3f34bd3d, version 12)"},
    {SYNC "\"did\":\"install_shared\",\"why\":\"local_unusable\"," LOGIN,
     "pulled it: there is no usable login here (login 3f34bd3d, version 12)"},
    {SYNC "\"did\":\"install_renewable\",\"why\":\"holder_needs_it\"," LOGIN,
     "pulled it, with its refresh token: this machine renews the login (login 3f34bd3d, version "
     "12)"},
    {"\"event\":\"pull\",\"ok\":true,\"did\":\"nothing\",\"why\":\"nothing_works\",\"local\":"
     "\"blank\",\"store\":\"absent\",\"version\":0",
     "nothing to do: neither this machine nor the store has a login that works (login blank)"},
    {"\"event\":\"publish\",\"ok\":true,\"did\":\"publish\",\"why\":\"later\"," LOGIN
     ",\"warning\":\"the renewable value could not be put\"",
     "published it: both changed, and the login here is the later one (login 3f34bd3d, version "
     "12); warning: the renewable value could not be put"},
    {"\"event\":\"publish\",\"ok\":false,\"error\":\"denied\",\"message\":\"Parameter Store: "
     "access "
     "denied\"",
     "failed: Parameter Store: access denied"},
    {"\"event\":\"publish\",\"ok\":false,\"error\":\"denied\"", "failed: denied"},
    {SYNC "\"did\":\"levitate\",\"why\":\"full_moon\"," LOGIN,
     "levitate: full_moon (login 3f34bd3d, version 12)"},
    /* rollback */
    {"\"event\":\"rollback\",\"ok\":true,\"restored\":8,\"from\":\"9a0b11aa\",\"to\":\"3f34bd3d\","
     "\"form\":\"full\",\"version\":13",
     "put version 8 back as version 13 (login 3f34bd3d)"},
    {"\"event\":\"rollback\",\"ok\":true,\"restored\":8,\"from\":\"blank\",\"to\":\"3f34bd3d\","
     "\"form\":\"spent\",\"version\":13",
     "put version 8 back as version 13 (login 3f34bd3d, without a refresh token)"},
    {"\"event\":\"rollback\",\"ok\":false,\"restored\":8,\"error\":\"conflict\",\"message\":\"the "
     "store has version 14 by now\"",
     "failed: the store has version 14 by now"},
    /* key */
    {KEY "\"did\":\"made\"," WHOSE, "made key AKIATEST of user r"},
    {KEY "\"did\":\"discarded\"," WHOSE, "deleted key AKIATEST of user r, which nobody has"},
    {KEY "\"did\":\"written\"," WHOSE, "wrote key AKIATEST of user r into profile p"},
    {KEY "\"did\":\"verified\"," WHOSE, "key AKIATEST of user r works from profile p"},
    {KEY "\"did\":\"handed_over\",\"user\":\"r\",\"host\":\"vps\"",
     "gave the key of user r to vps"},
    {KEY "\"did\":\"taken\",\"profile\":\"p\",\"key\":\"AKIATEST\"",
     "took key AKIATEST into profile p"},
    {KEY "\"did\":\"deactivated\"," WHOSE, "deactivated key AKIATEST of user r"},
    {KEY "\"did\":\"deleted\"," WHOSE, "deleted key AKIATEST of user r"},
    {KEY "\"did\":\"made\"", "made key ? of user ?"},
    {KEY "\"did\":\"flown\"", "ok true, did flown"},
    {"\"event\":\"key\",\"ok\":false,\"did\":\"stopped\",\"error\":\"denied\",\"message\":\"AWS: "
     "access denied\"",
     "failed: AWS: access denied"},
    /* run */
    {RUN "\"verdict\":\"lapsed\",\"recovery_attempted\":true,\"recovery_succeeded\":true,"
         "\"retried\":true,\"exit_status\":0",
     "recovered: with a fresh login it ran once more (exit status 0)"},
    {RUN "\"verdict\":\"fine\",\"recovery_attempted\":true,\"recovery_succeeded\":true,"
         "\"retried\":false,\"exit_status\":3",
     "recovered: its login was replaced in time (exit status 3)"},
    {RUN "\"verdict\":\"lapsed\",\"recovery_attempted\":true,\"recovery_succeeded\":false,"
         "\"retried\":false,\"exit_status\":78,\"message\":\"the store has no other login\"",
     "not recovered: the store has no other login (exit status 78)"},
    {RUN "\"verdict\":\"overridden\",\"recovery_succeeded\":false,\"exit_status\":78,\"message\":"
         "\"the credential that failed is not the login but ANTHROPIC_API_KEY\"",
     "not recovered: the credential that failed is not the login but ANTHROPIC_API_KEY (exit "
     "status 78)"},
    {RUN "\"verdict\":\"lapsed\",\"recovery_attempted\":true,\"recovery_succeeded\":false,"
         "\"retried\":false,\"exit_status\":1,\"message\":\"the run had already done work\"",
     "auth lapsed; not run again: the run had already done work (exit status 1)"},
    {RUN "\"verdict\":\"fine\",\"recovery_attempted\":true,\"recovery_succeeded\":false,"
         "\"exit_status\":0",
     "a login was looked for, the run ended well (exit status 0)"},
    {RUN "\"verdict\":\"other\",\"recovery_attempted\":true,\"recovery_succeeded\":false,"
         "\"exit_status\":1",
     "a login was looked for, the run ended for another reason (exit status 1)"},
    /* the watcher, and who was told */
    {"\"event\":\"watch\",\"did\":\"start\"", "watched from now on"},
    {"\"event\":\"watch\",\"did\":\"change\",\"local\":\"3f34bd3d\"",
     "the login here is another one (3f34bd3d)"},
    {"\"event\":\"watch\",\"did\":\"failing\",\"error\":\"unreachable\",\"message\":\"Parameter "
     "Store: no "
     "answer within 10 s\",\"hint\":\"try again\"",
     "cannot be kept in step: Parameter Store: no answer within 10 s"},
    {"\"event\":\"renew\",\"ok\":true,\"did\":\"renewed\",\"local\":\"1f2e3d4c\",\"holder\":"
     "\"desk\",\"took_over\":false,\"version\":9",
     "renewed it (login 1f2e3d4c, version 9)"},
    {"\"event\":\"renew\",\"ok\":true,\"did\":\"renewed\",\"local\":\"1f2e3d4c\",\"holder\":"
     "\"desk\",\"took_over\":true,\"version\":9",
     "renewed it, taking over from desk (login 1f2e3d4c, version 9)"},
    {"\"event\":\"renew\",\"ok\":false,\"did\":\"refused\",\"message\":\"the renewal was refused\"",
     "failed: the renewal was refused"},
    {"\"event\":\"watch\",\"did\":\"recovered\",\"since\":1795500812672", "in step again"},
    {"\"event\":\"watch\",\"did\":\"dances\"", "dances"},
    {"\"event\":\"deadline\",\"deadline\":1795500812672,\"days\":3,\"message\":\"log in on desk\"",
     "log in on desk"},
    {"\"event\":\"incident\",\"open\":true,\"what\":\"run\",\"message\":\"the store has no other "
     "login\"",
     "something is wrong: the store has no other login"},
    {"\"event\":\"incident\",\"open\":false,\"what\":\"run\",\"message\":\"the store has no other "
     "login\"",
     "it is over: the store has no other login"},
    {"\"event\":\"alert\",\"ok\":true,\"channel\":\"mail\",\"kind\":\"opened\",\"id\":\"x\","
     "\"try\":1",
     "told by mail (opened)"},
    {"\"event\":\"alert\",\"ok\":false,\"channel\":\"webhook\",\"kind\":\"over\",\"try\":2,"
     "\"message\":"
     "\"429\"",
     "could not tell by webhook (over): 429"},
    /* one that this version does not know */
    {"\"event\":\"bloom\",\"message\":\"the roses are out\"", "the roses are out"},
    {"\"event\":\"bloom\",\"ok\":false,\"message\":\"frost\"", "failed: frost"},
    {"\"event\":\"bloom\",\"relay\":\"claude\",\"machine\":\"m\",\"colour\":\"red\",\"petals\":5,"
     "\"open\":true,\"bees\":[1,2]",
     "colour red, petals 5, open true, bees [1,2]"},
    {"\"event\":\"bloom\"", ""},
    /* what others said cannot write to the terminal */
    {"\"event\":\"bloom\",\"message\":\"a\\u001b[2Jb\\nc\\u007fd\\u009be \xc3\xa4\"",
     "a?[2Jb?c?d?e \xc3\xa4"},
};

static void test_sentences(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[1024];
        struct err e;
        struct buf out;
        snprintf(text, sizeof text, "{\"v\":1,\"ts\":\"2026-11-24T06:13:32.672Z\",%s}",
                 cases[i].members);
        jv *members = jv_parse(text, strlen(text), &e);
        assert_non_null(members);
        const struct journal_event ev = {.name = jv_text(members, "event"),
                                         .relay = "claude",
                                         .line = text,
                                         .len = strlen(text),
                                         .members = members};
        buf_init(&out, LIMIT_EVENT);
        journal_sentence(&ev, &out);
        same_text(cases[i].members, buf_str(&out), cases[i].sentence);
        buf_free(&out);
        jv_free(members);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
