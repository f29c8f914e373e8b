/* What is left of the older set-up: logins in a secrets.json, found by what they are; and its
 * publisher, which is kept under another name. */
#include "unit.h"

#include <stdio.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_snapshots),
        IN_WORLD(test_places),
        IN_WORLD(test_the_publisher_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
