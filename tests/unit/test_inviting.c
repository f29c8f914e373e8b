/* What goes into an invitation, and into the letter by which a key goes to another machine: whose keys,
 * which region, and who must not get them. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/home.h"
#include "base/limits.h"
#include "provision/inviting.h"
#include "provision/key_letter.h"

#define X32  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X64  X32 X32
#define X128 X64 X64

#define KEY(profile, id)                                                                           \
    "[" profile "]\naws_access_key_id = " id "\naws_secret_access_key = s-" id "\n"
#define READER KEY("r", "AKIAR")
#define WRITER KEY("w", "AKIAW")

static void put_config(const char *text)
{
    char folder[LIMIT_PATH], path[LIMIT_PATH];
    struct err e;
    assert_true(home_config(folder, &e) && dir_make(folder, &e) && relay_config_path(path, &e));
    put_file(path, text, 0600);
}

static void put_keys(const char *text)
{
    struct err e;
    assert_true(dir_make(in_home(".aws"), &e));
    put_file(in_home(".aws/credentials"), text, 0600);
}

/* "STORE: PROFILE=ID ..." */
static void describe(const struct invitation *i, struct buf *out)
{
    buf_printf(out, "%s:", i->section.value[SECTION_STORE]);
    for (size_t k = 0; k < i->key_count; k++)
        buf_printf(out, " %s=%s/%s", i->keys[k].profile, i->keys[k].id,
                   secret_reveal(i->keys[k].secret, NULL));
}

#define FLEET  "[claude]\nrole = writer\nstore = ssm://us-west-2/n\n"
#define R      "reader-profile = r\n"
#define W      "writer-profile = w\n"
#define NO_KEY "enter it: aws configure --profile "

static const struct {
    const char *name, *config, *keys;
    enum role role;
    const char *given; /* as above, or NULL: */
    const char *error, *hint;
} cases[] = {
    {"a reader", FLEET R W, READER WRITER, ROLE_READER, "ssm://us-west-2/n: r=AKIAR/s-AKIAR", NULL,
     NULL},
    {"a writer gets both", FLEET R W, READER WRITER, ROLE_WRITER,
     "ssm://us-west-2/n: r=AKIAR/s-AKIAR w=AKIAW/s-AKIAW", NULL, NULL},
    {"one profile for both roles", FLEET R "writer-profile = r\n", READER, ROLE_WRITER,
     "ssm://us-west-2/n: r=AKIAR/s-AKIAR", NULL, NULL},
    {"writers alone", FLEET W, WRITER, ROLE_WRITER, "ssm://us-west-2/n: w=AKIAW/s-AKIAW", NULL,
     NULL},
    {"a reader whose writers' keys are not here", FLEET R W, READER, ROLE_READER,
     "ssm://us-west-2/n: r=AKIAR/s-AKIAR", NULL, NULL},
    {"the profile of the URL", "[claude]\nrole = writer\nstore = ssm://us-west-2/n?profile=w\n",
     WRITER, ROLE_WRITER, "ssm://us-west-2/n?profile=w: w=AKIAW/s-AKIAW", NULL, NULL},

    {"the region of the profile", "[claude]\nrole = writer\nstore = ssm:///n\n" R,
     READER "region = eu-west-1\n", ROLE_READER, "ssm://eu-west-1/n: r=AKIAR/s-AKIAR", NULL, NULL},
    {"a region that is nowhere said", "[claude]\nrole = writer\nstore = ssm:///n\n" R, READER,
     ROLE_READER, "ssm:///n: r=AKIAR/s-AKIAR", NULL, NULL},

    {"the other role's profile in the URL",
     "[claude]\nrole = writer\nstore = ssm://us-west-2/n?profile=w\n", WRITER, ROLE_READER, NULL,
     "denied: the store's URL has profile=w for every role, which is the writer's key",
     "take it out of the URL and name reader-profile and writer-profile"},
    {"no profile is named", FLEET, "", ROLE_READER, NULL,
     "not_found: which key is the reader's is not told: [claude] has no reader-profile",
     "put the key into a profile of ~/.aws/credentials and name it in credrelay.conf"},
    {"the writers' key in the readers' profile", FLEET R W, READER KEY("w", "AKIAR"), ROLE_READER,
     NULL, "denied: profile r has the writers' key: a reader must not get it",
     "give the readers a key of their own: credrelay aws setup"},
    {"a profile without a key", FLEET R, "[r]\nregion = x\n", ROLE_READER, NULL,
     "not_found: profile r has no key", NO_KEY "r"},
    {"a key without its secret", FLEET R, "[r]\naws_access_key_id = AKIAR\n", ROLE_READER, NULL,
     "not_found: profile r has no key", NO_KEY "r"},
    {"the writers' has none", FLEET R W, READER "[w]\nregion = x\n", ROLE_WRITER, NULL,
     "not_found: profile w has no key", NO_KEY "w"},
    {"a name that does not fit", FLEET "reader-profile = " X128 "\n", KEY(X128, "AKIAR"),
     ROLE_READER, NULL, "too_large: the name or the key of profile " X64 " is too long", ""},
    {"a key that does not fit", FLEET R, KEY("r", X128), ROLE_READER, NULL,
     "too_large: the name or the key of profile r is too long", ""},
};

