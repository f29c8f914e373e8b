/* For tests/contract/test_aws_config.py: what each case, given as a line of JSON {environment,
 * profile}, is resolved to, as a line of JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_credentials.h"
#include "aws_endpoint.h"
#include "base/json.h"

#define LIMIT_LINE (64u << 10)

static const char *const settings[] = {
    "role_arn",          "source_profile", "credential_process", "external_id",
    "role_session_name", "output",         "duration_seconds",   "services"};

static bool set_variable(void *ctx, const char *name, const jv *value)
{
    (void)ctx;
    return (jv_is_null(value) ? unsetenv(name) : setenv(name, jv_string(value), 1)) == 0;
}

static void show_settings(const struct aws_config *c, const char *profile, jv *out)
{
    jv *shown = jv_object();
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        jv_put_text(shown, settings[i], aws_config_get(c, profile, settings[i]));
    jv_put(out, "settings", shown);
    jv_put_text(out, "region", aws_config_region(c, profile));
    jv_put_text(out, "endpoint_ssm", aws_config_endpoint_url(c, profile, "ssm"));
    jv_put_text(out, "endpoint_sts", aws_config_endpoint_url(c, profile, "sts"));
    jv_put_text(out, "ca_bundle", aws_config_ca_bundle(c, profile));
    jv_put_int(out, "max_attempts", aws_config_max_attempts(c, profile));
    jv_put_bool(out, "fips",
                aws_config_flag(c, profile, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"));
    jv_put_bool(
        out, "dual_stack",
        aws_config_flag(c, profile, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"));
}

static void show_keys(const struct aws_search *s, jv *out)
{
    struct aws_keys k;
    struct err e;
    bool ok = aws_keys_find(s, &k, &e);
    jv_put_text(out, "id", ok ? k.id : NULL);
    jv_put_text(out, "secret", ok ? secret_reveal(k.secret, NULL) : NULL);
    jv_put_text(out, "token", ok && k.token ? secret_reveal(k.token, NULL) : NULL);
    aws_keys_free(&k);
}

/* AWS's own endpoint of a region. */
static void show_endpoint(const struct aws_config *c, const char *profile, const jv *v, jv *out)
{
    struct aws_endpoint to;
    struct err e;
    const char *region = jv_text(v, "region"), *service = jv_text(v, "service");
    if (region && aws_endpoint_find(c, profile, service, region, NULL, &to, &e)) {
        jv_put_text(out, "url", to.url);
        jv_put_text(out, "signed_for", to.region);
    }
}

static void resolve(const jv *v, jv *out)
{
    struct aws_config *c = NULL;
    struct err e;
    const char *chosen = jv_text(v, "profile");
    jv_each(jv_get(v, "environment"), set_variable, NULL);
    if (aws_config_load(&c, &e)) {
        const struct aws_search s = {
            .config = c, .profile = aws_config_profile(chosen), .chosen = chosen, .region = ""};
        show_settings(c, s.profile, out);
        show_endpoint(c, s.profile, v, out);
        if (!jv_text(v, "region"))
            show_keys(&s, out);
    } else {
        jv_put_text(out, "error", e.text);
    }
    aws_config_free(c);
}

int main(void)
{
    static char line[LIMIT_LINE];
    jv_init();
    bool ok = secret_init();
    while (ok && fgets(line, sizeof line, stdin)) {
        struct err e;
        struct buf text;
        jv *v = jv_parse(line, strlen(line), &e), *out = jv_object();
        resolve(v, out);
        buf_init(&text, 4 * LIMIT_LINE);
        ok = jv_write(out, &text) && puts(buf_str(&text)) >= 0;
        buf_free(&text);
        jv_free(out);
        jv_free(v);
    }
    return ok ? 0 : 1;
}
