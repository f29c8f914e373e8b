/* What AWS's error answers mean for the caller, as one table (aws_errors.c): service code -> our
 * code, whether to try again, a sentence, and what mends it.
 *
 *   struct aws_failure f;
 *   aws_failure_read(&f, status, error_type_header, body, len);
 *   aws_failure_explain(&f, &subject, &e);             fills *e
 *   if (f.retry != RETRY_NEVER) ...
 *
 * Pure.  Texts of AWS's are quoted only where they help and cannot hold a secret: a wrong
 * signature's text repeats the request's headers, a validation error's the value. */
#ifndef CREDRELAY_HELPERS_AWS_ERRORS_H
#define CREDRELAY_HELPERS_AWS_ERRORS_H

#include <stddef.h>

#include "aws_retry.h"
#include "base/err.h"

struct aws_failure {
    int status;
    char code[96];     /* "AccessDeniedException"; "" when the answer is not AWS's */
    char message[640]; /* AWS's sentence; may be "" */
    enum aws_retry_kind retry;
    bool bad_keys; /* the keys are expired or unknown: others might do */
    bool kms;      /* not the parameter, but its key is not allowed */
    bool skewed;   /* the signature's time is outside AWS's window: correct the clock, sign again */
};

/* What was being done, for the sentences. */
struct aws_subject {
    const char *action; /* "ssm:GetParameter" */
    const char *name;   /* the parameter's name; "" for none */
    const char *region;
    const char *host;
    const char *keys;         /* whose keys: "profile claude-creds-reader" */
    const char *profile_flag; /* " --profile claude-creds-reader", or "" */
    const char *kms_action;   /* what the key of the parameter must allow: "kms:Decrypt" */
};

/* ERROR_TYPE: the x-amzn-ErrorType header, "" without one.  BODY: JSON, XML or anything. */
void aws_failure_read(struct aws_failure *ret, int status, const char *error_type, const char *body,
                      size_t len);

/* Fill *e and ret->retry, ret->skewed.  Always false, as err_set. */
bool aws_failure_explain(struct aws_failure *f, const struct aws_subject *about, struct err *e);

#endif
