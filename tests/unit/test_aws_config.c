/* What the two AWS files and the environment are read as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "aws_config.h"
#include "aws_credentials.h"
#include "aws_endpoint.h"
#include "base/clock.h"
#include "base/json.h"

static const char *const variables[] = {
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SSM",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_CA_BUNDLE",
    "AWS_MAX_ATTEMPTS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
};

/* Exactly "NAME=VALUE NAME=VALUE ..." of ours. */
static void set_environment(const char *settings)
{
    char text[1024];
    snprintf(text, sizeof text, "%s", settings);
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    char *rest = text;
    for (char *one; (one = strsep(&rest, " "));) {
        char *value = strchr(one, '=');
        if (!value)
            continue;
        *value = '\0';
        setenv(one, value + 1, 1);
    }
}

static struct aws_config *parsed(const char *credentials, const char *config)
{
    struct aws_config *c = NULL;
    struct err e;
    assert_true(aws_config_parse(credentials, config, &c, &e));
    return c;
}

static void same(const char *what, const char *got, const char *want)
{
    if ((got == NULL) != (want == NULL) || (got && strcmp(got, want) != 0))
        print_error("%s: %s instead of %s\n", what, got ? got : "(none)", want ? want : "(none)");
    assert_true((got == NULL) == (want == NULL));
    if (want)
        assert_string_equal(got, want);
}

/* ---- settings of profiles ---- */

#define LONG20  "xxxxxxxxxxxxxxxxxxxx"
#define LONG160 LONG20 LONG20 LONG20 LONG20 LONG20 LONG20 LONG20 LONG20
#define LONG320 LONG160 LONG160

static const struct {
    const char *what, *credentials, *config, *profile, *key, *value;
} lookups[] = {
    {"default, bare", NULL, "[default]\nregion = a\n", "default", "region", "a"},
    {"default, with the word", NULL, "[profile default]\nregion = a\n", "default", "region", "a"},
    {"a profile", NULL, "[profile x]\nregion = a\n", "x", "region", "a"},
    {"without the word it is no profile", NULL, "[x]\nregion = a\n", "x", "region", NULL},
    {"quoted", NULL, "[profile \"x y\"]\nregion = a\n", "x y", "region", "a"},
    {"single quotes", NULL, "[profile 'x y']\nregion = a\n", "x y", "region", "a"},
    {"single quotes in double ones", NULL, "[profile \"x'y\"]\nregion = a\n", "x'y", "region", "a"},
    {"quotes within a word", NULL, "[profile a'b c'd]\nregion = a\n", "ab cd", "region", "a"},
    {"an escaped space", NULL, "[profile x\\ y]\nregion = a\n", "x y", "region", "a"},
    {"an escaped quote in quotes", NULL, "[profile \"x\\\"y\"]\nregion = a\n", "x\"y", "region",
     "a"},
    {"another backslash in quotes", NULL, "[profile \"x\\y\"]\nregion = a\n", "x\\y", "region",
     "a"},
    {"a backslash in single quotes", NULL, "[profile 'x\\y']\nregion = a\n", "x\\y", "region", "a"},
    {"a quote that is not closed", NULL, "[profile 'x]\nregion = a\n", "x", "region", NULL},
    {"a backslash before nothing", NULL, "[profile x\\]\nregion = a\n", "x", "region", NULL},
    {"three words", NULL, "[profile x y]\nregion = a\n", "x", "region", NULL},
    {"a name that is too long", NULL, "[profile " LONG320 "]\nregion = a\n", LONG320, "region",
     NULL},
    {"also in credentials", "[" LONG320 "]\nregion = a\n", NULL, LONG320, "region", NULL},
    {"a tab after the word", NULL, "[profile\tx]\nregion = a\n", "x", "region", "a"},
    {"credentials: bare names", "[x]\nregion = a\n", NULL, "x", "region", "a"},
    {"credentials before config", "[x]\nregion = a\n", "[profile x]\nregion = b\n", "x", "region",
     "a"},
    {"each file adds", "[x]\nother = a\n", "[profile x]\nregion = b\n", "x", "region", "b"},
    {"the last one counts", NULL, "[profile x]\nregion = a\nregion = b\n", "x", "region", "b"},
    {"empty is none", NULL, "[profile x]\nregion =\n", "x", "region", NULL},
    {"keys in any case", NULL, "[profile x]\nRegion = a\n", "x", "region", "a"},
    {"no inline comment", NULL, "[profile x]\nregion = a # b\n", "x", "region", "a # b"},
    {"another section", NULL, "[sso-session x]\nregion = a\n", "x", "region", NULL},
    {"services are no profile", NULL, "[services x]\nregion = a\n", "x", "region", NULL},
};

