#include "provision/rotate_log.h"

#include "relay/events.h"

static const char *const names[] = {
    [ROTATE_MADE] = "made",
    [ROTATE_DISCARDED] = "discarded",
    [ROTATE_ACCEPTED] = "accepted",
    [ROTATE_WRITTEN] = "written",
    [ROTATE_VERIFIED] = "verified",
    [ROTATE_HANDED_OVER] = "handed_over",
    [ROTATE_DEACTIVATED] = "deactivated",
    [ROTATE_DELETED] = "deleted",
};
_Static_assert(sizeof names / sizeof names[0] == ROTATE_EVENT_COUNT, "one name for each event");

const char *rotate_event_name(enum rotate_event event)
{
    return names[event];
}

static struct key_event about(const struct rotate_request *rq, const char *user)
{
    return (struct key_event){
        .role = rq->role, .profile = rq->place->profile[rq->role], .user = user};
}

void rotate_log(const struct rotate_request *rq, const char *user, enum rotate_event event,
                const char *key)
{
    struct key_event k = about(rq, user);
    if (event == ROTATE_ACCEPTED)
        return;
    k.did = rotate_event_name(event);
    *(event == ROTATE_HANDED_OVER ? &k.host : &k.key) = key;
    event_key(rq->relay, &k);
}

void rotate_log_refused(const struct rotate_request *rq, const char *user, const char *host,
                        const struct err *why)
{
    struct key_event k = about(rq, user);
    k.did = rotate_event_name(ROTATE_HANDED_OVER);
    k.host = host;
    k.why = why;
    event_key(rq->relay, &k);
}

void rotate_log_stop(const struct rotate_request *rq, const char *user, const struct err *why)
{
    struct key_event k = about(rq, user);
    k.did = "stopped";
    k.why = why;
    event_key(rq->relay, &k);
}
