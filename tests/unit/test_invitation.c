/* Invitations: what is written is read again; lines that were cut, altered, mistyped or kept too
 * long, each with its sentence; and bodies that no machine could be set up with. */
#include "unit.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "provision/invitation.h"
#include "provision/invitation_body.h"
#include "provision/passphrase.h"

#define NOW   INT64_C(1795464776123)
#define HOUR  INT64_C(3600000)
#define STORE "ssm://us-west-2/claude/oauth/credentials"

static void set(struct section *s, enum section_key k, const char *value)
{
    struct err e;
    if (!section_set(s, k, value, "the test", &e))
        fail_msg("%s", e.text);
}

static void add_key(struct invitation *i, const char *profile, const char *id, const char *key)
{
    struct invitation_key *k = &i->keys[i->key_count++];
    snprintf(k->profile, sizeof k->profile, "%s", profile);
    snprintf(k->id, sizeof k->id, "%s", id);
    k->secret = secret_copy(key, strlen(key));
}

static struct invitation reader(void)
{
    struct invitation i = {.made_at = NOW, .expires_at = NOW + 24 * HOUR, .by = "mac-1"};
    snprintf(i.section.name, sizeof i.section.name, "claude");
    set(&i.section, SECTION_TOOL, "claude");
    set(&i.section, SECTION_ROLE, "reader");
    set(&i.section, SECTION_STORE, STORE);
    set(&i.section, SECTION_READER_PROFILE, "claude-creds-reader");
    add_key(&i, "claude-creds-reader", "AKIATESTREADER", "test+secret/of+the/reader");
    return i;
}

static struct invitation writer(void)
{
    struct invitation i = reader();
    set(&i.section, SECTION_ROLE, "writer");
    set(&i.section, SECTION_WRITER_PROFILE, "claude-creds-writer");
    set(&i.section, SECTION_KMS_KEY_ID, "alias/claude-creds");
    set(&i.section, SECTION_SHARE_REFRESH_TOKEN, "yes");
    add_key(&i, "claude-creds-writer", "AKIATESTWRITER", "test+secret/of+the/writer");
    return i;
}

/* Of base64url and the dots: a double click takes the line, and no shell minds it. */
#define ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."

/* Everything that an invitation says, to be compared as one text. */
static void describe(const struct invitation *i, struct buf *out)
{
    buf_printf(out, "%lld %lld by=%s [%s]", (long long)(i->made_at - NOW),
               (long long)((i->expires_at - NOW) / HOUR), i->by, i->section.name);
    for (enum section_key k = 0; k < SECTION_KEYS; k++)
        if (i->section.value[k][0])
            buf_printf(out, " %s=%s", section_key_name(k), i->section.value[k]);
    for (size_t k = 0; k < i->key_count; k++)
        buf_printf(out, " %s:%s:%s", i->keys[k].profile, i->keys[k].id,
                   secret_reveal(i->keys[k].secret, NULL));
}

#define SAID_BY_READER                                                                             \
    "0 24 by=mac-1 [claude] tool=claude role=reader store=" STORE                                  \
    " reader-profile=claude-creds-reader claude-creds-reader:AKIATESTREADER:"                      \
    "test+secret/of+the/reader"
#define SAID_BY_WRITER                                                                             \
    "0 24 by=mac-1 [claude] tool=claude role=writer store=" STORE                                  \
    " reader-profile=claude-creds-reader writer-profile=claude-creds-writer "                      \
    "kms-key-id=alias/claude-creds share-refresh-token=yes "                                       \
    "claude-creds-reader:AKIATESTREADER:test+secret/of+the/reader "                                \
    "claude-creds-writer:AKIATESTWRITER:test+secret/of+the/writer"

/* The line and what it says, or why it is no good. */
static bool open_line(const char *line, size_t len, const struct secret *passphrase, int64_t now,
                      struct buf *said, struct err *e)
{
    struct invitation_line l;
    struct invitation i;
    if (!invitation_look(line, len, &l, e) || !invitation_open(&l, passphrase, now, &i, e))
        return false;
    describe(&i, said);
    invitation_free(&i);
    return true;
}

