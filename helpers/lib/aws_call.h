/* One call of an AWS API: signed, sent, tried again where that helps, its error explained.
 *
 *   struct aws_answer a;
 *   bool ok = aws_call(&client, &call, &a, &e);      a client from aws_client_open (aws_client.h)
 *   aws_answer_free(&a);                             always
 *
 * When AWS says that the clock is wrong, the client corrects its own by the answer's Date and
 * signs again, once.  When it refuses keys that the client can renew, that is done once. */
#ifndef CREDRELAY_HELPERS_AWS_CALL_H
#define CREDRELAY_HELPERS_AWS_CALL_H

#include "aws_config.h"
#include "aws_keys.h"
#include "aws_retry.h"
#include "base/json.h"
#include "http.h"

struct aws_client;

/* Replace the client's keys, which AWS has refused, by others.  False: there are none. */
typedef bool aws_renew_fn(struct aws_client *c, struct err *e);

/* What calls share.  Whoever fills it in owns what it points to. */
struct aws_client {
    struct aws_config *loaded; /* NULL in a client that was not opened */
    const struct aws_config *config;
    struct aws_keys keys;
    struct http *http;
    const char *profile; /* whose settings count */
    char region[64];
    const char *endpoint; /* chosen (aws_choice); NULL: as set for each service */
    const char *endpoint_service;
    int max_attempts;
    int64_t deadline; /* on the steady clock; nothing goes on beyond it */
    struct aws_bucket bucket;
    aws_renew_fn *renew;   /* NULL: these keys or none; called once */
    bool chosen;           /* the profile was asked for by name */
    int64_t clock_ahead_s; /* AWS's clock minus ours, as far as corrected */
    bool clock_corrected;
    int64_t clock_seen_s; /* the same as seen at the last answer; INT64_MIN: none yet */
    int64_t changed_at;   /* when a changing request was last sent, on the steady clock; 0: never */
};

struct aws_call {
    const char *service; /* "ssm": host and signature */
    const char *action;  /* "GetParameter" */
    const char *target;  /* X-Amz-Target; NULL: a form (the query protocol, answered in XML) */
    const char *body;    /* may be secret */
    size_t body_len;
    bool changes;           /* must not be repeated unless it is sure that it was not carried out */
    bool anonymous;         /* is not signed */
    bool silent;            /* its answer says nothing, and may be empty */
    const char *name;       /* of the parameter, for messages; "" for none */
    const char *kms_action; /* likewise */
};

struct aws_answer {
    jv *doc;                   /* a JSON answer; NULL for a form's */
    struct http_response http; /* its body: what came */
    bool unsure;               /* on failure: it may have been carried out all the same */
    char code[96];             /* on failure: AWS's name of it; "" when it did not answer */
    bool kms;                  /* on failure: it is the key of the parameter that is not allowed */
};

bool aws_call(struct aws_client *c, const struct aws_call *call, struct aws_answer *ret,
              struct err *e) MUST_CHECK;
void aws_answer_free(struct aws_answer *a);

#endif
