/* What a request needs of AWS: the client with the keys of the machine's role, opened from the
 * store's URL and the request's options.
 *
 *   struct session s;
 *   bool ok = session_open(&s, rq, &e) && ...;
 *   session_close(&s);                        always
 *
 * Options understood: reader-profile, writer-profile (the profile of each role; the URL's
 * ?profile= wins), tier, kms-key-id. */
#ifndef CREDRELAY_SSM_SESSION_H
#define CREDRELAY_SSM_SESSION_H

#include "aws_client.h"
#include "serve.h"
#include "store/ssm_url.h"

/* AWS takes 1,011 characters with the ARN in front; what is longer need not be asked. */
#define LIMIT_PARAMETER_NAME 2048

struct session {
    struct aws_client client;
    struct ssm_url url;
    const struct request *rq;
};

bool session_open(struct session *s, const struct request *rq, struct err *e) MUST_CHECK;
void session_close(struct session *s);

/* Call AmazonSSM.ACTION with BODY, which is freed (NULL: it could not be made, out of memory);
 * KMS_ACTION is what the parameter's key has to allow for it. */
struct ssm_call {
    const char *action;
    jv *body;
    bool changes;
    const char *kms_action;
};
bool session_call(struct session *s, const struct ssm_call *call, struct aws_answer *ret,
                  struct err *e) MUST_CHECK;

/* The profile that the URL or the options name for the request's role; NULL: none. */
const char *session_profile(const struct session *s);

bool request_is_writer(const struct request *rq);

#endif