static void test_lookups(void **state)
{
    (void)state;
    set_environment("");
    for (size_t i = 0; i < sizeof lookups / sizeof lookups[0]; i++) {
        struct aws_config *c = parsed(lookups[i].credentials, lookups[i].config);
        same(lookups[i].what, aws_config_get(c, lookups[i].profile, lookups[i].key),
             lookups[i].value);
        aws_config_free(c);
    }
}

static void test_a_long_token_is_whole(void **state)
{
    (void)state;
    char text[3000] = "[x]\naws_session_token = ";
    size_t n = strlen(text);
    memset(text + n, 't', 2500);
    struct aws_config *c = parsed(text, NULL);
    assert_int_equal(strlen(aws_config_get(c, "x", "aws_session_token")), 2500);
    aws_config_free(c);
}

static void test_a_file_that_is_none(void **state)
{
    (void)state;
    struct aws_config *c = NULL;
    struct err e;
    assert_false(aws_config_parse("[x]\nsk-secret\n", NULL, &c, &e));
    assert_int_equal(e.code, ERR_INVALID);
    assert_string_equal(e.text, "credentials:2: neither [section] nor `key = value`");
}

/* ---- profile, region, attempts ---- */

static const struct {
    const char *environment, *chosen, *profile;
} profiles[] = {
    {"", NULL, "default"},
    {"AWS_PROFILE=a AWS_DEFAULT_PROFILE=b", NULL, "a"},
    {"AWS_DEFAULT_PROFILE=b", NULL, "b"},
    {"AWS_PROFILE=", NULL, "default"},
    {"AWS_PROFILE=a", "c", "c"},
    {"AWS_PROFILE=a", "", "a"},
};

static const struct {
    const char *environment, *config, *region;
} regions[] = {
    {"", "", NULL},
    {"", "[default]\nregion = c\n", "c"},
    {"AWS_DEFAULT_REGION=b", "[default]\nregion = c\n", "b"},
    {"AWS_REGION=a AWS_DEFAULT_REGION=b", "[default]\nregion = c\n", "a"},
};

static const struct {
    const char *environment, *config;
    int attempts;
} attempts[] = {
    {"", "", 3},
    {"", "[default]\nmax_attempts = 5\n", 5},
    {"AWS_MAX_ATTEMPTS=7", "[default]\nmax_attempts = 5\n", 7},
    {"AWS_MAX_ATTEMPTS=0", "", 3},
    {"AWS_MAX_ATTEMPTS=many", "", 3},
    {"AWS_MAX_ATTEMPTS=101", "", 3},
};

static void test_profile_region_attempts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        set_environment(profiles[i].environment);
        same(profiles[i].environment, aws_config_profile(profiles[i].chosen), profiles[i].profile);
    }
    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++) {
        set_environment(regions[i].environment);
        struct aws_config *c = parsed(NULL, regions[i].config);
        same(regions[i].environment, aws_config_region(c, "default"), regions[i].region);
        aws_config_free(c);
    }
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        set_environment(attempts[i].environment);
        struct aws_config *c = parsed(NULL, attempts[i].config);
        assert_int_equal(aws_config_max_attempts(c, "default"), attempts[i].attempts);
        aws_config_free(c);
    }
}

