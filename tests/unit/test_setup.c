/* A machine set up: what is there put beside what is wanted, and nothing written where it would be
 * lost. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/home.h"
#include "base/limits.h"
#include "provision/setup.h"

#define CONFIG ".config/credrelay/credrelay.conf"
#define KEYS   ".aws/credentials"
#define KEY(profile, id, secret)                                                                   \
    "[" profile "]\naws_access_key_id = " id "\naws_secret_access_key = " secret "\n"

static struct section wanted;
static struct invitation_key keys[2];

static void want(void)
{
    struct err e;
    wanted = (struct section){.name = "claude"};
    assert_true(section_set(&wanted, SECTION_ROLE, "reader", "the test", &e) &&
                section_set(&wanted, SECTION_STORE, "local:/x", "the test", &e));
    for (size_t k = 0; k < 2; k++) {
        snprintf(keys[k].profile, sizeof keys[k].profile, "%s", k ? "w" : "r");
        snprintf(keys[k].id, sizeof keys[k].id, "%s", k ? "AKIAW" : "AKIAR");
        keys[k].secret = secret_copy("s", 1);
    }
    assert_true(dir_make(in_home(".config/credrelay"), &e) && dir_make(in_home(".aws"), &e));
}

static void done(void)
{
    for (size_t k = 0; k < 2; k++)
        secret_free(keys[k].secret);
}

static const char need_letter[] = {
    [SETUP_THERE] = '=', [SETUP_ABSENT] = '-', [SETUP_ANOTHER] = '!'};

static const struct {
    const char *name, *config, *keys;
    const char *needs;      /* config, r, w: = there, - absent, ! another */
    const char *in_the_way; /* NULL: nothing; '@' the configuration's path, '~' that of the keys */
} cases[] = {
    {"nothing there", "", "", "---", NULL},
    {"all there", "[claude]\nrole = reader\nstore = local:/x\n",
     KEY("r", "AKIAR", "s") KEY("w", "AKIAW", "s"), "===", NULL},
    {"other settings of it", "[claude]\nrole = reader\nstore = local:/y\n", "", "!--",
     "[claude] in @ says store = local:/y, not local:/x"},
    {"more than is wanted", "[claude]\nrole = reader\nstore = local:/x\nreader-profile = z\n", "",
     "!--", "[claude] in @ says reader-profile = z, not (none)"},
    {"another key", "", KEY("r", "AKIAZ", "s"), "-!-", "profile r in ~ has another key (AKIAZ)"},
    {"another secret", "", KEY("r", "AKIAR", "z"), "-!-", "profile r in ~ has another key (AKIAR)"},
    {"no secret", "", "[r]\naws_access_key_id = AKIAR\n", "-!-",
     "profile r in ~ has another key (AKIAR)"},
    {"keys from elsewhere", "", "[w]\nrole_arn = x\n", "--!",
     "profile w in ~ has another key (role_arn)"},
    {"of two the first", "", KEY("r", "AKIAY", "s") KEY("w", "AKIAZ", "s"), "-!!",
     "profile r in ~ has another key (AKIAY)"},
    {"a profile without a key", "", "[r]\nregion = x\n", "---", NULL},
};

static const char *with_paths(const char *text)
{
    static char out[2 * LIMIT_PATH];
    size_t n = 0;
    for (; *text; text++)
        if (*text == '@' || *text == '~')
            n += (size_t)snprintf(out + n, sizeof out - n, "%s",
                                  in_home(*text == '@' ? CONFIG : KEYS));
        else
            out[n++] = *text;
    out[n] = '\0';
    return out;
}

static void test_needs(void **state)
{
    (void)state;
    want();
    for (size_t n = 0; n < COUNT(cases); n++) {
        struct setup s;
        struct err e;
        put_file(in_home(CONFIG), cases[n].config, 0600);
        put_file(in_home(KEYS), cases[n].keys, 0600);
        assert_true(setup_look(&wanted, keys, 2, &s, &e));
        const char needs[] = {need_letter[s.config], need_letter[s.key[0]], need_letter[s.key[1]],
                              '\0'};
        same_text(cases[n].name, needs, cases[n].needs);
        bool in_the_way = setup_in_the_way(&s, &e);
        same_text(cases[n].name, in_the_way ? e.text : NULL,
                  cases[n].in_the_way ? with_paths(cases[n].in_the_way) : NULL);
        /* as after --replace */
        assert_true(setup_apply(&s, &e) && setup_look(&wanted, keys, 2, &s, &e));
        same_int(cases[n].name, s.config + s.key[0] + s.key[1], 3 * SETUP_THERE);
    }
    done();
}

static void test_files_that_are_none(void **state)
{
    (void)state;
    static const struct {
        const char *file, *text;
    } rows[] = {{CONFIG, "@:1: a setting before the first [section]"},
                {KEYS, "~:1: a setting before the first [section]"}};
    struct setup s;
    struct err e;
    want();
    for (size_t n = 0; n < COUNT(rows); n++) {
        put_file(in_home(CONFIG), "", 0600);
        put_file(in_home(KEYS), "", 0600);
        put_file(in_home(rows[n].file), "words\n", 0600);
        assert_false(setup_look(&wanted, keys, 2, &s, &e));
        same_error(rows[n].file, &e, ERR_INVALID, with_paths(rows[n].text), "");
    }
    /* what has become of it since it was looked at */
    put_file(in_home(KEYS), "", 0600);
    assert_true(setup_look(&wanted, keys, 0, &s, &e));
    put_file(in_home(CONFIG), "words\n", 0600);
    assert_false(setup_apply(&s, &e));
    same_error("changed", &e, ERR_INVALID, with_paths(rows[0].text), "");
    remove(in_home(CONFIG));
    assert_int_equal(mkdir(in_home(CONFIG), 0700), 0);
    assert_false(setup_apply(&s, &e));
    same_text("a folder", e.text, with_paths("@ is a folder, not a file"));
    assert_false(setup_look(&wanted, keys, 0, &s, &e));
    same_text("a folder", e.text, with_paths("@ is a folder, not a file"));
    done();
}

/* Nothing is written where two of us could not take turns. */
static void test_places_that_are_none(void **state)
{
    (void)state;
    static char path[LIMIT_PATH + 1];
    struct setup s, far;
    struct err e;
    want();
    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    assert_true(setup_look(&wanted, keys, 0, &s, &e));
    put_file(in_home("file"), "", 0600);
    setenv("XDG_STATE_HOME", in_home("file"), 1);
    assert_false(setup_apply(&s, &e));
    same_int("a lock below a file", e.code, ERR_IO);
    setenv("XDG_STATE_HOME", path, 1);
    assert_false(setup_apply(&s, &e));
    same_int("a lock too far away", e.code, ERR_IO);
    unsetenv("XDG_STATE_HOME");
    far = s;
    snprintf(far.config_path, sizeof far.config_path, "%s", in_home("file/credrelay.conf"));
    assert_false(setup_apply(&far, &e));
    same_int("below a file", e.code, ERR_IO);
    same_text("untouched", file_text(in_home(CONFIG)), "(absent)");
    setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1);
    assert_false(setup_look(&wanted, keys, 0, &s, &e));
    same_error("keys", &e, ERR_INVALID, "AWS_SHARED_CREDENTIALS_FILE is too long for a path", "");
    setenv("XDG_CONFIG_HOME", path, 1);
    assert_false(setup_look(&wanted, keys, 0, &s, &e));
    same_int("the configuration", e.code, ERR_IO);
    done();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_needs),
        IN_WORLD(test_files_that_are_none),
        IN_WORLD(test_places_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
