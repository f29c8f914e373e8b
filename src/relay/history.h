/* The line of logins that a store has had: every version of the shared value it still keeps, and what
 * this machine and the renewable value say about each.
 *
 *   struct history h;
 *   if (!history_read(&relay, &request, &h, &e)) ...
 *   for (size_t i = 0; i < h.count; i++) ... h.version[i] ...       newest first
 *
 * Nothing is changed, in the store or here.  A reader's key may most often not read it: ERR_DENIED. */
#ifndef CREDRELAY_RELAY_HISTORY_H
#define CREDRELAY_RELAY_HISTORY_H

#include "relay/shelf.h"

/* As many as AWS Parameter Store keeps of a parameter. */
enum { HISTORY_MOST = 100 };

struct history_version {
    int64_t version;
    int64_t modified; /* ms since 1970; 0: not known */
    char by[HOLDER_SIZE];
    struct login_facts login;  /* as it stands there */
    int64_t same_as;           /* the latest version before that held the same login; 0: none */
    int64_t renewable_version; /* of the renewable value, that holds its full form; 0: none known */
    char holder[HOLDER_SIZE];  /* who was to renew it then; "": not known */
    bool here;                 /* it is the newest that has the login on this machine */
    bool rejected;             /* a server refused it on this machine, today */
    bool renewed; /* a later version holds what became of it: its refresh token is spent */
};

struct history {
    struct login_facts local; /* the login on this machine */
    bool cut;                 /* there are more versions than were asked for */
    size_t count;
    struct history_version version[HISTORY_MOST];
};

struct history_request {
    int64_t limit;    /* 1 to HISTORY_MOST */
    int64_t deadline; /* on the steady clock, ms */
    struct buf *told; /* what the store's helper says to people is put here; NULL: dropped */
};

bool history_read(const struct relay *r, const struct history_request *rq, struct history *ret,
                  struct err *e) MUST_CHECK;

/* The same out of an open shelf, for who goes on with it. */
bool history_of_shelf(struct shelf *s, int64_t limit, struct history *ret,
                      struct err *e) MUST_CHECK;

/* NULL: the store does not have it any more, or it was not asked for. */
const struct history_version *history_find(const struct history *h, int64_t version);

#endif
