/* A role's key rotated with a helper that plays AWS (played.h): each request denied or its answer lost in
 * each place, and what is told, noted and in the profile then.  test_rotation.c has the decisions,
 * tests/system/test_aws_rotate_key.py the whole. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "played.h"
#include "provision/rotate.h"
#include "provision/rotation_note.h"

/* ---- AWS's part ---- */

#define ME                                                                                         \
    "identity ok \"account\":\"1\",\"arn\":\"arn:aws:iam::1:user/u\",\"region\":\"us-west-2\"\n"
#define STRANGER "identity bad_credentials unknown\n"
#define MAY      "probe ok \"found\":true\n"
#define ACCEPTED ME MAY ME MAY

#define KEY(id, status, at) "{\"id\":\"" id "\",\"status\":\"" status "\",\"created\":" at "}"
#define OLD                 KEY("old", "Active", "1")
#define OLD_OFF             KEY("old", "Inactive", "1")
#define NEW                 KEY("new", "Active", "100000")
#define LIST_AT(now, keys)  "list-keys ok \"keys\":[" keys "],\"now\":" now "\n"
#define LIST(keys)          LIST_AT("200000", keys)

#define MADE   "create-key ok \"id\":\"new\",\"secret\":\"s2\"\n"
#define NO(op) op " denied no\n"

/* From here on the note can be neither replaced nor removed. */
#define BLOCK_NOTE "! rm -f state/*.json && mkdir state/claude.rotate-reader.json\n"

/* ---- what was noted before ---- */

#define NOTE_OF(user, account, rest)                                                               \
    "{\"v\":1,\"user\":\"" user "\",\"account\":\"" account "\",\"began\":100000,\"known1\":"      \
    "\"old\",\"old\":\"old\"" rest "}"
#define BEGAN    NOTE_OF("u", "1", "")
#define UNUSED   NOTE_OF("u", "1", ",\"new\":\"new\",\"secret\":\"s2\"")
#define VERIFIED NOTE_OF("u", "1", ",\"new\":\"new\",\"until\":1")
#define LASTING  NOTE_OF("u", "1", ",\"new\":\"new\",\"until\":4102444800000")
#define AWAITED  NOTE_OF("u", "1", ",\"new\":\"new\",\"until\":1,\"awaited\":\"a bad\"")
#define OVERDUE  NOTE_OF("u", "1", ",\"new\":\"new\",\"until\":1,\"awaited\":\"host\"")

#define AGAIN_HINT     "whether a key was made is not known; the same command again finds out"
#define NOT_NOTED      "invalid: @ is a folder, not a file"
#define MOVE_HINT      "move it away: mv '@' '@'.old"
#define NOT_TAKEN(who) "failed: " who " not have the new key yet, so the old one stays"
#define KEPT_HINT      "it is kept; the same command again goes on from here"

