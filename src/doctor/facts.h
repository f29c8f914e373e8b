/* What is known of one relay on this machine, at one moment: what `credrelay status` shows and
 * judges.  Plain data: gather.h collects it, outlook.h says what follows from it, rows.h says it to
 * people. */
#ifndef CREDRELAY_DOCTOR_FACTS_H
#define CREDRELAY_DOCTOR_FACTS_H

#include "relay/relay.h"

enum answer {
    NOT_ASKED, /* --offline */
    NO_ANSWER, /* store_why says why */
    ANSWERED,  /* also: that it has no value yet */
    ANSWER_COUNT
};

/* The watcher of this machine, and what it says of this relay. */
struct watcher {
    bool running;
    int64_t since;     /* ms since 1970; 0: not known */
    int64_t synced_at; /* the last sync that the store answered; 0: never */
    struct err ails;   /* what keeps it from its duty; code ERR_NONE: nothing */
};

/* What is wrong and has been told, or will be, through the alert channels. */
struct incident {
    bool open;
    int64_t since; /* ms since 1970 */
    int64_t runs;  /* that ended in 78 */
    struct err why;
};

/* The last of its kind in the log. */
enum happening_kind { HAPPENED_PUBLISH, HAPPENED_PULL, HAPPENED_RECOVERY, HAPPENED_FAILURE };
enum { HAPPENINGS = 4 };

struct happening {
    int64_t at;     /* ms since 1970; 0: never, as far as the log goes back */
    char what[400]; /* half a sentence */
};

struct facts {
    const struct relay *relay;
    int64_t now;            /* ms since 1970 */
    const char *overriding; /* what the client uses instead of its login, in words; NULL: nothing */

    struct login_facts local;
    struct err local_why; /* why it cannot be used; code ERR_NONE: it can */
    struct memory memory;
    char holder[HOLDER_SIZE]; /* the machine that renews, as far as it is known here; "": not */

    enum answer answer;
    struct stored shared; /* ANSWERED: the shared value */
    int64_t modified;     /* of it, ms since 1970; 0: not known */
    char by[128];         /* who put it; "": not known */
    struct err store_why; /* NO_ANSWER */

    struct watcher watcher;
    char service[200]; /* the service that starts the watcher, in words; "": not asked */
    bool no_manager;   /* asked, it does not answer: in a container there is often none */
    struct incident incident;
    struct happening happenings[HAPPENINGS];
    struct err log_why; /* why the log could not be read; code ERR_NONE: it could */
};

#endif
