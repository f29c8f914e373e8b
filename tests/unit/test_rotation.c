/* What to do next about a role's key: a table of situations, each in a line.
 *
 *   keys     "old:1000 new!:2000": by IAM, with the time each was made; ! inactive
 *   note     "began=1500 known=old old=old new=new secret until=9000"; "" none
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/shell_word.h"
#include "provision/rotation_note.h"

/* The list is AWS's at this time unless a row says otherwise; later than any note is settled. */
enum { NOW = 100000 };

struct row {
    const char *name, *profile, *keys, *note;
    const char *wish; /* "", "finish", "first" */
    const char *want; /* "STEP REASON KEY" */
    int64_t now;      /* 0: NOW */
};

static const struct row situations[] = {
    /* the beginning */
    {"one key, the profile's", "old", "old:1000", "", "", "make fresh old", 0},
    {"nothing to finish", "old", "old:1000", "", "finish", "done nothing old", 0},
    {"a user without keys", "", "", "", "first", "make no_key ", 0},
    {"a user without keys, to be finished", "", "", "", "finish", "refuse elsewhere ", 0},
    {"set up already", "old", "old:1000", "", "first", "done has_key old", 0},
    {"set up, and a second key", "old", "old:1000 x:2000", "", "first", "done has_key old", 0},
    {"another machine has the key", "", "x:1000", "", "first", "refuse elsewhere x", 0},
    {"one key, listed twice", "old", "old:1000 old:1000", "", "", "make fresh old", 0},
    {"a stranger's key", "z", "x:1000", "", "", "refuse not_its_key z", 0},
    {"a second key, newer", "old", "old:1000 x:2000", "", "", "refuse two_newer x", 0},
    {"a second key, newer, inactive", "old", "old:1000 x!:2000", "", "", "refuse two_newer x", 0},
    {"a second key, older", "new", "old:1000 new:2000", "", "", "refuse two_older old", 0},
    {"a second key, older, finish", "new", "old:1000 new:2000", "", "finish",
     "refuse two_older old", 0},
    {"a rotation of another machine's", "new", "old!:1000 new:2000", "", "",
     "refuse unfinished old", 0},
    {"finished here", "new", "old!:1000 new:2000", "", "finish", "delete unfinished old", 0},
    /* stopped while a key was made */
    {"none was made", "old", "old:1000", "began=1500 known=old old=old", "", "forget void ", 0},
    {"none is listed yet", "old", "old:1000", "began=1500 known=old old=old", "",
     "look_again void ", 15000},
    {"one was made", "old", "old:1000 x:2000", "began=1500 known=old old=old", "",
     "discard interrupted x", 0},
    {"one was made, by a clock of whole seconds", "old", "old:1000 x:1000",
     "began=1500 known=old old=old", "", "discard interrupted x", 0},
    {"the first of a user", "", "x:2000", "began=1500 old=", "first", "discard interrupted x", 0},
    {"a key that was there before", "old", "old:1000 x:1400",
     "began=1500 known=old known2=x old=old", "", "forget void ", 0},
    {"a key of long before", "old", "old:1000 x:1000", "began=9000 known=old old=old", "",
     "forget void ", 0},
    {"a key of long after", "old", "old:1000 x:90000000", "began=1500 known=old old=old", "",
     "forget void ", 0},
    {"one of ours in the profile by hand", "x", "old:1000 x:2000", "began=1500 known=old old=old",
     "", "forget void ", 0},
    /* noted with its secret */
    {"to be installed", "old", "old:1000 new:2000", "began=1500 known=old old=old new=new secret",
     "", "install under_way new", 0},
    {"not listed yet", "old", "old:1000", "began=1500 known=old old=old new=new secret", "",
     "install under_way new", 15000},
    {"deleted by somebody", "old", "old:1000", "began=1500 known=old old=old new=new secret", "",
     "forget gone new", 0},
    {"to be installed, first", "", "new:2000", "began=1500 old= new=new secret", "first",
     "install under_way new", 0},
    {"installed", "new", "old:1000 new:2000", "began=1500 known=old old=old new=new secret", "",
     "verify under_way new", 0},
    {"a third key in the profile", "x", "x:1000 new:2000",
     "began=1500 known=x old=old new=new secret", "", "discard replaced new", 0},
    {"a stranger's key in the profile", "z", "old:1000 new:2000",
     "began=1500 known=old old=old new=new secret", "", "install under_way new", 0},
    /* verified: the old one */
    {"its time is not over", "new", "old:1000 new:2000",
     "began=1500 known=old old=old new=new until=100001", "", "wait under_way old", 0},
    {"nor for those who want to finish", "new", "old:1000 new:2000",
     "began=1500 known=old old=old new=new until=100001", "finish", "wait under_way old", 0},
    {"its time is over", "new", "old:1000 new:2000",
     "began=1500 known=old old=old new=new until=100000", "", "deactivate under_way old", 0},
    {"deactivated", "new", "old!:1000 new:2000", "began=1500 known=old old=old new=new until=1", "",
     "kept under_way old", 0},
    {"deactivated by hand before its time", "new", "old!:1000 new:2000",
     "began=1500 known=old old=old new=new until=200000", "finish", "delete under_way old", 0},
    {"deactivated, finish", "new", "old!:1000 new:2000",
     "began=1500 known=old old=old new=new until=1", "finish", "delete under_way old", 0},
    {"a host has not the new one", "new", "old:1000 new:2000",
     "began=1500 known=old old=old new=new until=1 awaited=h", "finish", "wait awaited old", 0},
    {"a host has not the new one, deactivated", "new", "old!:1000 new:2000",
     "began=1500 known=old old=old new=new until=1 awaited=h", "finish", "wait awaited old", 0},
    {"a host has not the new one, and the old one is gone", "new", "new:2000",
     "began=1500 known=old old=old new=new until=1 awaited=h", "finish", "forget complete new", 0},
    {"deleted by hand", "new", "new:2000", "began=1500 known=old old=old new=new until=1", "",
     "forget complete new", 0},
    {"the first key, verified", "new", "new:2000", "began=1500 old= new=new until=1", "first",
     "forget complete new", 0},
    {"a backup put back", "old", "old:1000 new:2000",
     "began=1500 known=old old=old new=new until=1", "", "refuse went_back new", 0},
    {"a third key, and the new one verified", "x", "x:1000 new:2000",
     "began=1500 known=x old=old new=new until=1", "", "forget replaced new", 0},
};

