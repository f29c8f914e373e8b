/* What the AWS tools of this machine are set to: ~/.aws/config and ~/.aws/credentials (or the files
 * named by AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE) and the AWS_* variables, with the
 * precedence of the SDKs (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html).
 *
 *   struct aws_config *c;
 *   if (!aws_config_load(&c, &e)) ...                  files that are missing are empty
 *   const char *region = aws_config_region(c, profile);
 *   aws_config_free(c);
 *
 * PROFILE arguments are names as from aws_config_profile; strings returned live as long as the
 * struct.  Values may be keys: everything is held in wiped memory. */
#ifndef CREDRELAY_HELPERS_AWS_CONFIG_H
#define CREDRELAY_HELPERS_AWS_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct aws_config;

enum aws_file { AWS_FILE_CREDENTIALS, AWS_FILE_CONFIG, AWS_FILE_COUNT };

bool aws_config_load(struct aws_config **ret, struct err *e) MUST_CHECK;
void aws_config_free(struct aws_config *c);

/* The same from texts (either may be NULL), for tests. */
bool aws_config_parse(const char *credentials, const char *config, struct aws_config **ret,
                      struct err *e) MUST_CHECK;

/* The name of a file as messages show it: "~/.aws/credentials". */
const char *aws_config_file_name(const struct aws_config *c, enum aws_file file);

/* And where it is; it need not exist.  "" in a config made from texts. */
const char *aws_config_file_path(const struct aws_config *c, enum aws_file file);

/* Which profile is meant: CHOSEN when there is one, else AWS_PROFILE, AWS_DEFAULT_PROFILE or
 * "default". */
const char *aws_config_profile(const char *chosen);

bool aws_config_has_profile(const struct aws_config *c, const char *profile);

/* A setting of a profile: from the credentials file, else from the config file.  NULL: neither
 * has it. */
const char *aws_config_get(const struct aws_config *c, const char *profile, const char *key);

/* The same from one file. */
const char *aws_config_get_in(const struct aws_config *c, enum aws_file file, const char *profile,
                              const char *key);

/* AWS_REGION, AWS_DEFAULT_REGION, the profile's `region`; NULL: none. */
const char *aws_config_region(const struct aws_config *c, const char *profile);

/* The endpoint URL set for a service ("ssm", "sts"): AWS_ENDPOINT_URL_SSM, AWS_ENDPOINT_URL, the
 * profile's `services` section, the profile's `endpoint_url`.  NULL: none, or
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true. */
const char *aws_config_endpoint_url(const struct aws_config *c, const char *profile,
                                    const char *service);

/* A yes/no setting: the variable, else the profile's key ("use_fips_endpoint"). */
bool aws_config_flag(const struct aws_config *c, const char *profile, const char *variable,
                     const char *key);

/* AWS_CA_BUNDLE, the profile's `ca_bundle`; NULL: none. */
const char *aws_config_ca_bundle(const struct aws_config *c, const char *profile);

/* Attempts at one call in all: AWS_MAX_ATTEMPTS, the profile's `max_attempts`, else 3, and 5 where
 * AWS_RETRY_MODE or `retry_mode` asks for the legacy mode.  (The adaptive mode's pacing of requests
 * means nothing for a process of a few calls: it is taken as the standard one.) */
int aws_config_max_attempts(const struct aws_config *c, const char *profile);

/* A variable of the environment; NULL when it is unset or empty. */
const char *aws_env(const char *variable);

#endif
