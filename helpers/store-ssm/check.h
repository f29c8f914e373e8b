/* `check`: what is asked, and what is found; check.c asks AWS, check_keys.c looks at this machine. */
#ifndef CREDRELAY_SSM_CHECK_H
#define CREDRELAY_SSM_CHECK_H

#include "session.h"

struct finding {
    bool asked; /* is shown */
    bool ok, warning;
    char detail[768];
    char hint[384];
};

/* In the order of showing. */
enum row {
    ROW_IDENTITY,
    ROW_PROFILE,
    ROW_KEYS_FILE,
    ROW_CLOCK,
    ROW_CERTIFICATE,
    ROW_READ,
    ROW_KMS,
    ROW_WRITE,
    ROW_HISTORY,
    ROW_COUNT
};

struct check {
    struct session session;
    struct finding rows[ROW_COUNT];
    char arn[600]; /* ours; "" unknown */
};

/* The finding of a row, which is shown from now on. */
struct finding *check_row(struct check *c, enum row which, bool ok);

/* Which keys this machine has for AWS, and who can read them. */
void check_keys(struct check *c);

#endif
