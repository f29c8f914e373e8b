/* What init proposes, and the AWS profiles it looks for. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "provision/profile_names.h"
#include "provision/proposal.h"

#define AWS "ssm://us-west-2/claude/oauth/credentials"

static const struct {
    const char *what;
    struct surroundings found;
    const char *role, *store; /* said already; "" nothing */
    const char *proposed;     /* role, store, reader-profile, writer-profile */
} cases[] = {
    {"an empty machine", {false, false, false, NULL}, "", "", "writer local: - -"},
    {"one login", {true, false, false, NULL}, "", "", "writer local: - -"},
    {"the fleet's writer",
     {true, true, true, NULL},
     "",
     "",
     "writer " AWS " claude-creds-reader claude-creds-writer"},
    {"its reader", {false, true, false, NULL}, "", "", "reader " AWS " claude-creds-reader -"},
    {"a writer that has not logged in",
     {false, true, true, NULL},
     "",
     "",
     "writer " AWS " claude-creds-reader claude-creds-writer"},
    {"the writers' key alone",
     {false, false, true, NULL},
     "",
     "",
     "writer " AWS " - claude-creds-writer"},
    {"a login and the readers' key",
     {true, true, false, NULL},
     "",
     "",
     "writer " AWS " claude-creds-reader -"},
    {"a region",
     {false, true, false, "eu-west-1"},
     "",
     "",
     "reader ssm://eu-west-1/claude/oauth/credentials claude-creds-reader -"},
    {"a reader is said",
     {true, true, true, NULL},
     "reader",
     "",
     "reader " AWS " claude-creds-reader -"},
    {"another store is said", {true, true, true, NULL}, "", "local:/x", "writer local:/x - -"},
    {"a store of AWS without profiles",
     {true, false, false, NULL},
     "",
     "ssm://r/n",
     "writer ssm://r/n - -"},
};

static void test_proposals(void **state)
{
    (void)state;
    static const enum section_key keys[] = {SECTION_ROLE, SECTION_STORE, SECTION_READER_PROFILE,
                                            SECTION_WRITER_PROFILE};
    for (size_t n = 0; n < COUNT(cases); n++) {
        struct section s = {.name = "claude", .value = {[SECTION_TOOL] = "claude"}};
        struct buf out;
        buf_init(&out, 8192);
        for (size_t k = 0; k < COUNT(keys); k++) {
            const char *said = k == 0 ? cases[n].role : k == 1 ? cases[n].store : "";
            char *value = s.value[keys[k]];
            if (*said)
                memcpy(value, said, strlen(said) + 1);
            else
                proposal(&cases[n].found, &s, keys[k], value);
            buf_printf(&out, "%s%s", k ? " " : "", *value ? value : "-");
        }
        same_text(cases[n].what, buf_str(&out), cases[n].proposed);
        buf_free(&out);
    }
}

static void test_another_tool(void **state)
{
    (void)state;
    struct section s = {.name = "x", .value = {[SECTION_TOOL] = "codex"}};
    const struct surroundings found = {false, true, false, NULL};
    char out[SECTION_VALUE_SIZE];
    proposal(&found, &s, SECTION_STORE, out);
    same_text("store", out, "ssm://us-west-2/codex/oauth/credentials");
    proposal_profile("codex", ROLE_READER, out);
    same_text("profile", out, "codex-creds-reader");
}

/* ---- profiles ---- */

static const struct {
    const char *credentials, *config; /* NULL: no such file */
    const char *names;
} files[] = {
    {NULL, NULL, ""},
    {"[a]\naws_access_key_id = x\n[b]\n", NULL, "a b "},
    {NULL, "[default]\n[profile c]\nregion = r\n[sso-session s]\n[services t]\n", "default c "},
    {"[default]\n[a]\n", "[profile a]\n[profile d e]\n[f]\n", "default a d e "},
};