/* ---- endpoints ---- */

#define SERVICES                                                                                   \
    "[profile p]\nservices = s\nendpoint_url = http://profile\n"                                   \
    "[services s]\nssm =\n  region = x\n  endpoint_url = http://service\nsts =\n  endpoint_url = " \
    "http://sts\n"

static const struct {
    const char *what, *environment, *config, *region, *chosen;
    const char *url, *host, *path; /* url NULL: refused */
} endpoints[] = {
    {"AWS's own", "", "", "us-west-2", NULL, "https://ssm.us-west-2.amazonaws.com/",
     "ssm.us-west-2.amazonaws.com", "/"},
    {"China", "", "", "cn-north-1", NULL, "https://ssm.cn-north-1.amazonaws.com.cn/",
     "ssm.cn-north-1.amazonaws.com.cn", "/"},
    {"FIPS", "AWS_USE_FIPS_ENDPOINT=true", "", "us-west-2", NULL,
     "https://ssm-fips.us-west-2.amazonaws.com/", "ssm-fips.us-west-2.amazonaws.com", "/"},
    {"dual stack", "AWS_USE_DUALSTACK_ENDPOINT=true", "", "us-west-2", NULL,
     "https://ssm.us-west-2.api.aws/", "ssm.us-west-2.api.aws", "/"},
    {"dual stack by the profile", "", "[profile p]\nuse_dualstack_endpoint = true\n", "us-west-2",
     NULL, "https://ssm.us-west-2.api.aws/", "ssm.us-west-2.api.aws", "/"},
    {"chosen before all", "AWS_ENDPOINT_URL_SSM=http://env", SERVICES, "us-west-2", "http://c:81",
     "http://c:81/", "c:81", "/"},
    {"the service's variable", "AWS_ENDPOINT_URL_SSM=http://env AWS_ENDPOINT_URL=http://all",
     SERVICES, "us-west-2", NULL, "http://env/", "env", "/"},
    {"the variable for all before the service's section", "AWS_ENDPOINT_URL=http://all", SERVICES,
     "us-west-2", NULL, "http://all/", "all", "/"},
    {"the service's section", "", SERVICES, "us-west-2", NULL, "http://service/", "service", "/"},
    {"a service of every section's", "",
     "[DEFAULT]\nssm =\n  endpoint_url = http://all\n[profile p]\nservices = s\n[services s]\nsts "
     "=\n"
     "  endpoint_url = http://sts\n",
     "us-west-2", NULL, "http://all/", "all", "/"},
    {"one's own goes before every section's", "",
     "[DEFAULT]\nssm =\n  endpoint_url = http://all\n" SERVICES, "us-west-2", NULL,
     "http://service/", "service", "/"},
    {"the profile's", "", "[profile p]\nendpoint_url = http://profile\n", "us-west-2", NULL,
     "http://profile/", "profile", "/"},
    {"all ignored", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true AWS_ENDPOINT_URL=http://all",
     SERVICES, "us-west-2", NULL, "https://ssm.us-west-2.amazonaws.com/",
     "ssm.us-west-2.amazonaws.com", "/"},
    {"a scheme's own port is not in the host", "", "", "us-west-2", "https://h:443/",
     "https://h:443/", "h", "/"},
    {"another's is", "", "", "us-west-2", "http://h:443/", "http://h:443/", "h:443", "/"},
    {"with a path", "", "", "us-west-2", "http://h/a/b", "http://h/a/b", "h", "/a/b"},
    {"IPv6", "", "", "us-west-2", "http://[::1]:4566", "http://[::1]:4566/", "[::1]:4566", "/"},
    {"no scheme", "", "", "us-west-2", "h:80", NULL, NULL, NULL},
    {"no host", "", "", "us-west-2", "http:///x", NULL, NULL, NULL},
    {"a password", "", "", "us-west-2", "http://u:p@h/", NULL, NULL, NULL},
    {"a query", "", "", "us-west-2", "http://h/?q", NULL, NULL, NULL},
    {"no region", "", "", "", NULL, NULL, NULL, NULL},
    {"a region that is another host", "", "", "x.example/", NULL, NULL, NULL, NULL},
};

