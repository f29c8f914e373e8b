/* The body of a call in AWS's query protocol: a form.  Pure. */
#ifndef CREDRELAY_HELPERS_AWS_FORM_H
#define CREDRELAY_HELPERS_AWS_FORM_H

#include "base/buf.h"

/* A web identity token of 20,000 characters, percent-encoded, and the rest. */
#define LIMIT_FORM (128u << 10)

void aws_form_begin(struct buf *form, const char *action, const char *version);
void aws_form_put(struct buf *form, const char *name, const char *value);

#endif
