/* What status collects of a machine: the last of the log in half sentences, and what cannot be read. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "doctor/gather.h"
#include "doctor/outlook.h"

static struct relay relay_here(void)
{
    struct relay r = {
        .name = "claude", .machine = "m", .tool = &tool_claude, .store_url = "local:"};
    snprintf(r.state_dir, sizeof r.state_dir, "%s", in_home("state"));
    snprintf(r.login_path, sizeof r.login_path, "%s", in_home(".claude/.credentials.json"));
    return r;
}

#define AT(time) "{\"v\":1,\"ts\":\"2026-11-24T" time "Z\",\"relay\":\"claude\","
#define FAILURE  HAPPENED_FAILURE

static const struct {
    const char *log;
    enum happening_kind kind;
    const char *what; /* NULL: nothing of the kind has happened */
} happened[] = {
    {"", HAPPENED_PUBLISH, NULL},
    {AT("06:13:01.500") "\"event\":\"publish\",\"did\":\"publish\",\"version\":3,\"local\":"
                        "\"aabb\"}\n",
     HAPPENED_PUBLISH, "version 3, aabb"},
    {AT("06:13:01.500") "\"event\":\"pull\",\"did\":\"install_shared\",\"version\":4}\n",
     HAPPENED_PULL, "version 4, ?"},
    {AT("06:13:01.500") "\"event\":\"run\",\"recovery_succeeded\":true,\"retried\":true}\n",
     HAPPENED_RECOVERY, "a run was made again with another login"},
    {AT("06:13:01.500") "\"event\":\"run\",\"recovery_succeeded\":true}\n", HAPPENED_RECOVERY,
     "a run began with another login"},
    {AT("06:13:01.500") "\"event\":\"run\",\"verdict\":\"lapsed\",\"exit_status\":78,"
                        "\"message\":\"no login\"}\n",
     FAILURE, "a run, exit status 78: no login"},
    {AT("06:13:01.500") "\"event\":\"run\",\"verdict\":\"forbidden\",\"exit_status\":1}\n", FAILURE,
     "a run, exit status 1"},
    {AT("06:13:01.500") "\"event\":\"pull\",\"ok\":false,\"message\":\"access denied\"}\n", FAILURE,
     "pull: access denied"},
    {AT("06:13:01.500") "\"event\":\"sync\",\"ok\":false}\n", FAILURE, "sync: it was refused"},
    /* The later of the two; of the same moment, the run's. */
    {AT("06:13:01.500") "\"event\":\"run\",\"verdict\":\"lapsed\",\"exit_status\":78}\n" AT(
         "06:13:02.500") "\"event\":\"sync\",\"ok\":false}\n",
     FAILURE, "sync: it was refused"},
    {AT("06:13:01.500") "\"event\":\"sync\",\"ok\":false}\n" AT(
         "06:13:01.500") "\"event\":\"run\",\"verdict\":\"lapsed\",\"exit_status\":78}\n",
     FAILURE, "a run, exit status 78"},
};

static void test_happenings(void **state)
{
    const struct relay r = relay_here();
    (void)state;
    assert_int_equal(mkdir(in_home("state"), 0700), 0);
    for (size_t i = 0; i < COUNT(happened); i++) {
        struct facts f;
        struct err e = {.text = ""};
        put_file(in_home("state/events.jsonl"), happened[i].log, 0600);
        if (!facts_gather(&r, false, &f, &e))
            fail_msg("%s: %s", happened[i].log, e.text);
        const struct happening *h = &f.happenings[happened[i].kind];
        same_text(happened[i].log, h->at ? h->what : NULL, happened[i].what);
        same_text(happened[i].log, f.log_why.text, "");
        same_text("nobody was asked", answer_name(f.answer), "not_asked");
    }
}

/* A log that cannot be read is told; without the rest nothing can be. */
static void test_what_cannot_be_read(void **state)
{
    static const struct {
        const char *in_the_way; /* a folder of this name */
        bool ok;
        const char *text; /* "..." stands for the home */
    } rows[] = {
        {"state/events.jsonl", true, ".../state/events.jsonl is not a file"},
        {"state/watch.json", false, ".../state/watch.json is a folder, not a file"},
        {"state/claude.incident.json", false,
         ".../state/claude.incident.json is a folder, not a file"},
        {"state/claude.json", false, ".../state/claude.json is a folder, not a file"},
    };
    const struct relay r = relay_here();
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct facts f;
        struct err e = {.text = ""};
        char want[300];
        assert_int_equal(mkdir(in_home("state"), 0700), 0);
        assert_int_equal(mkdir(in_home(rows[i].in_the_way), 0700), 0);
        same_int(rows[i].in_the_way, facts_gather(&r, false, &f, &e), rows[i].ok);
        snprintf(want, sizeof want, "%s%s", in_home(""), rows[i].text + 4);
        same_text(rows[i].in_the_way, rows[i].ok ? f.log_why.text : e.text, want);
        assert_int_equal(remove(in_home(rows[i].in_the_way)) | remove(in_home("state")), 0);
    }
}

static void test_a_state_folder_of_too_long_a_name(void **state)
{
    struct relay r = relay_here();
    struct facts f;
    struct err e;
    (void)state;
    memset(r.state_dir, 'x', sizeof r.state_dir - 1);
    r.state_dir[0] = '/';
    assert_false(facts_gather(&r, false, &f, &e));
    assert_non_null(strstr(e.text, "...: File name too long"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_WORLD(test_happenings),
                                       IN_WORLD(test_what_cannot_be_read),
                                       IN_WORLD(test_a_state_folder_of_too_long_a_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