static void test_endpoints(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        set_environment(endpoints[i].environment);
        struct aws_config *c = parsed(NULL, endpoints[i].config);
        struct aws_endpoint got = {0};
        struct err e = {0};
        bool ok =
            aws_endpoint_find(c, "p", "ssm", endpoints[i].region, endpoints[i].chosen, &got, &e);
        same(endpoints[i].what, ok ? got.url : NULL, endpoints[i].url);
        if (ok) {
            same(endpoints[i].what, got.host, endpoints[i].host);
            same(endpoints[i].what, got.path, endpoints[i].path);
        } else {
            assert_int_equal(e.code, ERR_INVALID);
        }
        aws_config_free(c);
    }
}

/* ---- keys ---- */

#define ENV_KEYS "AWS_ACCESS_KEY_ID=AKENV AWS_SECRET_ACCESS_KEY=senv"
#define KEYS(id) "aws_access_key_id = " id "\naws_secret_access_key = s" id "\n"

static const struct {
    const char *what, *environment, *credentials, *config, *chosen;
    const char *id, *secret, *token, *owner; /* id NULL: none, and owner is the message */
} keys[] = {
    {"the environment first", ENV_KEYS, "[default]\n" KEYS("AKF"), "", NULL, "AKENV", "senv", NULL,
     "the environment"},
    {"with its token", ENV_KEYS " AWS_SESSION_TOKEN=t", "", "", NULL, "AKENV", "senv", "t",
     "the environment"},
    {"AWS_PROFILE does not skip it", ENV_KEYS " AWS_PROFILE=x", "[x]\n" KEYS("AKF"), "", NULL,
     "AKENV", "senv", NULL, "the environment"},
    {"a chosen profile does", ENV_KEYS, "[x]\n" KEYS("AKF"), "", "x", "AKF", "sAKF", NULL,
     "profile x"},
    {"credentials before config", "", "[x]\n" KEYS("AKF"), "[profile x]\n" KEYS("AKC"), "x", "AKF",
     "sAKF", NULL, "profile x"},
    {"config alone", "", "", "[profile x]\n" KEYS("AKC") "aws_session_token = t\n", "x", "AKC",
     "sAKC", "t", "profile x"},
    {"AWS_PROFILE", "AWS_PROFILE=x", "[x]\n" KEYS("AKF"), "", NULL, "AKF", "sAKF", NULL,
     "profile x"},
    {"default", "", "[default]\n" KEYS("AKF"), "", NULL, "AKF", "sAKF", NULL, "profile default"},
    {"nothing", "", "", "", NULL, NULL, NULL, NULL,
     "no AWS keys: neither in the environment nor in credentials"},
    {"no such profile", "", "[default]\n" KEYS("AKF"), "", "x", NULL, NULL, NULL,
     "there is no profile x in credentials"},
    {"half in the environment", "AWS_ACCESS_KEY_ID=AKENV", "[default]\n" KEYS("AKF"), "", NULL,
     NULL, NULL, NULL, "the environment has an access key without a secret key"},
    {"halves in two files do not make one", "", "[x]\naws_access_key_id = AK\n",
     "[profile x]\naws_secret_access_key = s\n", "x", NULL, NULL, NULL,
     "profile x has an access key without a secret key"},
    {"a role before keys", "", "[x]\n" KEYS("AKF"), "[profile x]\nrole_arn = r\n", "x", NULL, NULL,
     NULL, "profile x assumes a role (role_arn) with neither source_profile nor credential_source"},
    {"keys before a program", "", "[x]\n" KEYS("AKF"), "[profile x]\ncredential_process = false\n",
     "x", "AKF", "sAKF", NULL, "profile x"},
    {"a program", "", "",
     "[profile x]\ncredential_process = echo "
     "'{\"Version\":1,\"AccessKeyId\":\"AKP\",\"SecretAccessKey\":\"sAKP\",\"SessionToken\":\"t\"}'"
     "\n",
     "x", "AKP", "sAKP", "t", "profile x"},
    {"a program that fails", "", "", "[profile x]\ncredential_process = exit 3\n", "x", NULL, NULL,
     NULL, "the credential_process of profile x failed (exit status 3)"},
    {"a program that is not there", "", "", "[profile x]\ncredential_process = /no/such\n", "x",
     NULL, NULL, NULL, "the credential_process of profile x failed (exit status 127)"},
    {"a program that says nothing", "", "", "[profile x]\ncredential_process = true\n", "x", NULL,
     NULL, NULL, "the credential_process of profile x did not print keys (JSON, Version 1)"},
    {"a program of another version", "", "",
     "[profile x]\ncredential_process = echo '{\"Version\":2}'\n", "x", NULL, NULL, NULL,
     "the credential_process of profile x did not print keys (JSON, Version 1)"},
    {"a program that does not stop", "", "", "[profile x]\ncredential_process = yes\n", "x", NULL,
     NULL, NULL, "the credential_process of profile x printed more than 65536 bytes"},
    {"white space inside", "", "[x]\naws_access_key_id = AK\naws_secret_access_key = a b\n", "",
     "x", NULL, NULL, NULL,
     "the keys of profile x have white space inside, or more than keys have"},
};

