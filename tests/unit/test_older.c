/* What is left of the older set-up: logins in a secrets.json, found by what they are; and its
 * publisher, which is kept under another name. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "provision/older.h"

#define OAUTH                                                                                      \
    "{\"accessToken\":\"sk-ant-oat01-TEST-1\",\"expiresAt\":1795464776123,\"scopes\":[\"a\"]}"
#define LOGIN "{\"claudeAiOauth\":" OAUTH "}"
#define QUOTED                                                                                     \
    "\"{\\\"claudeAiOauth\\\":{\\\"accessToken\\\":\\\"sk\\\",\\\"scopes\\\":[\\\"a\\\"],"         \
    "\\\"expiresAt\\\":1795464776123}}\""
#define BLANK                                                                                      \
    "{\"claudeAiOauth\":{\"accessToken\":\"\",\"refreshToken\":\"\",\"expiresAt\":0,"              \
    "\"scopes\":[\"a\"]}}"

static void note(void *ctx, const char *path, const char *where, const struct login_facts *f)
{
    buf_printf(ctx, "%s:%s=%s ", path, where, login_state_name(f->state));
}

static const struct {
    const char *text, *found;
} snapshots[] = {
    {"{\"claude\":" LOGIN "}", "f:claude=usable "},
    {"{\"claude\":" OAUTH "}", "f:claude=usable "},
    {"{\"a\":{\"b\":[1,{\"c\":" LOGIN "}]}}", "f:a.b.1.c=usable "},
    {"{\"text\":" QUOTED "}", "f:text=usable "},
    {"{\"x\":" BLANK ",\"y\":" LOGIN "}", "f:x=blank f:y=usable "},
    {"{\"z\":{\"accessToken\":\"\",\"expiresAt\":0,\"scopes\":[\"a\"]}}", "f:z=blank "},
    {LOGIN, "f:=usable "},
    {OAUTH, "f:=usable "},
    {"[" LOGIN "," LOGIN "]", "f:0=usable f:1=usable "},
    {"{\"aws\":{\"key\":\"AKIA\",\"secret\":\"x\"},\"n\":1,\"t\":\"{not json\"}", ""},
    {"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":" LOGIN "}}}}}}}}}", ""},
    {"{\"old\":{\"claudeAiOauth\":{\"accessToken\":\"sk\"}}}", "f:old=malformed "},
    {"{\"old\":{\"accessToken\":\"sk\"}}", ""},
    {"{}", ""},
    {"", ""},
    {"no JSON", ""},
    {"{\"claude\":" LOGIN, ""},
};

static void test_snapshots(void **state)
{
    (void)state;
    for (size_t n = 0; n < COUNT(snapshots); n++) {
        struct buf found;
        struct err e;
        buf_init(&found, 4096);
        assert_true(older_snapshots_in(&tool_claude, "f", snapshots[n].text,
                                       strlen(snapshots[n].text), note, &found, &e));
        same_text(snapshots[n].text, buf_str(&found), snapshots[n].found);
        buf_free(&found);
    }
}

static void test_places(void **state)
{
    (void)state;
    struct buf found;
    struct err e;
    char want[1024];
    buf_init(&found, 4096);
    assert_int_equal(mkdir(in_home(".claude"), 0700), 0);
    put_file(in_home(".claude/secrets.json"), "{\"a\":" LOGIN "}", 0600);
    put_file(in_home("secrets.json"), "{\"b\":" OAUTH "}", 0600);
    put_file(in_home(".secrets.json"), "no JSON", 0600);
    assert_true(older_snapshots(&tool_claude, note, &found, &e));
    snprintf(want, sizeof want, "%s:b=usable %s:a=usable ", in_home("secrets.json"),
             in_home(".claude/secrets.json"));
    same_text("places", buf_str(&found), want);
    buf_free(&found);
}

#define AGENT "Library/LaunchAgents/com.cc.claude-creds-publisher.plist"

static void test_the_publisher_is_kept(void **state)
{
    (void)state;
    char agent[LIMIT_PATH], backup[LIMIT_PATH];
    bool there = true;
    struct err e;
    assert_true(older_agent(agent, &there, &e));
    same_text("where", agent, in_home(AGENT));
    assert_false(there);
    assert_true(dir_make(in_home("Library/LaunchAgents"), &e));
    for (int round = 1; round <= 3; round++) {
        char text[16], want[LIMIT_PATH];
        snprintf(text, sizeof text, "agent %d", round);
        put_file(agent, text, 0644);
        assert_true(older_agent(agent, &there, &e) && there);
        assert_true(older_retire(agent, backup, &e));
        snprintf(want, sizeof want, round == 1 ? "%s.credrelay-backup" : "%s.credrelay-backup-%d",
                 agent, round);
        same_text("backup", backup, want);
        same_text("content", file_text(backup), text);
        assert_true(older_agent(agent, &there, &e) && !there);
    }
    same_int("nothing is lost", files_in(in_home("Library/LaunchAgents")), 3);
}

/* The first hundred set-ups are kept. */
static void test_no_name_left(void **state)
{
    (void)state;
    char agent[LIMIT_PATH], backup[LIMIT_PATH], want[LIMIT_PATH + 64];
    bool there;
    struct err e;
    assert_true(dir_make(in_home("Library/LaunchAgents"), &e));
    assert_true(older_agent(agent, &there, &e));
    put_file(agent, "agent", 0644);
    for (int n = 1; n <= 99; n++) {
        char name[LIMIT_PATH];
        snprintf(name, sizeof name, n == 1 ? "%s.credrelay-backup" : "%s.credrelay-backup-%d",
                 agent, n);
        put_file(name, "", 0644);
    }
    assert_false(older_retire(agent, backup, &e));
    snprintf(want, sizeof want, "there is no name left to keep %s under", agent);
    same_error("none", &e, ERR_FAILED, want, "");
    same_text("untouched", file_text(agent), "agent");
}