static const struct row {
    const char *name;
    const char *note, *profile; /* before: NULL none; the key in the profile */
    const char *wishes;
    const char *play;
    const char *error, *hint; /* NULL: it goes well; '@' is the note's path, '~' that of the keys */
    const char *told;
    const char
        *left;       /* the note: "OLD>NEW", "+" with its secret; NULL: none; "?": not to be read */
    const char *has; /* the key in the profile */
} rows[] = {
    {"from one end to the other", NULL, "old", "at-once",
     ME LIST(OLD) MADE LIST(OLD "," NEW) ACCEPTED LIST(OLD "," NEW)
         ACCEPTED LIST(OLD "," NEW) "set-key ok\n" LIST(OLD_OFF "," NEW),
     NULL, NULL, "made:new accepted:new written:new verified:new deactivated:old", "old>new",
     "new"},

    /* whose key it is */
    {"a key that AWS does not know", NULL, "old", "", STRANGER, "bad_credentials: AWS: unknown", "",
     "", NULL, "old"},
    {"AWS not reached", NULL, "old", "admin", "identity unreachable no way\n",
     "unreachable: AWS: no way", "", "", NULL, "old"},
    {"an administrator that AWS does not know either", NULL, "old", "admin", STRANGER STRANGER,
     "bad_credentials: AWS: unknown", "", "", NULL, "old"},
    {"an administrator for a key that is gone", NULL, "old", "admin", STRANGER ME LIST(""),
     "conflict: the key in profile r, old, is none of user r",
     "take the key in use from a machine that has it: credrelay invite reader there", "", NULL,
     "old"},
    {"a note about another user", NOTE_OF("v", "1", ""), "old", "", ME,
     "conflict: @ notes a rotation of user v of account 1, and this is u of 1",
     "finish that one first, or move the file away", "", "old>", "old"},
    {"a note about another account", NOTE_OF("u", "2", ""), "old", "", ME,
     "conflict: @ notes a rotation of user u of account 2, and this is u of 1",
     "finish that one first, or move the file away", "", "old>", "old"},
    {"a damaged note", "{}", "old", "", "", "invalid: @, the note of a key's rotation, is damaged",
     "it may hold the secret of a new key: look at it, then move it away", "", "?", "old"},

    /* making */
    {"keys that may not be listed", NULL, "old", "", ME NO("list-keys"), "denied: AWS: no", "", "",
     NULL, "old"},
    {"nothing can be noted", NULL, "old", "", ME LIST(OLD) BLOCK_NOTE, NOT_NOTED, MOVE_HINT, "",
     "?", "old"},
    {"may not make one", NULL, "old", "", ME LIST_AT("0", OLD) NO("create-key"), "denied: AWS: no",
     "", "", NULL, "old"},
    {"may not make one, and its note stays", NULL, "old", "",
     ME LIST(OLD) NO("create-key") BLOCK_NOTE, "denied: AWS: no", "and remove it: rm '@'", "", "?",
     "old"},
    {"the answer is lost", NULL, "old", "", ME LIST(OLD) "create-key unreachable lost\n",
     "unreachable: AWS: lost", AGAIN_HINT, "", "old>", "old"},
    {"the answer is none", NULL, "old", "", ME LIST(OLD) "create-key ok \"id\":\"new\"\n",
     "failed: AWS: the answer has no secret", AGAIN_HINT, "", "old>", "old"},
    {"no memory for the answer", NULL, "old", "", ME LIST(OLD) "create-key no_memory x\n",
     "no_memory: AWS: x", AGAIN_HINT, "", "old>", "old"},
    {"the answer cannot be read", NULL, "old", "", ME LIST(OLD) "create-key io x\n", "io: AWS: x",
     AGAIN_HINT, "", "old>", "old"},
    {"the answer is too large to be read", NULL, "old", "", ME LIST(OLD) "create-key too_large x\n",
     "too_large: AWS: x", AGAIN_HINT, "", "old>", "old"},
    {"what cannot be kept is deleted, and the note stays", NULL, "old", "",
     ME LIST(OLD) MADE BLOCK_NOTE "delete-key ok\n", NOT_NOTED,
     "the new key was deleted again: rm '@'", "", "?", "old"},
    {"what cannot be kept cannot be deleted", NULL, "old", "",
     ME LIST(OLD) MADE BLOCK_NOTE NO("delete-key"), NOT_NOTED,
     "a new key was made and could not be kept: aws iam delete-access-key --user-name u "
     "--access-key-id new",
     "", "?", "old"},

    /* what was left over */
    {"not known whether it is in use", BEGAN, "old", "", ME LIST(OLD "," NEW) NO("key-used"),
     "denied: AWS: no", "", "", "old>", "old"},
    {"may not delete it", BEGAN, "old", "",
     ME LIST(OLD "," NEW) "key-used ok \"used\":0\n" NO("delete-key"), "denied: AWS: no", "", "",
     "old>", "old"},
    {"IAM may not list it yet", BEGAN, "old", "finish",
     ME LIST_AT("100001", OLD) LIST(OLD) LIST(OLD), NULL, NULL, "", NULL, "old"},

    /* taking it into use */
    {"what a new key meets, and what it must not", UNUSED, "old", "",
     ME LIST(OLD "," NEW) STRANGER ME NO("probe") "identity throttled x\n" ME
                                                  "probe unreachable x\n" ME
                                                  "probe invalid no such name\n",
     "invalid: the new key is not accepted: AWS: no such name", KEPT_HINT, "", "old>new+", "old"},
    {"the profile has become another's", UNUSED, "old", "",
     ME LIST(OLD "," NEW) ACCEPTED "! printf '[r]\\nrole_arn = x\\n' >.aws/credentials\n",
     "conflict: profile r in ~ has keys from elsewhere (role_arn)",
     "name another profile, or take this one out of the file", "accepted:new", "old>new+", ""},
    {"it does not work from the profile", UNUSED, "new", "",
     ME LIST(OLD "," NEW) "identity invalid x\n", "invalid: the new key is not accepted: AWS: x",
     KEPT_HINT, "", "old>new+", "new"},
    {"that it works cannot be noted", UNUSED, "new", "", ME LIST(OLD "," NEW) ACCEPTED BLOCK_NOTE,
     NOT_NOTED, MOVE_HINT, "", "?", "new"},

    /* the other machines */
    {"handed over, and the old one goes", LASTING, "new", "host",
     ME LIST(OLD "," NEW) "set-key ok\n" LIST(OLD_OFF "," NEW), NULL, NULL,
     "handed_over:host deactivated:old", "old>new", "new"},
    {"handed over, and the old one stays for as long as was said", LASTING, "new", "host a-day",
     ME LIST(OLD "," NEW), NULL, NULL, "handed_over:host", "old>new", "new"},
    {"handed over when its time was over", VERIFIED, "new", "host",
     ME LIST(OLD "," NEW) "set-key ok\n" LIST(OLD_OFF "," NEW), NULL, NULL,
     "handed_over:host deactivated:old", "old>new", "new"},
    {"handed over once more", VERIFIED, "new", "host", ME LIST(OLD_OFF "," NEW), NULL, NULL,
     "handed_over:host", "old>new", "new"},
    {"handed over where nothing is noted", NULL, "new", "host finish",
     ME LIST(OLD_OFF "," NEW) "delete-key ok\n", NULL, NULL, "handed_over:host deleted:old", NULL,
     "new"},
    {"handed over when all is done", NULL, "new", "host finish", ME LIST(NEW), NULL, NULL,
     "handed_over:host", NULL, "new"},
    {"not taken", LASTING, "new", "bad", ME LIST(OLD "," NEW), NOT_TAKEN("bad does"),
     "give it to it: credrelay aws rotate-key reader -r x --ssh bad", "", "old>new bad", "new"},
    {"not taken by one, and the others get theirs", LASTING, "new", "bad host",
     ME LIST(OLD "," NEW), NOT_TAKEN("bad does"),
     "give it to it: credrelay aws rotate-key reader -r x --ssh bad", "handed_over:host",
     "old>new bad", "new"},
    {"not taken, though nobody was to wait", LASTING, "new", "bad at-once", ME LIST(OLD "," NEW),
     NOT_TAKEN("bad does"), "give it to it: credrelay aws rotate-key reader -r x --ssh bad", "",
     "old>new bad", "new"},
    {"not taken, and the old one is inactive", VERIFIED, "new", "bad finish",
     ME LIST(OLD_OFF "," NEW), NOT_TAKEN("bad does"),
     "give it to it: credrelay aws rotate-key reader -r x --ssh bad", "", "old>new bad", "new"},
    {"not taken where nothing is noted", NULL, "new", "bad finish", ME LIST(OLD_OFF "," NEW),
     NOT_TAKEN("bad does"), "give it to it: credrelay aws rotate-key reader -r x --ssh bad", "",
     NULL, "new"},
    {"not taken the last time, and its time is over", AWAITED, "new", "finish",
     ME LIST(OLD "," NEW), "busy: a bad do not have the new key yet, so the old one stays",
     "give it to them: credrelay aws rotate-key reader -r x --ssh a bad", "", "old>new a bad",
     "new"},
    {"not taken the last time, nor this time", AWAITED, "new", "bad", ME LIST(OLD "," NEW),
     NOT_TAKEN("a bad do"), "give it to them: credrelay aws rotate-key reader -r x --ssh a bad", "",
     "old>new a bad", "new"},
    {"another has it", AWAITED, "new", "host", ME LIST(OLD "," NEW), NULL, NULL, "handed_over:host",
     "old>new a bad", "new"},
    {"the last one has it", OVERDUE, "new", "host",
     ME LIST(OLD "," NEW) "set-key ok\n" LIST(OLD_OFF "," NEW), NULL, NULL,
     "handed_over:host deactivated:old", "old>new", "new"},
    {"those who have not are left out", AWAITED, "new", "finish at-once",
     ME LIST(OLD "," NEW) "set-key ok\n" LIST(OLD_OFF "," NEW) "delete-key ok\n", NULL, NULL,
     "deactivated:old deleted:old", NULL, "new"},

    /* the old one */
    {"may not deactivate it", VERIFIED, "new", "", ME LIST(OLD "," NEW) NO("set-key"),
     "denied: AWS: no", "", "", "old>new", "new"},
    {"may not delete it", VERIFIED, "new", "finish", ME LIST(OLD_OFF "," NEW) NO("delete-key"),
     "denied: AWS: no", "", "", "old>new", "new"},
    {"gone already", VERIFIED, "new", "finish", ME LIST(NEW) LIST(NEW), NULL, NULL, "", NULL,
     "new"},
    {"too early", LASTING, "new", "finish", ME LIST(OLD "," NEW),
     "busy: the old key old goes on working until 2100-01-01T00:00:00.000Z, for machines that "
     "still have it",
     "when they all have the new one: the same with --grace 0", "", "old>new", "new"},
    {"its time cannot be noted", VERIFIED, "new", "at-once", ME BLOCK_NOTE, NOT_NOTED, MOVE_HINT,
     "", "?", "new"},
    {"refused where it is only looked at", NULL, "x", "dry",
     ME LIST(KEY("x", "Active", "9") "," OLD),
     "conflict: user u has two keys, the most AWS allows: old is older than this machine's and "
     "still works",
     "when no machine uses it: aws iam delete-access-key --user-name u --access-key-id old", "",
     NULL, "x"},
};