static void must_say(const char *what, const char *line, const struct secret *passphrase,
                     const char *said)
{
    struct buf out;
    struct err e;
    buf_init(&out, LIMIT_INVITATION);
    if (!open_line(line, strlen(line), passphrase, NOW, &out, &e))
        fail_msg("%s: %s", what, e.text);
    same_text(what, buf_str(&out), said);
    buf_free(&out);
}

static void test_there_and_back(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct invitation (*make)(void);
        bool sealed;
        const char *head, *said;
    } cases[] = {
        {"a reader's, open", reader, false, "credrelay-invitation-1.open.", SAID_BY_READER},
        {"a reader's, sealed", reader, true, "credrelay-invitation-1.sealed.", SAID_BY_READER},
        {"a writer's, open", writer, false, "credrelay-invitation-1.open.", SAID_BY_WRITER},
        {"a writer's, sealed", writer, true, "credrelay-invitation-1.sealed.", SAID_BY_WRITER},
    };
    for (size_t n = 0; n < COUNT(cases); n++) {
        struct invitation i = cases[n].make();
        struct secret *passphrase = cases[n].sealed ? passphrase_make() : NULL;
        struct buf line;
        struct err e;
        buf_init(&line, LIMIT_INVITATION);
        assert_true(invitation_write(&i, passphrase, &line, &e));
        size_t head = strlen(cases[n].head);
        same_bytes(cases[n].what, line.data, head, cases[n].head, head);
        same_int(cases[n].what, (long long)strspn(line.data + head, ALPHABET),
                 (long long)(line.len - head));
        same_int("a terminal of macOS takes 1,023 characters in a line", line.len < 1023, true);
        must_say(cases[n].what, buf_str(&line), passphrase, cases[n].said);
        buf_free(&line);
        secret_free(passphrase);
        invitation_free(&i);
    }
}

/* As format 1 was written once: lines that are under way must stay readable. */
#define OPEN_LINE                                                                                  \
    "credrelay-invitation-1.open.eyJtYWRlIjoxNzk1NDY0Nzc2MTIzLCJleHBpcmVzIjoxNzk1NTUxMTc2"         \
    "MTIzLCJieSI6Im1hYy0xIiwicmVsYXkiOiJjbGF1ZGUiLCJzZXR0aW5ncyI6eyJ0b29sIjoiY2xhdWRlIiwi"         \
    "cm9sZSI6InJlYWRlciIsInN0b3JlIjoic3NtOi8vdXMtd2VzdC0yL2NsYXVkZS9vYXV0aC9jcmVkZW50aWFs"         \
    "cyIsInJlYWRlci1wcm9maWxlIjoiY2xhdWRlLWNyZWRzLXJlYWRlciJ9LCJrZXlzIjpbeyJwcm9maWxlIjoi"         \
    "Y2xhdWRlLWNyZWRzLXJlYWRlciIsImlkIjoiQUtJQVRFU1RSRUFERVIiLCJzZWNyZXQiOiJ0ZXN0K3NlY3Jl"         \
    "dC9vZit0aGUvcmVhZGVyIn1dfQ.1PBKpfDU"
