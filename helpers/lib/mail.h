/* Mail by SMTP through libcurl, which is included here and in transport.h alone beside http.c.
 *
 * `smtps://HOST` is TLS from the start, `smtp://HOST` STARTTLS, without which nothing is sent; only to
 * a server on this very machine, and without a password, mail goes as it is. */
#ifndef CREDRELAY_HELPERS_MAIL_H
#define CREDRELAY_HELPERS_MAIL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { MOST_RECIPIENTS = 16 };

struct mail_server {
    const char *url;
    const char *user, *password; /* "" both: nobody logs in */
    const char *ca_file;         /* "" the system's certificates */
    int64_t deadline;            /* steady clock */
};

struct mail {
    const char *from;
    const char *to[MOST_RECIPIENTS];
    size_t to_count;
    const char *text; /* mime.h's */
    size_t len;
};

/* True: the server has taken it for at least one of the recipients.  M is NULL: all but sending, that
 * is connecting and logging in.  ERR_BAD_CREDENTIALS: it does not let us in; ERR_DENIED: it does not
 * take the sender, or any recipient; ERR_BUSY: it puts us off (4xx); ERR_UNREACHABLE; ERR_UNSUPPORTED:
 * it has no STARTTLS. */
bool mail_send(const struct mail_server *s, const struct mail *m, struct err *e) MUST_CHECK;

#endif