/* ---- the machine ---- */

static struct relay relay;
static const struct aws_place place = {
    .path = "/claude/oauth/credentials", .url = {.region = "us-west-2"}, .profile = {"r", "w"}};

static void told(void *ctx, enum rotate_event event, const char *key)
{
    struct buf *out = ctx;
    buf_printf(out, "%s%s:%s", out->len ? " " : "", rotate_event_name(event), key);
}

static bool hand_over(void *ctx, const char *host, struct err *e)
{
    (void)ctx;
    return strcmp(host, "bad") != 0 || err_set(e, ERR_UNREACHABLE, "%s is away", host);
}

static bool wishes(const struct row *r, const char *word)
{
    return strstr(r->wishes, word) != NULL;
}

static bool rotate_as(const struct row *r, struct buf *events, struct err *e)
{
    static char bad[] = "bad", good[] = "host";
    char *host[2];
    size_t hosts = 0;
    struct rotate_report report;
    if (wishes(r, "bad"))
        host[hosts++] = bad;
    if (wishes(r, "host"))
        host[hosts++] = good;
    const struct rotate_request rq = {.relay = &relay,
                                      .place = &place,
                                      .role = ROLE_READER,
                                      .admin_profile = wishes(r, "admin") ? "admin" : NULL,
                                      .grace_ms = wishes(r, "at-once") ? 0
                                                  : wishes(r, "a-day") ? 86400000
                                                                       : ROTATE_GRACE_NOT_SAID,
                                      .finish = wishes(r, "finish"),
                                      .dry_run = wishes(r, "dry"),
                                      .options = " -r x",
                                      .hosts = host,
                                      .host_count = hosts,
                                      .hand_over = hand_over,
                                      .told = told,
                                      .ctx = events};
    return rotate(&rq, &report, e);
}