static void test_invitations(void **state)
{
    (void)state;
    for (size_t n = 0; n < COUNT(cases); n++) {
        struct relay r;
        struct invitation i;
        struct buf given;
        char failed[1200];
        struct err e = {.code = ERR_NONE};
        buf_init(&given, 4096);
        put_config(cases[n].config);
        put_keys(cases[n].keys);
        assert_true(relay_load(NULL, &r, &e));
        bool ok = invitation_make(&r, cases[n].role, 1, 1000, &i, &e);
        if (ok)
            describe(&i, &given);
        else
            snprintf(failed, sizeof failed, "%s: %s", err_name(e.code), e.text);
        same_text(cases[n].name, ok ? buf_str(&given) : NULL, cases[n].given);
        same_text(cases[n].name, ok ? NULL : failed, cases[n].error);
        same_text(cases[n].name, ok ? NULL : e.hint, cases[n].hint);
        if (ok)
            invitation_free(&i);
        relay_free(&r);
        buf_free(&given);
    }
}

/* The environment's goes before the profile's, and an empty variable is none. */
static void test_regions_of_the_environment(void **state)
{
    (void)state;
    static const struct {
        const char *region, *usual, *given;
    } rows[] = {
        {"a", "b", "ssm://a/n: r=AKIAR/s-AKIAR"},
        {"", "b", "ssm://b/n: r=AKIAR/s-AKIAR"},
        {"", "", "ssm://c/n: r=AKIAR/s-AKIAR"},
    };
    put_config("[claude]\nrole = writer\nstore = ssm:///n\n" R);
    put_keys(READER "region = c\n");
    for (size_t n = 0; n < COUNT(rows); n++) {
        struct relay r;
        struct invitation i;
        struct buf given;
        struct err e;
        buf_init(&given, 4096);
        setenv("AWS_REGION", rows[n].region, 1);
        setenv("AWS_DEFAULT_REGION", rows[n].usual, 1);
        assert_true(relay_load(NULL, &r, &e));
        assert_true(invitation_make(&r, ROLE_READER, 1, 1000, &i, &e));
        describe(&i, &given);
        same_text("region", buf_str(&given), rows[n].given);
        invitation_free(&i);
        relay_free(&r);
        buf_free(&given);
    }
}

/* ---- letters ---- */

#define LETTER(role, id, secret)                                                                   \
    "{\"credrelay_key\":1,\"role\":\"" role "\",\"key_id\":\"" id "\",\"secret\":\"" secret "\"}"

static void test_letters(void **state)
{
    (void)state;
    static const char *const none[] = {
        "",
        "{",
        "[]",
        "{\"credrelay_key\":2,\"role\":\"reader\",\"key_id\":\"A\",\"secret\":\"s\"}",
        "{\"credrelay_key\":1,\"key_id\":\"A\",\"secret\":\"s\"}",
        "{\"credrelay_key\":1,\"role\":\"reader\",\"secret\":\"s\"}",
        "{\"credrelay_key\":1,\"role\":\"reader\",\"key_id\":\"A\"}",
        LETTER("reader", "", "s"),
        LETTER("reader", "A", ""),
        LETTER("king", "A", "s"),
        LETTER("reader", X128 X64, "s"),
    };
    struct aws_key key;
    enum role role;
    struct err e;
    for (size_t n = 0; n < COUNT(none); n++) {
        assert_false(key_letter_read(none[n], strlen(none[n]), &role, &key, &e));
        same_error(none[n], &e, ERR_INVALID, "what came on standard input is no key of credrelay's",
                   "from a machine that has it: credrelay aws rotate-key ROLE --ssh THIS-MACHINE");
    }
    static const char good[] = LETTER("writer", "A", "s");
    assert_true(key_letter_read(good, strlen(good), &role, &key, &e));
    same_int("role", role, ROLE_WRITER);
    same_text("id", key.id, "A");
    same_text("secret", secret_reveal(key.secret, NULL), "s");
    aws_key_free(&key);
}

static void test_letters_written(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *text; /* the letter, or why not */
        enum err_code code;
        const char *hint;
    } rows[] = {
        {READER, LETTER("reader", "AKIAR", "s-AKIAR") "\n", ERR_NONE, NULL},
        {"[r]\nregion = x\n", "profile r has no key to give", ERR_NOT_FOUND, NO_KEY "r"},
        {"[r]\naws_access_key_id = A\n", "profile r has no key to give", ERR_NOT_FOUND, NO_KEY "r"},
        {"words\n", NULL, ERR_INVALID, ""},
    };
    for (size_t n = 0; n < COUNT(rows); n++) {
        struct buf letter;
        struct err e = {.code = ERR_NONE};
        buf_init(&letter, LIMIT_KEY_LETTER);
        put_keys(rows[n].keys);
        bool ok = key_letter_write("r", ROLE_READER, &letter, &e);
        same_int(rows[n].keys, ok, rows[n].code == ERR_NONE);
        if (ok)
            same_text("letter", buf_str(&letter), rows[n].text);
        else if (rows[n].text)
            same_error("why", &e, rows[n].code, rows[n].text, rows[n].hint);
        else
            same_int("why", e.code, rows[n].code);
        buf_free(&letter);
    }
    /* whatever the room: all of it or nothing that is sent */
    put_keys(READER);
    for (size_t room = 0; room < sizeof LETTER("reader", "AKIAR", "s-AKIAR"); room++) {
        struct buf letter;
        struct err e;
        buf_init(&letter, room);
        assert_false(key_letter_write("r", ROLE_READER, &letter, &e));
        same_int("too large", e.code, ERR_TOO_LARGE);
        buf_free(&letter);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_invitations),
        IN_WORLD(test_regions_of_the_environment),
        IN_WORLD(test_letters),
        IN_WORLD(test_letters_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
