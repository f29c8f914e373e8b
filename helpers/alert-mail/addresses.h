/* The addresses of the setting `mail`, one by one.  Pure. */
#ifndef CREDRELAY_ALERT_MAIL_ADDRESSES_H
#define CREDRELAY_ALERT_MAIL_ADDRESSES_H

#include "mail.h"

struct addresses {
    char text[1024];
    const char *at[MOST_RECIPIENTS]; /* in `text`: a copy of the struct has none of its own */
    size_t count;
};

/* LIST has commas, blanks or both between them.  ERR_INVALID: it has none; ERR_TOO_LARGE: it is too
 * long, or has more than MOST_RECIPIENTS. */
bool addresses_split(const char *list, struct addresses *ret, struct err *e) MUST_CHECK;

#endif
