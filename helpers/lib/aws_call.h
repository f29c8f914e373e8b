/* One call of an AWS API: signed, sent, tried again where that helps, its error explained.
 *
 *   struct aws_client c;
 *   if (!aws_client_open(&c, &(struct aws_choice){.profile = ..., .region = ...}, deadline, &e)) ...
 *   struct aws_answer a;
 *   bool ok = aws_call(&c, &call, &a, &e);
 *   aws_answer_free(&a);                       always
 *   aws_client_close(&c);                      always, also when opening failed
 *
 * When AWS says that the clock is wrong, the client corrects its own by the answer's Date and
 * signs again, once. */
#ifndef CREDRELAY_HELPERS_AWS_CALL_H
#define CREDRELAY_HELPERS_AWS_CALL_H

#include "aws_config.h"
#include "aws_credentials.h"
#include "base/json.h"
#include "http.h"

/* What the caller wants other than what this machine is set to; NULL or "" for the latter. */
struct aws_choice {
    const char *profile, *region, *endpoint;
};

struct aws_client {
    struct aws_config *config;
    struct aws_keys keys;
    struct http *http;
    const char *profile; /* whose settings count */
    char region[64];
    const char *endpoint; /* chosen; NULL: as set for each service */
    int max_attempts;
    int64_t deadline;      /* on the steady clock; nothing goes on beyond it */
    int64_t clock_ahead_s; /* AWS's clock minus ours, as far as corrected */
    bool clock_corrected;
    int64_t clock_seen_s; /* the same as seen at the last answer; INT64_MIN: none yet */
};

struct aws_call {
    const char *service; /* "ssm": host and signature */
    const char *action;  /* "GetParameter" */
    const char *target;  /* X-Amz-Target; NULL: a form (the query protocol, answered in XML) */
    const char *body;    /* may be secret */
    size_t body_len;
    bool changes;           /* must not be repeated unless it is sure that it was not carried out */
    const char *name;       /* of the parameter, for messages; "" for none */
    const char *kms_action; /* likewise */
};

struct aws_answer {
    jv *doc;                   /* a JSON answer; NULL for a form's */
    struct http_response http; /* its body: what came */
    bool unsure;               /* on failure: it may have been carried out all the same */
};

bool aws_client_open(struct aws_client *c, const struct aws_choice *choice, int64_t deadline,
                     struct err *e) MUST_CHECK;
void aws_client_close(struct aws_client *c);

bool aws_call(struct aws_client *c, const struct aws_call *call, struct aws_answer *ret,
              struct err *e) MUST_CHECK;
void aws_answer_free(struct aws_answer *a);

#endif
