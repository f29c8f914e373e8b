/* store-ssm: AWS Parameter Store as a store (store/protocol.h).  The value at `path` is the
 * SecureString of that name; its versions are Parameter Store's own. */
#include "ops.h"

int main(void)
{
    static serve_fn *const ops[STORE_OP_COUNT] = {
        [STORE_GET] = ssm_get,
        [STORE_PUT] = ssm_put,
        [STORE_HISTORY] = ssm_history,
        [STORE_CHECK] = ssm_check,
        /* No STORE_WAIT: Parameter Store tells nobody of a change; the caller polls. */
    };
    return serve(ops);
}