static void read_keys(const char *text, struct aws_key_list *ret)
{
    char words[200], *rest = words;
    *ret = (struct aws_key_list){.count = 0};
    snprintf(words, sizeof words, "%s", text);
    for (char *word; (word = strtok_r(rest, " ", &rest)); ret->count++) {
        struct aws_key_row *k = &ret->key[ret->count];
        char *colon = strchr(word, ':'), *inactive = strchr(word, '!');
        k->created = strtoll(colon + 1, NULL, 10);
        k->active = !inactive;
        *(inactive ? inactive : colon) = '\0';
        snprintf(k->id, sizeof k->id, "%s", word);
    }
}

static void set(char *out, const char *value)
{
    snprintf(out, AWS_KEY_ID_SIZE, "%s", value);
}

static void read_note(const char *text, struct rotation_note *n)
{
    char words[200], *rest = words;
    *n = (struct rotation_note){.began = 0};
    snprintf(words, sizeof words, "%s", text);
    for (char *word; (word = strtok_r(rest, " ", &rest));) {
        char *sign = strchr(word, '=');
        const char *value = sign ? sign + 1 : "";
        if (sign)
            *sign = '\0';
        if (strcmp(word, "began") == 0)
            n->began = strtoll(value, NULL, 10);
        else if (strcmp(word, "until") == 0)
            n->until = strtoll(value, NULL, 10);
        else if (strcmp(word, "known") == 0)
            set(n->known[0], value);
        else if (strcmp(word, "known2") == 0)
            set(n->known[1], value);
        else if (strcmp(word, "old") == 0)
            set(n->old_id, value);
        else if (strcmp(word, "new") == 0)
            set(n->new.id, value);
        else if (strcmp(word, "awaited") == 0)
            snprintf(n->awaited, sizeof n->awaited, "%s", value);
        else if (strcmp(word, "secret") == 0)
            n->new.secret = secret_copy("s", 1);
    }
}

static void test_situations(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(situations); i++) {
        const struct row *s = &situations[i];
        struct aws_key_list keys;
        struct rotation_note note;
        char got[200];
        read_keys(s->keys, &keys);
        read_note(s->note, &note);
        keys.now = s->now ? s->now : NOW;
        const struct rotation_facts facts = {.profile_key = s->profile,
                                             .keys = &keys,
                                             .note = &note,
                                             .now = NOW,
                                             .finish = strcmp(s->wish, "finish") == 0,
                                             .first = strcmp(s->wish, "first") == 0};
        struct rotation_decision d = rotation_next(&facts);
        snprintf(got, sizeof got, "%s %s %s", rotation_step_name(d.step),
                 rotation_reason_name(d.reason), d.key);
        same_text(s->name, got, s->want);
        rotation_note_clear(&note);
    }
}

