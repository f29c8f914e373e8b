/* One version of a parameter, as GetParameter and GetParameterHistory show it. */
#ifndef CREDRELAY_SSM_PARAMETER_H
#define CREDRELAY_SSM_PARAMETER_H

#include "session.h"

struct parameter {
    int64_t version;
    int64_t modified; /* ms since 1970; 0 unknown */
    const char *by;   /* "" unknown */
    const char *value;
};

/* Lend the members of DOC.  ERR_FAILED: it has no version or value. */
bool parameter_read(const jv *doc, struct parameter *ret, struct err *e) MUST_CHECK;

/* Put version, modified, by and value into OUT. */
bool parameter_show(const struct parameter *p, jv *out, struct err *e) MUST_CHECK;

/* GetParameter, decrypted: the newest (VERSION 0) or one version.  *ret lends from *answer, which
 * is the caller's to free, always. */
bool parameter_get(struct session *s, int64_t version, struct aws_answer *answer,
                   struct parameter *ret, struct err *e) MUST_CHECK;

#endif
