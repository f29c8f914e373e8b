/* AWS administered through the helper aws-admin (admin_protocol.h), in our nouns.
 *
 *   struct aws_admin a;
 *   if (!aws_admin_open(&place, "claude-creds-reader", &a, &e)) ...
 *   struct aws_identity me;
 *   if (!aws_admin_identity(&a, NULL, &me, &e)) ...
 *
 * Every call is one process of a few milliseconds and a request or two over the network.  A secret
 * goes through pipes and lives in a struct secret. */
#ifndef CREDRELAY_PROVISION_AWS_ADMIN_H
#define CREDRELAY_PROVISION_AWS_ADMIN_H

#include "provision/aws_place.h"
#include "provision/aws_profile.h"

struct aws_admin {
    const struct aws_place *place;
    const char *profile; /* whose keys sign; "": as this machine is set to */
    char program[LIMIT_PATH];
    int64_t timeout_ms; /* of one call */
};

bool aws_admin_open(const struct aws_place *place, const char *profile, struct aws_admin *ret,
                    struct err *e) MUST_CHECK;

/* A key that signs instead of the profile's. */
struct aws_key {
    char id[AWS_KEY_ID_SIZE];
    struct secret *secret;
};
void aws_key_free(struct aws_key *k);

/* ---- who, and whether it works ---- */

struct aws_identity {
    char account[16], arn[256], region[64];
    char user[128]; /* of an IAM user, its name; "" of anybody else */
};

/* WITH: NULL for the profile's.  ERR_BAD_CREDENTIALS: AWS does not know the key (yet). */
bool aws_admin_identity(const struct aws_admin *a, const struct aws_key *with,
                        struct aws_identity *ret, struct err *e) MUST_CHECK;

/* May WITH get the shared value?  True also when there is none yet. */
bool aws_admin_probe(const struct aws_admin *a, const struct aws_key *with,
                     struct err *e) MUST_CHECK;

/* ---- users ---- */

/* ERR_NOT_FOUND: there is none. */
bool aws_admin_user(const struct aws_admin *a, const char *user, struct err *e) MUST_CHECK;
bool aws_admin_make_user(const struct aws_admin *a, const char *user, struct err *e) MUST_CHECK;

/* The document of an inline policy, the caller's.  NULL: ERR_NOT_FOUND, or an error. */
jv *aws_admin_policy(const struct aws_admin *a, const char *user, const char *policy,
                     struct err *e);
bool aws_admin_put_policy(const struct aws_admin *a, const char *user, const char *policy,
                          const jv *document, struct err *e) MUST_CHECK;

/* ---- their access keys ---- */

/* AWS allows two; what it lists beyond is not looked at. */
enum { AWS_USER_KEYS = 2 };

struct aws_key_row {
    char id[AWS_KEY_ID_SIZE];
    bool active;
    int64_t created; /* ms since 1970 */
};

struct aws_key_list {
    struct aws_key_row key[AWS_USER_KEYS];
    size_t count;
    int64_t now; /* by AWS's clock, in whole seconds */
};

bool aws_admin_keys(const struct aws_admin *a, const char *user, struct aws_key_list *ret,
                    struct err *e) MUST_CHECK;
/* *RET's to be freed.  ERR_UNREACHABLE, ERR_FAILED, ERR_NO_MEMORY, ERR_IO, ERR_TOO_LARGE: it may have been
 * made all the same. */
bool aws_admin_make_key(const struct aws_admin *a, const char *user, struct aws_key *ret,
                        struct err *e) MUST_CHECK;
bool aws_admin_deactivate_key(const struct aws_admin *a, const char *user, const char *id,
                              struct err *e) MUST_CHECK;
bool aws_admin_delete_key(const struct aws_admin *a, const char *user, const char *id,
                          struct err *e) MUST_CHECK;
/* When it was last used, in ms since 1970; 0: never.  (AWS may be minutes late with that.) */
bool aws_admin_key_used(const struct aws_admin *a, const char *id, int64_t *ret,
                        struct err *e) MUST_CHECK;

/* ---- a customer-managed key ---- */

/* Its ARN; *RET_ALIASED: ALIAS names it already.  ERR_NOT_FOUND: there is none. */
bool aws_admin_find_kms(const struct aws_admin *a, const char *alias, const char *description,
                        char arn[256], bool *ret_aliased, struct err *e) MUST_CHECK;
bool aws_admin_make_kms(const struct aws_admin *a, const char *description, char arn[256],
                        struct err *e) MUST_CHECK;
bool aws_admin_rotate_kms(const struct aws_admin *a, const char *arn, struct err *e) MUST_CHECK;
bool aws_admin_alias_kms(const struct aws_admin *a, const char *arn, const char *alias,
                         struct err *e) MUST_CHECK;

#endif