/* The key in the profile is never the one that is deactivated or deleted, whatever the situation. */
static void test_never_the_profiles_own(void **state)
{
    (void)state;
    static const char *const ids[] = {"", "old", "new", "x"};
    static const char *const lists[] = {"",
                                        "old:1",
                                        "new:1",
                                        "old:1 new:2",
                                        "old!:1 new:2",
                                        "old:1 new!:2",
                                        "old!:1 new!:2",
                                        "x:1 new:2",
                                        "old:1 x:2",
                                        "old!:1 x:2"};
    static const char *const notes[] = {"",
                                        "began=1 known=old old=old",
                                        "began=1 old=old new=new secret",
                                        "began=1 old=old new=new until=1",
                                        "began=1 old= new=new",
                                        "began=1 old=new new=new",
                                        "began=1 known=x old=x new=old"};
    unsigned tried = 0;
    for (size_t p = 0; p < COUNT(ids); p++)
        for (size_t l = 0; l < COUNT(lists); l++)
            for (size_t n = 0; n < COUNT(notes); n++)
                for (int wishes = 0; wishes < 4; wishes++) {
                    struct aws_key_list keys;
                    struct rotation_note note;
                    read_keys(lists[l], &keys);
                    read_note(notes[n], &note);
                    keys.now = NOW;
                    const struct rotation_facts facts = {.profile_key = ids[p],
                                                         .keys = &keys,
                                                         .note = &note,
                                                         .now = NOW,
                                                         .finish = wishes & 1,
                                                         .first = wishes & 2};
                    struct rotation_decision d = rotation_next(&facts);
                    bool harms = d.step == ROTATION_DEACTIVATE || d.step == ROTATION_DELETE ||
                                 d.step == ROTATION_DISCARD;
                    if (harms && strcmp(d.key, ids[p]) == 0)
                        fail_msg("profile %s, keys %s, note %s: %s", ids[p], lists[l], notes[n],
                                 rotation_step_name(d.step));
                    tried++;
                    rotation_note_clear(&note);
                }
    same_int("tried", tried, 4 * 10 * 7 * 4);
}

static void test_advice(void **state)
{
    (void)state;
    static const struct rotation_names names = {"U", "P", "reader", " --admin-profile A"};
    static const struct {
        enum rotation_reason reason;
        const char *text, *hint;
    } cases[] = {
        {ROTATION_UNFINISHED, "user U has two keys, the most AWS allows: the older, K, is inactive",
         "finish the last rotation: credrelay aws rotate-key reader --admin-profile A --finish"},
        {ROTATION_NOT_ITS_KEY, "the key in profile P, K, is none of user U",
         "take the key in use from a machine that has it: credrelay invite reader there"},
        {ROTATION_FRESH, "the keys of user U are not as expected (fresh)", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct rotation_decision d = {ROTATION_REFUSE, cases[i].reason, "K"};
        struct err e;
        assert_false(rotation_advise(&d, &names, &e));
        same_error(cases[i].text, &e, ERR_CONFLICT, cases[i].text, cases[i].hint);
    }
}

/* Of names that are too long what fits is said. */
static void test_advice_that_is_cut(void **state)
{
    (void)state;
    static char user[1000];
    memset(user, 'u', sizeof user - 1);
    const struct rotation_names names = {user, "P", "reader", ""};
    const struct rotation_decision d = {ROTATION_REFUSE, ROTATION_TWO_OLDER, "K"};
    struct err e;
    assert_false(rotation_advise(&d, &names, &e));
    same_int("text", (long long)strlen(e.text), (long long)sizeof e.text - 1);
    same_int("text", strncmp(e.text, "user uuu", 8), 0);
    same_int("hint", strncmp(e.hint, "when no machine uses it: aws iam ", 33), 0);
}

static void test_note(void **state)
{
    (void)state;
    struct rotation_note n, got;
    struct err e;
    const char *path = in_home("note.json");
    assert_true(rotation_note_load(path, &got, &e));
    same_int("none", got.began, 0);
    read_note("began=7 until=8 known=a known2=b old=a new=c secret", &n);
    snprintf(n.user, sizeof n.user, "U");
    snprintf(n.account, sizeof n.account, "123456789012");
    assert_true(rotation_note_save(path, &n, &e));
    same_int("private", file_mode(path), 0600);
    assert_true(rotation_note_load(path, &got, &e));
    same_text("user", got.user, "U");
    same_text("account", got.account, "123456789012");
    same_text("known", got.known[0], "a");
    same_text("known", got.known[1], "b");
    same_text("old", got.old_id, "a");
    same_text("new", got.new.id, "c");
    same_text("secret", secret_reveal(got.new.secret, NULL), "s");
    same_int("began", got.began, 7);
    same_int("until", got.until, 8);
    rotation_note_clear(&got);
    secret_free(n.new.secret);
    n.new.secret = NULL;
    assert_true(rotation_note_save(path, &n, &e));
    assert_null(strstr(file_text(path), "secret"));
    rotation_note_clear(&n);
    assert_true(rotation_note_save(path, &n, &e));
    same_text("an empty one is no file", file_text(path), "(absent)");
    assert_true(rotation_note_save(path, &n, &e));
}

static void test_awaited_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *sign, *host, *want; /* "+" is to get the key, "-" has it */
    } steps[] = {
        {"+", "a", "a"},         {"+", "a", "a"},
        {"+", "ab", "a ab"},     {"+", "b", "a ab b"},
        {"-", "x", "a ab b"},    {"-", "b", "a ab"},
        {"+", "b", "a ab b"},    {"-", "ab", "a b"},
        {"-", "a", "b"},         {"+", "o'n", "b 'o'\\''n'"},
        {"-", "b", "'o'\\''n'"}, {"-", "o'n", ""},
        {"-", "b", ""},
    };
    struct rotation_note n = {.began = 1}, got;
    struct err e;
    for (size_t i = 0; i < COUNT(steps); i++) {
        if (steps[i].sign[0] == '-')
            rotation_note_has(&n, steps[i].host);
        else
            assert_true(rotation_note_await(&n, steps[i].host));
        same_text(steps[i].host, n.awaited, steps[i].want);
        assert_true(rotation_note_save(in_home("awaited"), &n, &e));
        assert_true(rotation_note_load(in_home("awaited"), &got, &e));
        same_text("and again", got.awaited, n.awaited);
    }
}