#define SEALED_LINE                                                                                \
    "credrelay-invitation-1.sealed.C3QHw9cp-Jb_a-eCgI04-qMOMJLquSeTCJOxN6MNwJXyQ2lCeuZxw7"         \
    "mOhf3D0y_7pq1Jsez_z7298709_GEzKSXmQPY-oiIvvuQ4607s8yjr2VISo7PhI9VSKgKM1z--AopesfPAOk"         \
    "PKLs8FwkbYuHXku_IufMeIMN8r5oWcfGeJJNxQLv_SGfZXMrew4sKO_XpruxINa3fX3NQMw_2BDeLzr7gnrE"         \
    "kz8BnEQIxcl6ZA7SoRf5SqsRVRTK1KtiDLXyAJDiMmTz-xfoEw6OYAbd2aqCPwdw2yjS2uE64JkTb4dDsSGU"         \
    "mBBYM6MChkRGIWxleR4fgK_2DqKGeh-VpGKGXGdQNPg01NRRs7w6pdJ5AK3lvUuUS-w2BVRYdugb4hegGPC_"         \
    "9KdeUeyB-dIysoHXnHt8-l-72KNO22BWFQWN62zcCh-_MeZ647zr4B7z82CHcjy7poqPR7iAJdLNaCnLdcTm"         \
    "-sy3y_8t0BCG2h9vLV.mXytYQZl"
#define PASSPHRASE "k7m2x-9qhtc-w3v8n-r5d4p"

static void test_format_1_stays_readable(void **state)
{
    (void)state;
    struct secret *passphrase = secret_copy(PASSPHRASE, strlen(PASSPHRASE));
    must_say("open", OPEN_LINE, NULL, SAID_BY_READER);
    must_say("sealed", SEALED_LINE, passphrase, SAID_BY_READER);
    secret_free(passphrase);
}

#define CUT          "the invitation is not whole: its end is missing"
#define CUT_HINT     "copy the whole line, or make another: credrelay invite"
#define ALTERED      "the invitation was altered on its way: its checksum does not fit"
#define ALTERED_HINT "copy it again, or make another: credrelay invite"
#define NONE         "what was read is no invitation"
#define NONE_HINT                                                                                  \
    "paste the line that credrelay invite prints; it begins with credrelay-invitation-"

static const struct {
    const char *line;
    const char *text, *hint;
} no_lines[] = {
    {"", NONE, NONE_HINT},
    {"hello", NONE, NONE_HINT},
    {"credrelay-invite-1.open.e30.xxxxxxxx", NONE, NONE_HINT},
    {"AKIATESTREADER", NONE, NONE_HINT},
    {"credrelay-", CUT, CUT_HINT},
    {"credrelay-invitation-1", CUT, CUT_HINT},
    {"credrelay-invitation-1.open.e30", CUT, CUT_HINT},
    {"credrelay-invitation-1.open.e30.", CUT, CUT_HINT},
    {"credrelay-invitation-1.open.e30.xxxxxxx", CUT, CUT_HINT},
    {"credrelay-invitation-1.open.e30.xxxxxxxx", ALTERED, ALTERED_HINT},
    {"credrelay-invitation-1.open.e30.xxxxxxxxx", ALTERED, ALTERED_HINT},
    {"credrelay-invitation-1.open.e30.x.xxxxxx", ALTERED, ALTERED_HINT},
};

static void test_no_lines(void **state)
{
    (void)state;
    for (size_t n = 0; n < COUNT(no_lines); n++) {
        struct invitation_line l;
        struct err e = {.code = ERR_NONE};
        assert_false(invitation_look(no_lines[n].line, strlen(no_lines[n].line), &l, &e));
        same_error(no_lines[n].line, &e, ERR_INVALID, no_lines[n].text, no_lines[n].hint);
    }
}

