/* Sections of credrelay.conf as a fleet has them in common: what is taken, what a relay says of
 * itself, what a file says, and whether two mean the same. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/home.h"
#include "provision/section.h"

static void describe(const struct section *s, struct buf *out)
{
    buf_printf(out, "[%s]", s->name);
    for (enum section_key k = 0; k < SECTION_KEYS; k++)
        if (s->value[k][0])
            buf_printf(out, " %s=%s", section_key_name(k), s->value[k]);
}

static void must_be(const char *what, const struct section *s, const char *said)
{
    struct buf out;
    buf_init(&out, 16384);
    describe(s, &out);
    same_text(what, buf_str(&out), said);
    buf_free(&out);
}

static char long_url[1100];

static void test_values(void **state)
{
    (void)state;
    static const struct {
        enum section_key key;
        const char *value;
        enum err_code code; /* ERR_NONE: it is taken */
        const char *text, *hint;
    } cases[] = {
        {SECTION_ROLE, "reader", ERR_NONE, NULL, NULL},
        {SECTION_ROLE, "", ERR_NONE, NULL, NULL},
        {SECTION_STORE, "ssm://us-west-2/a?endpoint=http://127.0.0.1:1", ERR_NONE, NULL, NULL},
        {SECTION_READER_PROFILE, "my profile", ERR_NONE, NULL, NULL},
        {SECTION_SHARE_REFRESH_TOKEN, "on", ERR_NONE, NULL, NULL},
        {SECTION_ROLE, "king", ERR_INVALID, "here: role = king is not valid",
         "role takes reader|writer"},
        {SECTION_TOOL, "lamp", ERR_INVALID, "here: tool = lamp is not valid",
         "tool takes claude|codex|NAME"},
        {SECTION_STORE, "local:\nrole = writer", ERR_INVALID,
         "here: the store has characters that a setting cannot have",
         "give it on one line, without blanks around it"},
        {SECTION_READER_PROFILE, " x", ERR_INVALID,
         "here: the reader-profile has characters that a setting cannot have",
         "give it on one line, without blanks around it"},
        {SECTION_KMS_KEY_ID, "x\t", ERR_INVALID,
         "here: the kms-key-id has characters that a setting cannot have",
         "give it on one line, without blanks around it"},
        {SECTION_KMS_KEY_ID, "x ", ERR_INVALID,
         "here: the kms-key-id has characters that a setting cannot have",
         "give it on one line, without blanks around it"},
        {SECTION_TIER, "x\x7f", ERR_INVALID,
         "here: the tier has characters that a setting cannot have",
         "give it on one line, without blanks around it"},
        {SECTION_STORE, long_url, ERR_TOO_LARGE, "here: the store is longer than 1023 characters",
         ""},
    };
    memset(long_url, 'x', sizeof long_url - 1);
    for (size_t n = 0; n < COUNT(cases); n++) {
        struct section s = {.name = "claude"}, before = s;
        struct err e = {.code = ERR_NONE};
        bool ok = section_set(&s, cases[n].key, cases[n].value, "here", &e);
        same_int(cases[n].value, ok, cases[n].code == ERR_NONE);
        if (ok)
            continue;
        same_error(cases[n].value, &e, cases[n].code, cases[n].text, cases[n].hint);
        same_int("untouched", memcmp(&s, &before, sizeof s), 0);
    }
}

static void test_of_a_relay(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        enum role role;
        const char *said;
    } cases[] = {
        {"", ROLE_READER, "[claude] tool=claude role=reader store=local:"},
        {"[work]\nrole = writer\ntool = codex\nstore = ssm://r/n\nreader-profile = r\n"
         "writer-profile = w\nkms-key-id = k\ntier = advanced\nretry = never\nwriters = a, b\n"
         "fleet-size = 12\n",
         ROLE_WRITER,
         "[work] tool=codex role=writer store=ssm://r/n reader-profile=r writer-profile=w "
         "kms-key-id=k tier=advanced writers=a, b fleet-size=12"},
        {"[work]\nrole = writer\nstore = ssm://r/n\nreader-profile = r\nwriter-profile = w\n"
         "kms-key-id = k\nshare-refresh-token = true\nwriters = a\nfleet-size = 4\n",
         ROLE_READER,
         "[work] tool=claude role=reader store=ssm://r/n reader-profile=r share-refresh-token=yes"},
    };
    char folder[LIMIT_PATH], path[LIMIT_PATH];
    struct err e;
    assert_true(home_config(folder, &e) && dir_make(folder, &e) && relay_config_path(path, &e));
    for (size_t n = 0; n < COUNT(cases); n++) {
        struct relay r;
        struct section s;
        put_file(path, cases[n].config, 0600);
        assert_true(relay_load(NULL, &r, &e));
        section_of_relay(&r, cases[n].role, &s);
        must_be(cases[n].config, &s, cases[n].said);
        relay_free(&r);
    }
}

