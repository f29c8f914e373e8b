/* The helper's side of an alert channel (alert/protocol.h).
 *
 *   int main(void) { return alert_serve(send); }
 *
 * The function sends, or with `check` does all but that; true means it was done. */
#ifndef CREDRELAY_HELPERS_ALERT_SERVE_H
#define CREDRELAY_HELPERS_ALERT_SERVE_H

#include "base/json.h"

struct alert_request {
    bool check;        /* do all but send */
    const jv *options; /* the section [alert]: strings */
    const jv *message; /* NULL with check */
    int64_t deadline;  /* steady clock */
};

/* The hint of what may pass by itself.  Who asks for a test waits in vain. */
#define SENT_AGAIN                                                                                 \
    "messages about trouble are sent again by themselves, a test is not: credrelay alert test"

typedef bool alert_serve_fn(const struct alert_request *rq, struct err *e);

/* Ends as serve_line does. */
int alert_serve(alert_serve_fn *fn);

/* A member of the message, an option: "" when it is not there. */
const char *alert_text(const struct alert_request *rq, const char *key);
const char *alert_option(const struct alert_request *rq, const char *key);

#endif
