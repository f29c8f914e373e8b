/* Give a role a new key: performs what rotation.h decides, a step at a time, telling each.
 *
 *   struct rotate_report report;
 *   if (!rotate(&request, &report, &e)) ...      stopped; the same again goes on from there
 *
 * Under a lock of the role's; the note is saved before and after what cannot be asked again.  What it
 * changes is logged, and so is why it stopped. */
#ifndef CREDRELAY_PROVISION_ROTATE_H
#define CREDRELAY_PROVISION_ROTATE_H

#include "provision/rotation.h"

/* What happened, as it happens.  KEY: its id, or "" */
enum rotate_event {
    ROTATE_MADE,
    ROTATE_DISCARDED,
    ROTATE_ACCEPTED, /* by STS and by Parameter Store */
    ROTATE_WRITTEN,  /* into the profile */
    ROTATE_VERIFIED,
    ROTATE_HANDED_OVER, /* KEY: the host */
    ROTATE_DEACTIVATED,
    ROTATE_DELETED,
    ROTATE_EVENT_COUNT
};
/* "made", "handed_over": for --json and for the log. */
const char *rotate_event_name(enum rotate_event event);

typedef void rotate_told_fn(void *ctx, enum rotate_event event, const char *key);

/* Give the role's key in this machine's profile to HOST.  A failure is the callee's to tell: the others
 * get theirs, and the rotation stops after the last. */
typedef bool rotate_hand_over_fn(void *ctx, const char *host, struct err *e);

#define ROTATE_GRACE_NOT_SAID (-1)

struct rotate_request {
    const struct relay *relay;
    const struct aws_place *place;
    enum role role;
    const char *admin_profile; /* whose keys make and delete; NULL: the role's own */
    const char *options;       /* " --admin-profile admin": for the command that advice repeats */
    int64_t grace_ms;          /* how long the old key goes on working for other machines */
    bool finish, first;        /* as in struct rotation_facts */
    bool dry_run;              /* look and decide */
    char *const *hosts;
    size_t host_count;
    rotate_hand_over_fn *hand_over;
    rotate_told_fn *told;
    void *ctx; /* for both */
};

struct rotate_report {
    char user[128], account[16];
    char old_id[AWS_KEY_ID_SIZE], new_id[AWS_KEY_ID_SIZE]; /* "" none */
    char about[AWS_KEY_ID_SIZE];                           /* the key that `stands` is about */
    struct rotation_decision stands; /* what is to do now; its key is `about` */
    int64_t until;
    char awaited[ROTATION_AWAITED_SIZE]; /* as in the note */
};

/* ERR_CONFLICT with advice: a person must look (ROTATION_REFUSE).  The report is filled in as far
 * as it went, also on failure. */
bool rotate(const struct rotate_request *rq, struct rotate_report *ret, struct err *e) MUST_CHECK;

#endif