static const char *note_path(void)
{
    return in_home("state/claude.rotate-reader.json");
}

/* As it is before each row. */
static void set_the_stage(const struct row *r)
{
    char keys[200];
    struct err e;
    relay = (struct relay){.name = "claude", .machine = "m", .log_size = 1 << 20, .log_keep = 1};
    snprintf(relay.state_dir, sizeof relay.state_dir, "%s", in_home("state"));
    assert_true(dir_make(relay.state_dir, &e) && dir_make(in_home(".aws"), &e));
    rmdir(note_path());
    unlink(note_path());
    if (r->note)
        put_file(note_path(), r->note, 0600);
    snprintf(keys, sizeof keys, "[r]\naws_access_key_id = %s\naws_secret_access_key = s1\n",
             r->profile);
    put_file(in_home(".aws/credentials"), keys, 0600);
    play_helper("aws-admin", r->play);
}

/* WANT with its paths, into a static buffer. */
static const char *with_paths(const char *want)
{
    static char text[2 * LIMIT_PATH];
    size_t n = 0;
    for (; *want; want++)
        if (*want == '@' || *want == '~')
            n += (size_t)snprintf(text + n, sizeof text - n, "%s",
                                  *want == '@' ? note_path() : in_home(".aws/credentials"));
        else
            text[n++] = *want;
    text[n] = '\0';
    return text;
}

