/* The keys of a profile in the AWS tools' credentials file: AWS_SHARED_CREDENTIALS_FILE, else
 * ~/.aws/credentials.  The file is other people's as well: only the profile's section changes, to
 * the byte (base/ini_edit.h), the file is replaced whole with mode 0600, a link is followed, and a
 * folder that is missing is made with mode 0700.
 *
 *   const struct aws_profile_keys keys = {.profile = "claude-creds-reader", .key_id = id, .secret = s};
 *   if (!aws_profile_write(&keys, NULL, &e)) ...
 *
 * Two of our processes take turns by a lock in the state folder; `aws configure` takes none. */
#ifndef CREDRELAY_PROVISION_AWS_PROFILE_H
#define CREDRELAY_PROVISION_AWS_PROFILE_H

#include "base/limits.h"
#include "base/secret.h"

/* AWS's own bound for a key id is 128. */
#define AWS_KEY_ID_SIZE 160

struct aws_profile_keys {
    const char *profile;
    const char *key_id;
    const struct secret *secret;
    const char *region; /* NULL: what the profile says of it stays */
};

/* For REPLACES: whatever the profile holds. */
extern const char aws_profile_any[];

/* Make the profile hold these keys.  Nothing is written when it does already.  A profile that has
 * another key, or gets its keys from elsewhere (a role, a program, a sign-in), is somebody's:
 * ERR_CONFLICT, unless that key is REPLACES or REPLACES is aws_profile_any, which takes out what
 * would go before the keys.  ERR_INVALID: the file is no INI file. */
bool aws_profile_write(const struct aws_profile_keys *keys, const char *replaces,
                       struct err *e) MUST_CHECK;

struct aws_profile {
    char key_id[AWS_KEY_ID_SIZE]; /* "": none */
    struct secret *secret;        /* NULL: none */
    char region[64];
    char source[32]; /* the setting by which it gets its keys from elsewhere; "": it does not */
};

/* ERR_NOT_FOUND: there is no such profile with anything in it. */
bool aws_profile_read(const char *profile, struct aws_profile *ret, struct err *e) MUST_CHECK;
void aws_profile_free(struct aws_profile *p);

/* The file, LIMIT_PATH bytes: for messages. */
bool aws_profile_file(char *out, struct err *e) MUST_CHECK;

#endif
