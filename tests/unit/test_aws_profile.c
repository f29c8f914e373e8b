/* Keys in ~/.aws/credentials: written, read, taken out; other people's profiles stay. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "provision/aws_profile.h"

#define X32       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X128      X32 X32 X32 X32
#define FILE_NAME ".aws/credentials"
#define KEYS      "[x]\naws_access_key_id = AKIATEST1\naws_secret_access_key = secret1\n"

static bool write_profile(const char *profile, const char *id, const char *secret,
                          const char *region, const char *replaces, struct err *e)
{
    struct secret *s = secret_copy(secret, strlen(secret));
    const struct aws_profile_keys keys = {profile, id, s, region};
    bool ok = aws_profile_write(&keys, replaces, e);
    secret_free(s);
    return ok;
}

static void put_credentials(const char *text)
{
    mkdir(in_home(".aws"), 0700);
    put_file(in_home(FILE_NAME), text, 0644);
}

static const struct {
    const char *name, *before, *replaces, *region, *after; /* AFTER NULL: refused */
} writes[] = {
    {"an empty file", "", NULL, NULL, KEYS},
    {"a region", "", NULL, "us-west-2", KEYS "region = us-west-2\n"},
    {"others", "# mine\n[default]\nrole_arn=x\r\n", NULL, NULL,
     "# mine\n[default]\nrole_arn=x\r\n\n" KEYS},
    {"there already", "[x]\nAWS_SECRET_ACCESS_KEY : secret1\nAWS_ACCESS_KEY_ID:AKIATEST1", NULL,
     NULL, "[x]\nAWS_SECRET_ACCESS_KEY : secret1\nAWS_ACCESS_KEY_ID:AKIATEST1"},
    {"the same key's secret was wrong",
     "[x]\naws_access_key_id=AKIATEST1\naws_secret_access_key=wrong\n", NULL, NULL,
     "[x]\naws_access_key_id=AKIATEST1\naws_secret_access_key=secret1\n"},
    {"a key that is to be replaced",
     "[x]\noutput = json\naws_access_key_id=AKIAOLD\naws_secret_access_key=old\n[y]\n", "AKIAOLD",
     NULL, "[x]\noutput = json\naws_access_key_id=AKIATEST1\naws_secret_access_key=secret1\n[y]\n"},
    {"settings that are no keys", "[x]\noutput = json\n", NULL, NULL,
     "[x]\noutput = json\naws_access_key_id = AKIATEST1\naws_secret_access_key = secret1\n"},
    {"there already, with its region", KEYS "region = us-west-2\n", NULL, "us-west-2",
     KEYS "region = us-west-2\n"},
    {"there already, in another region", KEYS "region = a\n", NULL, "us-west-2",
     KEYS "region = us-west-2\n"},
    {"there already, and a role that goes before them", KEYS "role_arn = y\n", aws_profile_any,
     NULL, KEYS},
    {"another key", "[x]\naws_access_key_id = AKIAOLD\n", NULL, NULL, NULL},
    {"another one than said", "[x]\naws_access_key_id = AKIAOLD\n", "AKIAOLDER", NULL, NULL},
    {"a role", "[x]\nrole_arn = y\n", "AKIAOLD", NULL, NULL},
    {"temporary keys", "[x]\naws_access_key_id = AKIATEST1\naws_session_token = t\n", NULL, NULL,
     NULL},
    {"whatever is there",
     "[x]\nrole_arn = y\nsource_profile = z\noutput = json\naws_session_token = t\nregion = a\n",
     aws_profile_any, "b",
     "[x]\noutput = json\nregion = b\naws_access_key_id = AKIATEST1\naws_secret_access_key = "
     "secret1\n"},
};