static void test_as_it_was_pasted(void **state)
{
    (void)state;
    static const struct {
        const char *before, *between, *after;
        bool whole;
    } pasted[] = {
        {"", "", "", true},
        {"", "\n", "\n", true},
        {" \t", " \r\n ", "\r\n", true},
        {"'", "", "'\n", true},
        {"\"", "", "\"", true},
        {"`", "", "`.", true},
        {"<", "", "> bye", true},
        {"> ", "\n", "", true},
        {"$ ", "", "\n", true},
        {"\xef\xbb\xbf", "", "", true},
        {"vps-1$ credrelay invite reader\n", "", "\n", true},
        {"credrelay-invitation-", "", "", false},
        {"", "'", "", false},
        {"", "\xe2\x80\x8b", "", false},
        {"", "", "x", false},
    };
    size_t half = strlen(SEALED_LINE) / 2;
    for (size_t i = 0; i < COUNT(pasted); i++) {
        char text[2048];
        struct invitation_line l;
        struct err e = {.code = ERR_NONE};
        size_t len =
            (size_t)snprintf(text, sizeof text, "%s%.*s%s%s%s", pasted[i].before, (int)half,
                             SEALED_LINE, pasted[i].between, &SEALED_LINE[half], pasted[i].after);
        size_t left = invitation_trim(text, len);
        same_int(pasted[i].before, invitation_look(text, left, &l, &e), pasted[i].whole);
        for (size_t at = left; at < len; at++)
            same_int("and no more", text[at], 0);
    }
    char nothing[] = " \n";
    same_int("nothing", (long long)invitation_trim(nothing, 2), 0);
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    for (size_t len = 1; len < strlen(SEALED_LINE); len++) {
        struct invitation_line l;
        struct err e = {.code = ERR_NONE};
        assert_false(invitation_look(SEALED_LINE, len, &l, &e));
        same_error("cut", &e, ERR_INVALID, CUT, CUT_HINT);
    }
}

/* Any one character another.  Where the marks of the frame are hit it may look cut off, or like no
 * invitation. */
static void test_altered_anywhere(void **state)
{
    (void)state;
    static char line[] = SEALED_LINE;
    for (size_t at = 0; at < sizeof line - 1; at++) {
        struct invitation_line l;
        struct err e = {.code = ERR_NONE};
        char was = line[at];
        line[at] = was == 'A' ? 'B' : 'A';
        assert_false(invitation_look(line, sizeof line - 1, &l, &e));
        same_error("altered", &e, ERR_INVALID,
                   at < strlen("credrelay-invitation-") ? NONE
                   : was == '.'                         ? CUT
                                                        : ALTERED,
                   at < strlen("credrelay-invitation-") ? NONE_HINT
                   : was == '.'                         ? CUT_HINT
                                                        : ALTERED_HINT);
        line[at] = was;
    }
}

