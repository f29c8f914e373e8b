/* Where a service of AWS answers.  Rules: botocore's endpoint rule sets for ssm, sts, kms and iam. */
#ifndef CREDRELAY_HELPERS_AWS_ENDPOINT_H
#define CREDRELAY_HELPERS_AWS_ENDPOINT_H

#include "aws_config.h"

struct aws_endpoint {
    char url[512];   /* "https://ssm.us-west-2.amazonaws.com/": as requested */
    char host[300];  /* the Host header */
    char path[256];  /* "/" at least */
    char region[40]; /* to sign for: IAM is one for all regions of a partition */
};

/* The endpoint of SERVICE in REGION: CHOSEN when not NULL, else what the machine is set to
 * (aws_config_endpoint_url), else AWS's own, with use_fips_endpoint and use_dualstack_endpoint.
 * ERR_INVALID: the region or URL cannot be one. */
bool aws_endpoint_find(const struct aws_config *c, const char *profile, const char *service,
                       const char *region, const char *chosen, struct aws_endpoint *ret,
                       struct err *e) MUST_CHECK;

#endif