static const char *what_is_left(void)
{
    static char text[2 * AWS_KEY_ID_SIZE + ROTATION_AWAITED_SIZE + 3]; /* with the signs */
    struct rotation_note n;
    struct err e;
    if (!rotation_note_load(note_path(), &n, &e))
        return "?";
    snprintf(text, sizeof text, "%s>%s%s%s%s", n.old_id, n.new.id, n.new.secret ? "+" : "",
             n.awaited[0] ? " " : "", n.awaited);
    const char *left = n.began ? text : NULL;
    rotation_note_clear(&n);
    return left;
}

static void check_profile(const struct row *r)
{
    struct aws_profile p;
    struct err e;
    assert_true(aws_profile_read("r", &p, &e));
    same_text(r->name, p.key_id, r->has);
    if (p.secret) /* never one key's id with the other's secret */
        same_text(r->name, secret_reveal(p.secret, NULL),
                  strcmp(p.key_id, r->profile) == 0 ? "s1" : "s2");
    aws_profile_free(&p);
}

static void test_each_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *r = &rows[i];
        char got[2048];
        struct err e;
        struct buf events;
        buf_init(&events, 1024);
        set_the_stage(r);
        bool ok = rotate_as(r, &events, &e);
        if (!ok)
            snprintf(got, sizeof got, "%s: %s", err_name(e.code), e.text);
        same_text(r->name, ok ? NULL : got, r->error ? with_paths(r->error) : NULL);
        if (!ok)
            same_text(r->name, e.hint, with_paths(r->hint));
        same_text(r->name, buf_str(&events), r->told);
        same_text(r->name, what_is_left(), r->left);
        check_profile(r);
        play_ended(r->name);
        buf_free(&events);
    }
}

/* ---- places where nothing can be noted ---- */

static void test_no_place_for_notes(void **state)
{
    (void)state;
    static const struct row plain = {.profile = "old", .wishes = "", .play = ""};
    struct err e;
    struct buf events;
    buf_init(&events, 1024);
    set_the_stage(&plain);
    put_file(in_home("file"), "", 0600);
    snprintf(relay.state_dir, sizeof relay.state_dir, "%s", in_home("file/state"));
    assert_false(rotate_as(&plain, &events, &e));
    same_int("below a file", e.code, ERR_IO);
    memset(relay.state_dir, 'x', sizeof relay.state_dir - 1);
    assert_false(rotate_as(&plain, &events, &e));
    assert_non_null(strstr(e.text, "File name too long"));
    set_the_stage(&plain);
    put_file(in_home(".aws/credentials"), "words\n", 0600);
    play_helper("aws-admin", ME);
    char want[LIMIT_PATH + 64];
    snprintf(want, sizeof want, "%s:1: a setting before the first [section]",
             in_home(".aws/credentials"));
    assert_false(rotate_as(&plain, &events, &e));
    same_error("a file that is none", &e, ERR_INVALID, want, "");
    play_ended("keys that cannot be read");
    buf_free(&events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_WORLD(test_each_place),
                                       IN_WORLD(test_no_place_for_notes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