static void test_profile_names(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_home(".aws"), 0700), 0);
    for (size_t n = 0; n < COUNT(files); n++) {
        struct profile_names names;
        struct buf out;
        struct err e;
        remove(in_home(".aws/credentials"));
        remove(in_home(".aws/config"));
        if (files[n].credentials)
            put_file(in_home(".aws/credentials"), files[n].credentials, 0600);
        if (files[n].config)
            put_file(in_home(".aws/config"), files[n].config, 0600);
        assert_true(profile_names(&names, &e));
        buf_init(&out, 4096);
        for (size_t i = 0; i < names.count; i++)
            buf_printf(&out, "%s ", names.name[i]);
        same_text("names", buf_str(&out), files[n].names);
        same_int("named", profile_named(&names, "a"), strstr(files[n].names, "a ") != NULL);
        buf_free(&out);
    }
}

static void test_profiles_elsewhere(void **state)
{
    (void)state;
    struct profile_names names;
    struct err e;
    put_file(in_home("c"), "[one]\n", 0600);
    put_file(in_home("d"), "[profile two]\n", 0600);
    setenv("AWS_SHARED_CREDENTIALS_FILE", in_home("c"), 1);
    setenv("AWS_CONFIG_FILE", "~/d", 1);
    assert_true(profile_names(&names, &e));
    same_int("count", (long long)names.count, 2);
    assert_true(profile_named(&names, "one") && profile_named(&names, "two"));
    setenv("AWS_CONFIG_FILE", in_home("d"), 1);
    assert_true(profile_names(&names, &e) && profile_named(&names, "two"));
    setenv("AWS_CONFIG_FILE", "", 1); /* as if it were not there */
    assert_true(profile_names(&names, &e));
    same_int("~/.aws/config", (long long)names.count, 1);
    setenv("AWS_CONFIG_FILE", "~/d", 1);
    put_file(in_home("d"), "no INI\n", 0600);
    assert_false(profile_names(&names, &e));
    same_int("damaged", e.code, ERR_INVALID);
}

/* A path that is cut would be that of another file. */
static void test_paths_too_long(void **state)
{
    (void)state;
    static const struct {
        const char *variable, *text;
    } variables[] = {
        {"AWS_CONFIG_FILE", "AWS_CONFIG_FILE is too long for a path"},
        {"AWS_SHARED_CREDENTIALS_FILE", "AWS_SHARED_CREDENTIALS_FILE is too long for a path"},
    };
    static char path[LIMIT_PATH + 1];
    memset(path, 'x', sizeof path - 1);
    for (size_t n = 0; n < COUNT(variables); n++) {
        struct profile_names names;
        struct err e;
        setenv(variables[n].variable, path, 1);
        assert_false(profile_names(&names, &e));
        same_error(variables[n].variable, &e, ERR_INVALID, variables[n].text, "");
    }
}

static void test_a_profile_whose_name_is_too_long(void **state)
{
    (void)state;
    struct profile_names names;
    char text[PROFILE_NAME_SIZE + 16] = "[";
    struct err e;
    memset(text + 1, 'x', PROFILE_NAME_SIZE);
    memcpy(text + 1 + PROFILE_NAME_SIZE, "]\n[y]\n", 7);
    assert_int_equal(mkdir(in_home(".aws"), 0700), 0);
    put_file(in_home(".aws/credentials"), text, 0600);
    assert_true(profile_names(&names, &e));
    same_int("count", (long long)names.count, 1);
    assert_true(profile_named(&names, "y"));
}

static void test_more_profiles_than_there_is_room_for(void **state)
{
    (void)state;
    struct profile_names names;
    struct buf text;
    struct err e;
    buf_init(&text, 65536);
    for (int n = 0; n < PROFILE_NAMES + 1; n++)
        buf_printf(&text, "[p%d]\n", n);
    assert_int_equal(mkdir(in_home(".aws"), 0700), 0);
    put_file(in_home(".aws/credentials"), buf_str(&text), 0600);
    assert_true(profile_names(&names, &e));
    same_int("count", (long long)names.count, PROFILE_NAMES);
    assert_true(names.more);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_proposals),
        IN_WORLD(test_another_tool),
        IN_WORLD(test_profile_names),
        IN_WORLD(test_profiles_elsewhere),
        IN_WORLD(test_paths_too_long),
        IN_WORLD(test_a_profile_whose_name_is_too_long),
        IN_WORLD(test_more_profiles_than_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
