/* Sets up AWS: users, their policies and keys, a customer-managed key (provision/admin_protocol.h). */
#include "ops.h"

#include <string.h>

#include "serve.h"

static admin_fn *const ops[] = {
    [ADMIN_IDENTITY] = admin_form,         [ADMIN_PROBE] = admin_probe,
    [ADMIN_GET_USER] = admin_form,         [ADMIN_CREATE_USER] = admin_form,
    [ADMIN_GET_POLICY] = admin_form,       [ADMIN_PUT_POLICY] = admin_form,
    [ADMIN_LIST_KEYS] = admin_form,        [ADMIN_CREATE_KEY] = admin_form,
    [ADMIN_SET_KEY] = admin_form,          [ADMIN_DELETE_KEY] = admin_form,
    [ADMIN_KEY_USED] = admin_form,         [ADMIN_FIND_KMS] = admin_find_kms,
    [ADMIN_CREATE_KMS] = admin_create_kms, [ADMIN_ROTATE_KMS] = admin_rotate_kms,
    [ADMIN_ALIAS_KMS] = admin_alias_kms,
};
_Static_assert(sizeof ops / sizeof ops[0] == ADMIN_OP_COUNT, "one function for each operation");

const char *admin_text(const struct admin *a, const char *member)
{
    const char *text = jv_text(a->request, member);
    return text ? text : "";
}

static bool understand(struct admin *a, struct err *e)
{
    if (jv_number(a->request, "credrelay", 0) != ADMIN_PROTOCOL)
        return err_set(e, ERR_UNSUPPORTED, "this helper speaks version %d of the protocol",
                       ADMIN_PROTOCOL);
    const char *op = admin_text(a, "op");
    for (a->op = 0; a->op < ADMIN_OP_COUNT; a->op++)
        if (strcmp(op, admin_op_names[a->op]) == 0)
            return true;
    return err_set(e, ERR_UNSUPPORTED, "no operation called '%.32s'", op);
}

static bool answer(const void *ctx, const jv *request, jv *answer, struct err *e)
{
    struct admin a = {.request = request, .answer = answer};
    (void)ctx;
    if (!understand(&a, e))
        return false;
    const struct aws_keys_text keys = {.id = jv_text(request, "sign_id"),
                                       .secret = jv_text(request, "sign_secret")};
    const struct aws_choice choice = {.profile = admin_text(&a, "profile"),
                                      .region = admin_text(&a, "region"),
                                      .endpoint = admin_text(&a, "endpoint"),
                                      .service = "ssm",
                                      .keys = keys.id ? &keys : NULL};
    bool ok = aws_client_open(&a.client, &choice, serve_deadline(request), e) && ops[a.op](&a, e);
    aws_client_close(&a.client);
    return ok;
}

int main(void)
{
    return serve_line(answer, NULL);
}
