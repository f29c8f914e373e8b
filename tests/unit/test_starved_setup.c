/* Setting a machine up while the memory runs out: invitations, sections, profiles, policies, units,
 * messages.  Each allocation fails once, and all from there on. */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "alert/message.h"
#include "base/limits.h"
#include "journal/metrics.h"
#include "provision/aws_profile.h"
#include "provision/invitation.h"
#include "provision/older.h"
#include "provision/passphrase.h"
#include "provision/policy.h"
#include "provision/profile_names.h"
#include "provision/rotation_note.h"
#include "provision/template.h"
#include "refuse.h"
#include "service/unit_text.h"
#include "tool/login_source.h"

#define NOW INT64_C(1795400000000)

/* ---- invitations ---- */

static struct invitation invitation; /* what the next ones are about */

static bool set_section(struct err *e)
{
    struct section s = {.name = "claude"};
    return section_set(&s, SECTION_ROLE, "reader", "the test", e) &&
           section_set(&s, SECTION_STORE, "ssm://us-west-2/claude/oauth", "the test", e) &&
           section_set(&s, SECTION_READER_PROFILE, "r", "the test", e);
}

static bool write_invitation(struct err *e)
{
    struct buf line;
    buf_init(&line, LIMIT_INVITATION);
    bool ok = invitation_write(&invitation, NULL, &line, e);
    buf_free(&line);
    return ok;
}

static char written[LIMIT_INVITATION];

static bool read_invitation(struct err *e)
{
    struct invitation_line l;
    struct invitation i;
    if (!invitation_look(written, strlen(written), &l, e) || !invitation_open(&l, NULL, NOW, &i, e))
        return false;
    same_text("its machine", i.by, "mac-1");
    invitation_free(&i);
    return true;
}

static struct secret *phrase;

static bool write_sealed(struct err *e)
{
    struct buf line;
    buf_init(&line, LIMIT_INVITATION);
    bool ok = invitation_write(&invitation, phrase, &line, e);
    buf_free(&line);
    return ok;
}

static bool read_sealed(struct err *e)
{
    struct invitation_line l;
    struct invitation i;
    if (!invitation_look(written, strlen(written), &l, e) ||
        !invitation_open(&l, phrase, NOW, &i, e))
        return false;
    invitation_free(&i);
    return true;
}

/* Deriving a key takes a tenth of a second: up to a few allocations behind it.  What comes later is the
 * same as without a seal. */
static void starve_slow(const char *what, bool (*do_it)(struct err *e), int most)
{
    int nth = 1;
    while (nth <= most && starve_once(what, do_it, nth, true))
        nth++;
    assert_true(nth > 5);
}

static bool make_passphrase(struct err *e)
{
    struct secret *made = passphrase_make(), *typed = passphrase_typed("abc", 3);
    bool ok = made && typed;
    secret_free(made);
    secret_free(typed);
    return ok || err_no_memory(e);
}

static void test_invitations(void **state)
{
    (void)state;
    struct err e;
    struct buf line;
    starve_each("a section", set_section);
    starve_each("passphrases", make_passphrase);
    invitation = (struct invitation){.made_at = NOW, .expires_at = NOW + 1000, .by = "mac-1"};
    snprintf(invitation.section.name, sizeof invitation.section.name, "claude");
    assert_true(section_set(&invitation.section, SECTION_STORE, "local:", "the test", &e));
    assert_true(section_set(&invitation.section, SECTION_ROLE, "reader", "the test", &e));
    invitation.key_count = 1;
    snprintf(invitation.keys[0].profile, sizeof invitation.keys[0].profile, "r");
    snprintf(invitation.keys[0].id, sizeof invitation.keys[0].id, "AKIATEST1");
    invitation.keys[0].secret = secret_copy("s", 1);
    starve_each("an invitation written", write_invitation);
    buf_init(&line, LIMIT_INVITATION);
    assert_true(invitation_write(&invitation, NULL, &line, &e));
    snprintf(written, sizeof written, "%s", buf_str(&line));
    starve_each("an invitation read", read_invitation);
    phrase = passphrase_typed("abcde", 5);
    starve_slow("a sealed one written", write_sealed, 100);
    buf_clear(&line);
    assert_true(invitation_write(&invitation, phrase, &line, &e));
    snprintf(written, sizeof written, "%s", buf_str(&line));
    starve_slow("a sealed one read", read_sealed, 5);
    secret_free(phrase);
    buf_free(&line);
    invitation_free(&invitation);
}

/* ---- AWS ---- */

static struct secret *secret;