/* A line around BODY with a checksum that fits, as a forger makes it. */
static void forge_text(const char *head, const char *body, struct buf *line)
{
    unsigned char hash[32];
    char text[16];
    buf_printf(line, "%s.%s", head, body);
    crypto_generichash(hash, sizeof hash, (const unsigned char *)line->data, line->len, NULL, 0);
    sodium_bin2base64(text, sizeof text, hash, 6, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    buf_printf(line, ".%s", text);
}

static void forge(const char *head, const void *body, size_t len, struct buf *line)
{
    char text[LIMIT_INVITATION];
    sodium_bin2base64(text, sizeof text, body, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    forge_text(head, text, line);
}

#define LONG32  "0123456789abcdef0123456789abcdef"
#define LONG128 LONG32 LONG32 LONG32 LONG32
#define ANOTHER "make another one, with the same credrelay on both machines"
#define HEAD    "{\"made\":1,\"expires\":9999999999999,\"by\":\"m\","
#define GOOD    HEAD "\"relay\":\"claude\",\"settings\":{\"role\":\"reader\",\"store\":\"ssm://r/n\"},"

static const struct {
    const char *body;
    const char *text, *hint; /* NULL: it is good */
} bodies[] = {
    {GOOD "\"keys\":[]}", NULL, NULL},
    {GOOD "\"keys\":[{\"profile\":\"p\",\"id\":\"i\",\"secret\":\"s\"}],\"more\":1}", NULL, NULL},
    {"", "the invitation is not valid: it is not JSON", ANOTHER},
    {"{", "the invitation is not valid: it is not JSON", ANOTHER},
    {"[]", "the invitation is not valid: it has no expiry", ANOTHER},
    {"{}", "the invitation is not valid: it has no expiry", ANOTHER},
    {"{\"expires\":9}", "the invitation is not valid: it does not say who made it", ANOTHER},
    {HEAD "\"relay\":\"\"}", "the invitation is not valid: it names no relay", ANOTHER},
    {HEAD "\"relay\":\"alert\"}", "the invitation is not valid: it names no relay", ANOTHER},
    {HEAD "\"relay\":\"../x\"}", "the invitation is not valid: it names no relay", ANOTHER},
    {HEAD "\"relay\":\"x]\"}", "the invitation is not valid: it names no relay", ANOTHER},
    {HEAD "\"relay\":\"x\"}", "the invitation is not valid: it has no settings", ANOTHER},
    {HEAD "\"relay\":\"x\",\"settings\":{}}",
     "the invitation is not valid: it names no role or no store", ANOTHER},
    {HEAD "\"relay\":\"x\",\"settings\":{\"role\":\"reader\"}}",
     "the invitation is not valid: it names no role or no store", ANOTHER},
    {HEAD "\"relay\":\"x\",\"settings\":{\"role\":\"king\"}}",
     "the invitation: role = king is not valid", "role takes reader|writer"},
    {HEAD "\"relay\":\"x\",\"settings\":{\"retry\":\"never\"}}",
     "the invitation is not valid: it has a setting that is not known here", ANOTHER},
    {HEAD "\"relay\":\"x\",\"settings\":{\"role\":1}}",
     "the invitation is not valid: it has a setting that is not known here", ANOTHER},
    {HEAD "\"relay\":\"x\",\"settings\":{\"store\":\"local:\\n[alert]\"}}",
     "the invitation: the store has characters that a setting cannot have",
     "give it on one line, without blanks around it"},
    {GOOD "\"x\":1}", "the invitation is not valid: it has no list of keys, or too many", ANOTHER},
    {GOOD "\"keys\":[{},{},{}]}",
     "the invitation is not valid: it has no list of keys, or too many", ANOTHER},
    {GOOD "\"keys\":[{\"profile\":\"p\",\"id\":\"i\"}]}",
     "the invitation is not valid: one of its keys is none", ANOTHER},
    {GOOD "\"keys\":[{\"profile\":\"p]\",\"id\":\"i\",\"secret\":\"s\"}]}",
     "the invitation is not valid: one of its keys is none", ANOTHER},
    {GOOD "\"keys\":[{\"profile\":\"p\",\"id\":\"i\",\"secret\":\"s\\nregion = x\"}]}",
     "the invitation is not valid: one of its keys is none", ANOTHER},
    {GOOD "\"keys\":[{\"profile\":\"[p\",\"id\":\"i\",\"secret\":\"s\"}]}",
     "the invitation is not valid: one of its keys is none", ANOTHER},
    {GOOD "\"keys\":[{\"profile\":\"p\\u007f\",\"id\":\"i\",\"secret\":\"s\"}]}",
     "the invitation is not valid: one of its keys is none", ANOTHER},
    {GOOD "\"keys\":[{\"profile\":\"p\",\"id\":\"\",\"secret\":\"s\"}]}",
     "the invitation is not valid: one of its keys is none", ANOTHER},
    {GOOD "\"keys\":[{\"profile\":\"" LONG128 "\",\"id\":\"i\",\"secret\":\"s\"}]}",
     "the invitation is not valid: one of its keys is none", ANOTHER},
    {"{\"expires\":9999999999999,\"by\":\"" LONG128 "\"}",
     "the invitation is not valid: it does not say who made it", ANOTHER},
};

static void test_bodies(void **state)
{
    (void)state;
    for (size_t n = 0; n < COUNT(bodies); n++) {
        struct buf line, said;
        struct err e = {.code = ERR_NONE};
        buf_init(&line, LIMIT_INVITATION);
        buf_init(&said, LIMIT_INVITATION);
        forge("credrelay-invitation-1.open", bodies[n].body, strlen(bodies[n].body), &line);
        bool ok = open_line(buf_str(&line), line.len, NULL, NOW, &said, &e);
        same_int(bodies[n].body, ok, bodies[n].text == NULL);
        if (!ok)
            same_error(bodies[n].body, &e, ERR_INVALID, bodies[n].text, bodies[n].hint);
        buf_free(&line);
        buf_free(&said);
    }
}

/* Who made it is shown: nothing in the name may change a terminal. */
static void test_a_maker_with_control_characters(void **state)
{
    (void)state;
    static const char body[] =
        "{\"expires\":9999999999999,\"by\":\"a\\u001b\\u007fb\",\"relay\":\"claude\",\"settings\":"
        "{\"role\":\"reader\",\"store\":\"local:\"},\"keys\":[]}";
    struct invitation i;
    struct err e;
    assert_true(invitation_body_read(body, strlen(body), &i, &e));
    same_text("shown", i.by, "a??b");
    invitation_free(&i);
}

static void test_no_base64(void **state)
{
    (void)state;
    struct buf line, said;
    struct err e;
    buf_init(&line, LIMIT_INVITATION);
    buf_init(&said, LIMIT_INVITATION);
    forge_text("credrelay-invitation-1.open", "$$$$", &line);
    assert_false(open_line(buf_str(&line), line.len, NULL, NOW, &said, &e));
    same_error("no base64", &e, ERR_INVALID, "the invitation is not valid: it is not base64",
               ANOTHER);
    buf_free(&line);
    buf_free(&said);
}

/* Whatever the room, all of it is written or it is said that it does not fit. */
static void test_no_room(void **state)
{
    (void)state;
    struct invitation i = reader();
    struct buf whole;
    struct err e;
    buf_init(&whole, LIMIT_INVITATION);
    assert_true(invitation_write(&i, NULL, &whole, &e));
    for (size_t room = 0; room < whole.len; room++) {
        struct buf line;
        buf_init(&line, room);
        assert_false(invitation_write(&i, NULL, &line, &e));
        same_int("too large", e.code, ERR_TOO_LARGE);
        buf_free(&line);
    }
    buf_free(&whole);
    invitation_free(&i);
}

static void test_forged_frames(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        enum err_code code;
        const char *text, *hint;
    } cases[] = {
        {"credrelay-invitation-2.open", ERR_UNSUPPORTED,
         "the invitation is of a format that is not known here",
         "upgrade credrelay on this machine"},
        {"credrelay-invitation-1.ajar", ERR_INVALID, ALTERED, ALTERED_HINT},
        {"credrelay-invitation-1.sealed", ERR_INVALID,
         "the invitation is not valid: it is too short", ANOTHER},
    };
    struct secret *passphrase = passphrase_make();
    for (size_t n = 0; n < COUNT(cases); n++) {
        struct buf line, said;
        struct err e = {.code = ERR_NONE};
        buf_init(&line, LIMIT_INVITATION);
        buf_init(&said, LIMIT_INVITATION);
        forge(cases[n].head, "{}", 2, &line);
        assert_false(open_line(buf_str(&line), line.len, passphrase, NOW, &said, &e));
        same_error(cases[n].head, &e, cases[n].code, cases[n].text, cases[n].hint);
        buf_free(&line);
    }
    secret_free(passphrase);
}

static void test_passphrases_and_time(void **state)
{
    (void)state;
    static const struct {
        const char *typed;
        int64_t now;
        enum err_code code; /* ERR_NONE: it opens */
        const char *text, *hint;
    } cases[] = {
        {PASSPHRASE, NOW, ERR_NONE, NULL, NULL},
        {"K7M2X9QHTCW3V8NR5D4P", NOW, ERR_NONE, NULL, NULL},
        {" k7m2x 9qhtc w3v8n r5d4p\n", NOW, ERR_NONE, NULL, NULL},
        {PASSPHRASE, NOW + 24 * HOUR - 1, ERR_NONE, NULL, NULL},
        {PASSPHRASE, NOW + 24 * HOUR, ERR_DENIED, "the invitation expired 0 s ago",
         "make another on mac-1: credrelay invite reader"},
        {PASSPHRASE, NOW + 27 * HOUR, ERR_DENIED, "the invitation expired 3 h 0 min ago",
         "make another on mac-1: credrelay invite reader"},
        {"k7m2x-9qhtc-w3v8n-r5d4q", NOW, ERR_BAD_CREDENTIALS,
         "the passphrase does not open the invitation",
         "it is the one that credrelay invite showed beside this very line"},
        {"", NOW + 27 * HOUR, ERR_BAD_CREDENTIALS, "the passphrase does not open the invitation",
         "it is the one that credrelay invite showed beside this very line"},
    };
    for (size_t n = 0; n < COUNT(cases); n++) {
        struct secret *passphrase = passphrase_typed(cases[n].typed, strlen(cases[n].typed));
        struct buf said;
        struct err e = {.code = ERR_NONE};
        buf_init(&said, LIMIT_INVITATION);
        bool ok = open_line(SEALED_LINE, strlen(SEALED_LINE), passphrase, cases[n].now, &said, &e);
        same_int(cases[n].typed, ok, cases[n].code == ERR_NONE);
        if (!ok)
            same_error(cases[n].typed, &e, cases[n].code, cases[n].text, cases[n].hint);
        buf_free(&said);
        secret_free(passphrase);
    }
}

static void test_passphrases_made(void **state)
{
    (void)state;
    char before[64] = "";
    for (int n = 0; n < 100; n++) {
        struct secret *made = passphrase_make();
        size_t len;
        const char *text = secret_reveal(made, &len);
        same_int("length", (long long)len, 23);
        same_int("characters", (long long)strspn(text, "0123456789abcdefghjkmnpqrstvwxyz-"), 23);
        for (size_t at = 0; at < len; at++)
            same_int("a dash after every five", text[at] == '-', at % 6 == 5);
        assert_string_not_equal(text, before);
        struct secret *typed = passphrase_typed(text, len);
        same_text("typed as shown", secret_reveal(typed, NULL), text);
        snprintf(before, sizeof before, "%s", text);
        secret_free(typed);
        secret_free(made);
    }
}

/* Nobody types that; what is read is bounded. */
static void test_a_passphrase_without_end(void **state)
{
    (void)state;
    static char text[5000];
    size_t len;
    memset(text, 'a', sizeof text);
    struct secret *typed = passphrase_typed(text, sizeof text);
    (void)secret_reveal(typed, &len);
    same_int("characters and dashes", (long long)len, 820 + 163);
    secret_free(typed);
}

static void test_passphrases_typed(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"abcde", "abcde"},
        {"ABCDEF", "abcde-f"},
        {"oOiIlL", "00111-1"},
        {"--a b\tc\r\n", "abc"},
        {"pass w\xc3\xb6rter", "passw-\xc3\xb6rte-r"},
    };
    for (size_t n = 0; n < COUNT(cases); n++) {
        struct secret *typed = passphrase_typed(cases[n][0], strlen(cases[n][0]));
        same_text(cases[n][0], secret_reveal(typed, NULL), cases[n][1]);
        secret_free(typed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_there_and_back),
        IN_WORLD(test_format_1_stays_readable),
        IN_WORLD(test_no_lines),
        IN_WORLD(test_as_it_was_pasted),
        IN_WORLD(test_cut_anywhere),
        IN_WORLD(test_altered_anywhere),
        IN_WORLD(test_a_maker_with_control_characters),
        IN_WORLD(test_no_base64),
        IN_WORLD(test_no_room),
        IN_WORLD(test_bodies),
        IN_WORLD(test_forged_frames),
        IN_WORLD(test_passphrases_and_time),
        IN_WORLD(test_passphrases_made),
        IN_WORLD(test_passphrases_typed),
        IN_WORLD(test_a_passphrase_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