static void test_an_agent_that_is_gone(void **state)
{
    (void)state;
    char backup[LIMIT_PATH], want[LIMIT_PATH];
    struct err e;
    assert_false(older_retire(in_home("agent.plist"), backup, &e));
    snprintf(want, sizeof want, "cannot rename %s: No such file or directory",
             in_home("agent.plist"));
    same_text("gone", e.text, want);
}

/* launchd is told first; where that cannot be done at all the publisher stays. */
static void test_launchd(void **state)
{
    (void)state;
    char backup[LIMIT_PATH], want[64];
    struct err e;
    assert_int_equal(mkdir(in_home("bin"), 0700), 0);
    setenv("PATH", in_home("bin"), 1);
    put_file(in_home("bin/launchctl"), "#!/bin/sh\necho \"$@\" >\"$HOME/told\"\nexit 3\n", 0700);
    put_file(in_home("a.plist"), "agent", 0644);
    assert_true(older_retire(in_home("a.plist"), backup, &e));
    snprintf(want, sizeof want, "bootout gui/%u/com.cc.claude-creds-publisher\n",
             (unsigned)getuid());
    same_text("told", file_text(in_home("told")), want);
    put_file(in_home("bin/launchctl"), "#!/no/such/interpreter\n", 0700);
    put_file(in_home("a.plist"), "agent", 0644);
    assert_false(older_retire(in_home("a.plist"), backup, &e));
    same_int("its name", strncmp(e.text, "launchctl: ", 11), 0);
    same_text("untouched", file_text(in_home("a.plist")), "agent");
}

/* A path that is cut would be another file's. */
static void test_homes_too_far_away(void **state)
{
    (void)state;
    static char home[LIMIT_PATH];
    char agent[LIMIT_PATH], backup[LIMIT_PATH];
    bool there;
    struct err e;
    memset(home, 'x', sizeof home - 10);
    home[0] = '/';
    setenv("HOME", home, 1);
    assert_false(older_agent(agent, &there, &e));
    same_int("the agent", e.code, ERR_IO);
    assert_false(older_snapshots(&tool_claude, note, NULL, &e));
    same_int("the snapshots", e.code, ERR_IO);
    assert_false(older_retire(home, backup, &e));
    same_int("the backup", strncmp(e.text, "there is no name left to keep /xxx", 34), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_snapshots),
        IN_WORLD(test_places),
        IN_WORLD(test_the_publisher_is_kept),
        IN_WORLD(test_no_name_left),
        IN_WORLD(test_an_agent_that_is_gone),
        IN_WORLD(test_launchd),
        IN_WORLD(test_homes_too_far_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