static void test_of_a_file(void **state)
{
    (void)state;
    static const char text[] = "[work]\nrole = reader\nretry = never\n[claude]\n"
                               "share-refresh-token = 1\nstore = local:/x\n[bare]\n";
    static const struct {
        const char *name;
        bool found;
        const char *said;
    } cases[] = {
        {"work", true, "[work] role=reader"},
        {"claude", true, "[claude] store=local:/x share-refresh-token=yes"},
        {"bare", true, "[bare]"},
        {"none", false, "[none]"},
    };
    for (size_t n = 0; n < COUNT(cases); n++) {
        struct section s;
        struct err e;
        bool found;
        assert_true(section_read(text, strlen(text), "c", cases[n].name, &s, &found, &e));
        same_int(cases[n].name, found, cases[n].found);
        must_be(cases[n].name, &s, cases[n].said);
    }
    struct section s;
    struct err e;
    bool found;
    assert_false(section_read("x = 1\n", 6, "credrelay.conf", "claude", &s, &found, &e));
    same_error("no INI", &e, ERR_INVALID, "credrelay.conf:1: a setting before the first [section]",
               "");
}

static void test_differences(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        enum section_key key;
    } cases[] = {
        {"", "", SECTION_KEYS},
        {"role = writer\ntool = claude\nstore = local:\n", "", SECTION_KEYS},
        {"share-refresh-token = off\n", "", SECTION_KEYS},
        {"share-refresh-token = 1\n", "share-refresh-token = on\n", SECTION_KEYS},
        {"share-refresh-token = maybe\n", "share-refresh-token = maybe\n", SECTION_KEYS},
        {"share-refresh-token = maybe\n", "", SECTION_SHARE_REFRESH_TOKEN},
        {"timeout = 1s\n", "retry = never\n", SECTION_KEYS},
        {"role = reader\n", "", SECTION_ROLE},
        {"store = local:/x\n", "store = local:/y\n", SECTION_STORE},
        {"kms-key-id = k\n", "", SECTION_KMS_KEY_ID},
        {"share-refresh-token = 1\n", "", SECTION_SHARE_REFRESH_TOKEN},
        {"fleet-size = 4\n", "", SECTION_KEYS},
        {"fleet-size = 5\n", "", SECTION_FLEET_SIZE},
        {"writers = a\n", "", SECTION_WRITERS},
        {"role = reader\nwriters = a\nwriter-profile = w\n", "role = reader\n", SECTION_KEYS},
        {"role = reader\nreader-profile = r\n", "role = reader\n", SECTION_READER_PROFILE},
    };
    for (size_t n = 0; n < COUNT(cases); n++) {
        struct section s[2];
        struct err e;
        for (int i = 0; i < 2; i++) {
            char text[128];
            bool found;
            snprintf(text, sizeof text, "[claude]\n%s", i ? cases[n].b : cases[n].a);
            assert_true(section_read(text, strlen(text), "c", "claude", &s[i], &found, &e));
        }
        same_int(cases[n].a, section_difference(&s[0], &s[1]), cases[n].key);
        same_int(cases[n].b, section_difference(&s[1], &s[0]), cases[n].key);
    }
}

/* A section that was set by hand, not by section_set. */
static void test_no_relay(void **state)
{
    (void)state;
    char damaged[LIMIT_PATH];
    struct err e;
    snprintf(damaged, sizeof damaged, "%s:1: a setting before the first [section]",
             in_home(".config/credrelay/tools/dim.ini"));
    const struct {
        enum section_key key;
        const char *value;
        const char *text;
    } cases[] = {
        {SECTION_ROLE, "king", "claude: role = king is not valid"},
        {SECTION_TOOL, "lamp", "claude: tool = lamp is not valid"},
        {SECTION_TOOL, "dim", damaged},
    };
    assert_true(dir_make(in_home(".config/credrelay/tools"), &e));
    put_file(in_home(".config/credrelay/tools/dim.ini"), "words\n", 0600);
    for (size_t n = 0; n < COUNT(cases); n++) {
        struct section s = {.name = "claude"};
        struct relay r;
        snprintf(s.value[cases[n].key], sizeof s.value[0], "%s", cases[n].value);
        assert_false(section_relay(&s, &r, &e));
        same_text("why", e.text, cases[n].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_values),      IN_WORLD(test_of_a_relay), IN_WORLD(test_of_a_file),
        IN_WORLD(test_differences), IN_WORLD(test_no_relay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