static void test_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(writes); i++) {
        struct err e = {.code = ERR_NONE};
        put_credentials(writes[i].before);
        bool ok =
            write_profile("x", "AKIATEST1", "secret1", writes[i].region, writes[i].replaces, &e);
        same_int(writes[i].name, ok, writes[i].after != NULL);
        same_text(writes[i].name, file_text(in_home(FILE_NAME)),
                  writes[i].after ? writes[i].after : writes[i].before);
        /* a refusal, or nothing to do, leaves even the mode alone */
        bool untouched = !ok || strcmp(writes[i].before, writes[i].after) == 0;
        same_int(writes[i].name, file_mode(in_home(FILE_NAME)), untouched ? 0644 : 0600);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const char hint[] = "name another profile, or take this one out of the file";
    char want[LIMIT_PATH + 100];
    struct err e;
    put_credentials("[x]\naws_access_key_id = AKIAOLD\n[y]\nsso_session = s\n");
    assert_false(write_profile("x", "AKIATEST1", "secret1", NULL, NULL, &e));
    snprintf(want, sizeof want, "profile x in %s has another key (AKIAOLD)", in_home(FILE_NAME));
    same_error("another key", &e, ERR_CONFLICT, want, hint);
    assert_false(write_profile("y", "AKIATEST1", "secret1", NULL, NULL, &e));
    snprintf(want, sizeof want, "profile y in %s has keys from elsewhere (sso_session)",
             in_home(FILE_NAME));
    same_error("a source", &e, ERR_CONFLICT, want, hint);
    assert_false(write_profile("DEFAULT", "AKIATEST1", "secret1", NULL, NULL, &e));
    same_error("no profile", &e, ERR_INVALID, "'DEFAULT' cannot be the name of a profile", "");
    assert_false(write_profile("a]", "AKIATEST1", "secret1", NULL, NULL, &e));
    same_error("no section", &e, ERR_INVALID, "'a]' cannot be the name of a section", "");
    static const char *const names[] = {"", X128};
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_false(write_profile(names[i], "AKIATEST1", "secret1", NULL, NULL, &e));
        snprintf(want, sizeof want, "'%.64s' cannot be the name of a profile", names[i]);
        same_error("no name", &e, ERR_INVALID, want, "");
    }
    put_credentials("words\n");
    assert_false(write_profile("x", "AKIATEST1", "secret1", NULL, NULL, &e));
    snprintf(want, sizeof want, "%s:1: a setting before the first [section]", in_home(FILE_NAME));
    same_error("no INI file", &e, ERR_INVALID, want, "");
    same_text("untouched", file_text(in_home(FILE_NAME)), "words\n");
}

static void test_made(void **state)
{
    (void)state;
    struct err e;
    assert_true(write_profile("x", "AKIATEST1", "secret1", NULL, NULL, &e));
    same_text("the file", file_text(in_home(FILE_NAME)), KEYS);
    same_int("its mode", file_mode(in_home(FILE_NAME)), 0600);
    same_int("the folder's", file_mode(in_home(".aws")), 0700);
    same_int("no temporary file", files_in(in_home(".aws")), 1);
}