static bool find_keys(const struct aws_config *c, const char *chosen, int64_t deadline,
                      struct aws_keys *ret, struct err *e)
{
    const struct aws_search s = {.config = c,
                                 .profile = aws_config_profile(chosen),
                                 .chosen = chosen != NULL,
                                 .region = "us-west-2",
                                 .deadline = deadline};
    return aws_keys_find(&s, ret, e);
}

static void test_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        set_environment(keys[i].environment);
        struct aws_config *c = parsed(keys[i].credentials, keys[i].config);
        struct aws_keys k;
        struct err e = {0};
        bool ok = find_keys(c, keys[i].chosen, INT64_MAX, &k, &e);
        same(keys[i].what, ok ? k.id : NULL, keys[i].id);
        if (ok) {
            same(keys[i].what, secret_reveal(k.secret, NULL), keys[i].secret);
            same(keys[i].what, k.token ? secret_reveal(k.token, NULL) : NULL, keys[i].token);
            same(keys[i].what, k.owner, keys[i].owner);
        } else {
            assert_int_equal(e.code, ERR_BAD_CREDENTIALS);
            same(keys[i].what, e.text, keys[i].owner);
        }
        aws_keys_free(&k);
        aws_config_free(c);
    }
}

static void test_a_program_that_hangs(void **state)
{
    (void)state;
    static const char *const ways[] = {"sleep 60 & sleep 60", "exec >&-; sleep 60"};
    set_environment("");
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char config[200];
        snprintf(config, sizeof config, "[profile x]\ncredential_process = %s\n", ways[i]);
        struct aws_config *c = parsed(NULL, config);
        struct aws_keys k;
        struct err e;
        int64_t began = clock_steady_ms();
        assert_false(find_keys(c, "x", began + 200, &k, &e));
        assert_in_range(clock_steady_ms() - began, 150, 20000);
        assert_string_equal(e.text, "the credential_process of profile x did not end in time");
        aws_config_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lookups),
        cmocka_unit_test(test_a_long_token_is_whole),
        cmocka_unit_test(test_a_file_that_is_none),
        cmocka_unit_test(test_profile_region_attempts),
        cmocka_unit_test(test_endpoints),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_a_program_that_hangs),
    };
    jv_init();
    return secret_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