static bool write_profile(struct err *e)
{
    const struct aws_profile_keys keys = {
        .profile = "x", .key_id = "AKIATEST1", .secret = secret, .region = "us-west-2"};
    struct aws_profile p;
    put_file(in_home(".aws/credentials"), "[x]\nregion = a\n[y]\nz = 1\n", 0600);
    if (!aws_profile_write(&keys, NULL, e) || !aws_profile_read("x", &p, e))
        return false;
    aws_profile_free(&p);
    return true;
}

static bool list_profiles(struct err *e)
{
    static struct profile_names names;
    return profile_names(&names, e);
}

static bool keep_note(struct err *e)
{
    struct rotation_note n = {.began = NOW, .user = "u", .new = {.id = "AKIATEST2"}},
                         again = {.began = 0};
    n.new.secret = secret;
    if (!rotation_note_save(in_home("note"), &n, e) ||
        !rotation_note_load(in_home("note"), &again, e))
        return false;
    rotation_note_clear(&again);
    return true;
}

static bool make_policy(struct err *e)
{
    const struct policy_request rq = {.role = ROLE_WRITER,
                                      .region = "us-west-2",
                                      .rotate_self = true,
                                      .path = "/claude/oauth",
                                      .kms_key = "",
                                      .tier = ""};
    const struct policy_words words = {
        .partition = "aws", .account = "123456789012", .user = "${aws:username}"};
    jv *policy = policy_make(&rq, &words, e);
    bool ok = policy != NULL;
    jv_free(policy);
    return ok;
}

static bool make_templates(struct err *e)
{
    const struct aws_place place = {.path = "/claude/oauth",
                                    .alias = "alias/claude-creds",
                                    .profile = {"claude-creds-reader", "claude-creds-writer"}};
    const struct template_request rq = {
        .place = &place, .region = "us-west-2", .kms = true, .rotate_self = true};
    struct buf out;
    buf_init(&out, 1 << 20);
    bool ok = template_cloudformation(&rq, &out, e);
    ok = ok && template_terraform(&rq, &out, e);
    buf_free(&out);
    return ok;
}

static void test_aws(void **state)
{
    (void)state;
    secret = secret_copy("secret1", 7);
    assert_int_equal(mkdir(in_home(".aws"), 0700), 0);
    starve_each("a profile", write_profile);
    starve_each("the profiles", list_profiles);
    starve_each("a rotation's note", keep_note);
    starve_each("a policy", make_policy);
    starve_each("templates", make_templates);
    secret_free(secret);
}

/* ---- texts ---- */

static bool write_units(struct err *e)
{
    static const char *const environment[] = {"HOME=/home/me", NULL};
    const struct unit u = {
        .program = "/usr/bin/credrelay", .log = "/home/me/log", .environment = environment};
    struct buf out;
    buf_init(&out, 1 << 16);
    bool ok = unit_systemd(&u, &out, e);
    ok = ok && unit_launchd(&u, &out, e);
    buf_free(&out);
    return ok;
}

static bool write_message(struct err *e)
{
    const struct message_about about = {.relay = "claude", .machine = "m", .remind_ms = 1000};
    struct telling t = {.kind = TELL_STILL, .at = NOW, .what = TROUBLE_RUN, .since = NOW - 1000};
    struct buf out;
    snprintf(t.why.text, sizeof t.why.text, "why");
    buf_init(&out, 1 << 16);
    bool ok = message_subject(&t, &about, &out) && message_text(&t, &about, &out);
    buf_free(&out);
    return ok || err_no_memory(e);
}

static bool write_metrics(struct err *e)
{
    static struct metrics m = {.relays = 1, .relay = {{.relay = "claude"}}};
    struct buf out;
    buf_init(&out, 1 << 20);
    metrics_write(&m, &out);
    bool ok = !out.failed;
    buf_free(&out);
    return ok || err_no_memory(e);
}

static void note_snapshot(void *ctx, const char *path, const char *where,
                          const struct login_facts *f)
{
    (void)ctx;
    (void)path;
    (void)where;
    (void)f;
}

static bool find_snapshots(struct err *e)
{
    static const char text[] = "{\"a\":{\"claudeAiOauth\":{\"accessToken\":\"sk-ant-oat01-TEST\","
                               "\"expiresAt\":1795464776123,\"scopes\":[]}},\"b\":[1]}";
    return older_snapshots_in(&tool_claude, "f", text, strlen(text), note_snapshot, NULL, e);
}

static void test_texts(void **state)
{
    (void)state;
    starve_each("units", write_units);
    starve_each("a message", write_message);
    starve_each("metrics", write_metrics);
    starve_each("snapshots", find_snapshots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_WORLD(test_invitations), IN_WORLD(test_aws),
                                       IN_WORLD(test_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