static void test_links(void **state)
{
    (void)state;
    struct err e;
    struct stat st;
    assert_int_equal(mkdir(in_home("dotfiles"), 0755), 0);
    assert_int_equal(mkdir(in_home(".aws"), 0755), 0);
    put_file(in_home("dotfiles/aws"), "[y]\nk=1\n", 0644);
    assert_int_equal(symlink("../dotfiles/aws", in_home(FILE_NAME)), 0);
    assert_true(write_profile("x", "AKIATEST1", "secret1", NULL, NULL, &e));
    same_text("what it points to", file_text(in_home("dotfiles/aws")), "[y]\nk=1\n\n" KEYS);
    same_int("its mode", file_mode(in_home("dotfiles/aws")), 0600);
    assert_int_equal(lstat(in_home(FILE_NAME), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    same_int("a folder that was there", file_mode(in_home(".aws")), 0755);
    /* One that points to nothing: into a folder that is not there yet. */
    assert_int_equal(unlink(in_home(FILE_NAME)), 0);
    assert_int_equal(symlink("new/file", in_home(FILE_NAME)), 0);
    assert_true(write_profile("x", "AKIATEST1", "secret1", NULL, NULL, &e));
    same_text("made", file_text(in_home(".aws/new/file")), KEYS);
}

static void test_elsewhere(void **state)
{
    (void)state;
    struct err e;
    static const char *const values[] = {"/absolute", "~/tilde", "relative"};
    char path[LIMIT_PATH];
    for (size_t i = 0; i < COUNT(values); i++) {
        const char *name = values[i] + strspn(values[i], "~/");
        snprintf(path, sizeof path, "%s", values[i][0] == '/' ? in_home(name) : values[i]);
        assert_int_equal(setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1), 0);
        assert_true(write_profile("x", "AKIATEST1", "secret1", NULL, NULL, &e));
        same_text(values[i], file_text(in_home(name)), KEYS);
    }
    same_text("not there", file_text(in_home(FILE_NAME)), "(absent)");
    assert_int_equal(setenv("AWS_SHARED_CREDENTIALS_FILE", "", 1), 0);
    assert_true(write_profile("x", "AKIATEST1", "secret1", NULL, NULL, &e));
    same_text("an empty variable is none", file_text(in_home(FILE_NAME)), KEYS);
}

/* Nothing is written where it would be another file, or where nobody could be kept from it. */
static void test_places_that_are_none(void **state)
{
    (void)state;
    static char path[LIMIT_PATH + 1];
    struct aws_profile p;
    struct err e;
    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    assert_int_equal(setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1), 0);
    assert_false(aws_profile_read("x", &p, &e));
    same_error("too long", &e, ERR_INVALID, "AWS_SHARED_CREDENTIALS_FILE is too long for a path",
               "");
    put_file(in_home("file"), "", 0600);
    assert_int_equal(setenv("AWS_SHARED_CREDENTIALS_FILE", in_home("file/x"), 1), 0);
    assert_false(write_profile("x", "AKIATEST1", "secret1", NULL, NULL, &e));
    same_int("below a file", e.code, ERR_IO);
    unsetenv("AWS_SHARED_CREDENTIALS_FILE");
    assert_int_equal(setenv("XDG_STATE_HOME", in_home("file"), 1), 0);
    assert_false(write_profile("x", "AKIATEST1", "secret1", NULL, NULL, &e));
    same_int("a lock below a file", e.code, ERR_IO);
    assert_int_equal(setenv("XDG_STATE_HOME", path, 1), 0);
    assert_false(write_profile("x", "AKIATEST1", "secret1", NULL, NULL, &e));
    same_int("a lock too far away", e.code, ERR_IO);
    same_text("untouched", file_text(in_home(FILE_NAME)), "(absent)");
}

static void test_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *key_id, *secret, *region, *source;
    } cases[] = {
        {KEYS, "AKIATEST1", "secret1", "", ""},
        {KEYS "region = r\noutput = json\n", "AKIATEST1", "secret1", "r", ""},
        {"[x]\nrole_arn = y\n", "", NULL, "", "role_arn"},
    };
    struct aws_profile p;
    struct err e;
    for (size_t i = 0; i < COUNT(cases); i++) {
        put_credentials(cases[i].text);
        assert_true(aws_profile_read("x", &p, &e));
        same_text(cases[i].text, p.key_id, cases[i].key_id);
        same_text(cases[i].text, p.secret ? secret_reveal(p.secret, NULL) : NULL, cases[i].secret);
        same_text(cases[i].text, p.region, cases[i].region);
        same_text(cases[i].text, p.source, cases[i].source);
        aws_profile_free(&p);
    }
    assert_false(aws_profile_read("y", &p, &e));
    char want[LIMIT_PATH + 100];
    snprintf(want, sizeof want, "there is no profile y in %s", in_home(FILE_NAME));
    same_error("none", &e, ERR_NOT_FOUND, want, "enter its keys: aws configure --profile y");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_written),
        IN_WORLD(test_refusals),
        IN_WORLD(test_made),
        IN_WORLD(test_links),
        IN_WORLD(test_elsewhere),
        IN_WORLD(test_read),
        IN_WORLD(test_places_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
