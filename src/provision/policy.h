/* The least that a role needs of AWS, as an IAM policy
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies.html).  Pure.
 *
 *   reader   ssm:GetParameter of the shared value alone
 *   writer   both values: GetParameter, PutParameter, GetParameterHistory
 *   both     what KMS must allow for that, only through Parameter Store (kms:ViaService) and only
 *            for these parameters (the encryption context that Parameter Store gives)
 *
 * A policy is written for one account, or with the placeholders of a template language. */
#ifndef CREDRELAY_PROVISION_POLICY_H
#define CREDRELAY_PROVISION_POLICY_H

#include "base/json.h"
#include "relay/decide.h"

/* IAM's bound for all inline policies of a user, white space not counted. */
#define LIMIT_USER_POLICY 2048

/* How a policy names what is not known before it is used. */
struct policy_words {
    const char *partition, *account;
    const char *user;    /* aws:username: an IAM variable, which a template language may escape */
    const char *kms_arn; /* of a key that the same template makes; NULL: as the request says */
    bool substituted;    /* a text with ${...} becomes {"Fn::Sub": TEXT} */
};

struct policy_request {
    enum role role;
    const char *region;
    const char *path;
    bool plain;          /* there is one value only */
    const char *kms_key; /* id, ARN or alias; "": the account's aws/ssm */
    const char *tier;    /* "": not said */
    bool rotate_self;    /* it may make and delete keys of its own user */
};

/* The document, the caller's.  NULL: ERR_INVALID, a part cannot be what it should be;
 * ERR_TOO_LARGE. */
jv *policy_make(const struct policy_request *rq, const struct policy_words *words, struct err *e);

/* "aws", "aws-cn", "aws-us-gov", ...: the partition that a region belongs to. */
const char *policy_partition(const char *region);

/* An account's number: 12 digits. */
bool policy_account_ok(const char *account);

/* Why a key of one's own is the way to least privilege, in two sentences.  For a relay without. */
extern const char policy_default_key_warning[];

#endif
