/* What credrelay asks of libexec/credrelay/aws-admin, the helper that sets up AWS: one line of JSON
 * each way, as with a store (store/protocol.h).
 *
 * Request:
 *   credrelay    1, the protocol's version
 *   op           a name below
 *   region       of the store; "": as this machine is set to
 *   endpoint     of the store's URL; "": AWS's own, or as this machine is set to
 *   profile      whose keys sign; "": as this machine is set to
 *   sign_id, sign_secret   keys that sign instead
 *   deadline_ms  answer within this time from now
 * and what the operation takes.  Answer, {"ok":true, ...} with what it gives, or an error as a
 * store's.  Times are ms since 1970.
 *
 *   op            takes                     gives
 *   identity                                account, arn, region
 *   probe         name                      found: a parameter there that the keys may decrypt
 *   get-user      user                      arn
 *   create-user   user                      arn
 *   get-policy    user, policy              document, percent-encoded
 *   put-policy    user, policy, document
 *   list-keys     user                      keys: [{id, status, created}], now
 *   create-key    user                      id, secret, created
 *   set-key       user, id, status          status: "Active" or "Inactive"
 *   delete-key    user, id
 *   key-used      id                        used: when it last was, 0 never
 *   find-kms      alias, description        arn, aliased: the alias names it already
 *   create-kms    description               arn
 *   rotate-kms    key                       AWS renews it once a year
 *   alias-kms     alias, key */
#ifndef CREDRELAY_PROVISION_ADMIN_PROTOCOL_H
#define CREDRELAY_PROVISION_ADMIN_PROTOCOL_H

#define ADMIN_PROTOCOL 1

enum admin_op {
    ADMIN_IDENTITY,
    ADMIN_PROBE,
    ADMIN_GET_USER,
    ADMIN_CREATE_USER,
    ADMIN_GET_POLICY,
    ADMIN_PUT_POLICY,
    ADMIN_LIST_KEYS,
    ADMIN_CREATE_KEY,
    ADMIN_SET_KEY,
    ADMIN_DELETE_KEY,
    ADMIN_KEY_USED,
    ADMIN_FIND_KMS,
    ADMIN_CREATE_KMS,
    ADMIN_ROTATE_KMS,
    ADMIN_ALIAS_KMS,
    ADMIN_OP_COUNT
};

static const char *const admin_op_names[] = {
    [ADMIN_IDENTITY] = "identity",     [ADMIN_PROBE] = "probe",
    [ADMIN_GET_USER] = "get-user",     [ADMIN_CREATE_USER] = "create-user",
    [ADMIN_GET_POLICY] = "get-policy", [ADMIN_PUT_POLICY] = "put-policy",
    [ADMIN_LIST_KEYS] = "list-keys",   [ADMIN_CREATE_KEY] = "create-key",
    [ADMIN_SET_KEY] = "set-key",       [ADMIN_DELETE_KEY] = "delete-key",
    [ADMIN_KEY_USED] = "key-used",     [ADMIN_FIND_KMS] = "find-kms",
    [ADMIN_CREATE_KMS] = "create-kms", [ADMIN_ROTATE_KMS] = "rotate-kms",
    [ADMIN_ALIAS_KMS] = "alias-kms",
};
_Static_assert(sizeof admin_op_names / sizeof admin_op_names[0] == ADMIN_OP_COUNT,
               "one name for each operation");

#endif
