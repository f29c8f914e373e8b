/* The store's URL: ssm://REGION/NAME[?profile=PROFILE&endpoint=URL].  REGION may be empty: then
 * it comes from AWS_REGION or the profile. */
#ifndef CREDRELAY_STORE_SSM_URL_H
#define CREDRELAY_STORE_SSM_URL_H

#include "base/err.h"

struct ssm_url {
    char region[64];
    char profile[128];
    char endpoint[512];
};

/* ERR_INVALID with what is wrong. */
bool ssm_url_parse(const char *text, struct ssm_url *ret, struct err *e) MUST_CHECK;

#endif