static void test_too_many_awaited(void **state)
{
    (void)state;
    char host[SHELL_WORD_SIZE];
    struct rotation_note n = {.began = 1};
    memset(host, 'h', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    assert_false(rotation_note_await(&n, host));
    same_text("too long", n.awaited, "");
    int fit = -1;
    host[100] = '\0';
    do {
        char number[16];
        snprintf(number, sizeof number, "%07d", ++fit);
        memcpy(host, number, 7);
    } while (rotation_note_await(&n, host));
    same_int("as many as fit", fit, ROTATION_AWAITED_SIZE / 101);
}

/* The members that are missing are empty. */
static void test_a_short_note(void **state)
{
    (void)state;
    const char *path = in_home("note.json");
    struct rotation_note n;
    struct err e;
    put_file(path, "{\"v\":1,\"began\":7}", 0600);
    assert_true(rotation_note_load(path, &n, &e));
    same_int("began", n.began, 7);
    same_text("user", n.user, "");
    same_text("new", n.new.id, "");
    assert_null(n.new.secret);
}

static void test_a_note_that_cannot_be_removed(void **state)
{
    (void)state;
    const char *path = in_home("note.json");
    char want[LIMIT_PATH + 32];
    const struct rotation_note none = {.began = 0};
    struct err e;
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(rotation_note_save(path, &none, &e));
    snprintf(want, sizeof want, "cannot remove %s: ", path);
    same_int(e.text, strncmp(e.text, want, strlen(want)), 0);
}

#define X32  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X256 X32 X32 X32 X32 X32 X32 X32 X32

static void test_damaged_note(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "{",
        "{}",
        "[]",
        "{\"v\":2,\"began\":7}",
        "{\"v\":1,\"began\":0}",
        "{\"v\":1,\"began\":7,\"user\":\"" X256 "\"}",
        "{\"v\":1,\"began\":7,\"account\":\"" X256 "\"}",
        "{\"v\":1,\"began\":7,\"known1\":\"" X256 "\"}",
        "{\"v\":1,\"began\":7,\"known2\":\"" X256 "\"}",
        "{\"v\":1,\"began\":7,\"old\":\"" X256 "\"}",
        "{\"v\":1,\"began\":7,\"new\":\"" X256 "\"}",
    };
    char want[LIMIT_PATH + 100];
    const char *path = in_home("note.json");
    snprintf(want, sizeof want, "%s, the note of a key's rotation, is damaged", path);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct rotation_note n;
        struct err e;
        put_file(path, texts[i], 0600);
        assert_false(rotation_note_load(path, &n, &e));
        same_error(texts[i], &e, ERR_INVALID, want,
                   "it may hold the secret of a new key: look at it, then move it away");
        same_text("untouched", file_text(path), texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_situations),    IN_WORLD(test_never_the_profiles_own),
        IN_WORLD(test_advice),        IN_WORLD(test_advice_that_is_cut),
        IN_WORLD(test_awaited_hosts), IN_WORLD(test_too_many_awaited),
        IN_WORLD(test_note),          IN_WORLD(test_damaged_note),
        IN_WORLD(test_a_short_note),  IN_WORLD(test_a_note_that_cannot_be_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
