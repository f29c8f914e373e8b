/* The operations of the store, one file each. */
#ifndef CREDRELAY_SSM_OPS_H
#define CREDRELAY_SSM_OPS_H

#include "serve.h"

serve_fn ssm_get, ssm_put, ssm_history, ssm_check;

#endif
