/* The store's side of one sync: the two values of a relay, read once and kept true through our own
 * puts, so that a sync costs no more calls than it must.
 *
 * Writers put the renewable value first and the shared one second: cut short between them, the
 * store still has the whole new login, and any writer can finish (shelf_forward). */
#ifndef CREDRELAY_RELAY_SHELF_H
#define CREDRELAY_RELAY_SHELF_H

#include "relay/relay.h"

/* Versions that others can have put between our look and our put, or on top of what counts; more than
 * writers in a fleet. */
enum { SHELF_RACERS = 16 };

struct shelf_value {
    struct stored facts;
    struct login login;
};

struct shelf {
    const struct relay *relay;
    struct store store;
    char renewable_path[512 + sizeof ".renewable"]; /* that of the store and this */
    int64_t deadline;                               /* on the steady clock, ms */
    struct buf *told; /* what the helper says to people; NULL: dropped */
    bool fresh;       /* what is below is what the store holds, as far as we know */
    struct shelf_value shared, renewable;
    int64_t put_version;    /* of the last shelf_publish */
    unsigned reads, writes; /* calls to the store */
};

bool shelf_open(const struct relay *r, int64_t deadline, struct buf *told, struct shelf *ret,
                struct err *e) MUST_CHECK;
void shelf_close(struct shelf *s);

/* A call about one of the two values: what reading and putting have in common. */
struct store_call shelf_call(const struct shelf *s, bool renewable);

/* Read the values unless they are fresh; of the renewable one what counts, with the version of what
 * is on top.  A store that was emptied or made anew voids the places
 * that MEMORY remembers. */
bool shelf_look(struct shelf *s, struct memory *m, struct err *e) MUST_CHECK;

/* Put L into both values, as this machine's.  A race that another writer won is settled: the later
 * login ends up newest.  WARNING is set when the renewable value could not be put but the shared
 * one was.  ERR_CONFLICT: look again. */
bool shelf_publish(struct shelf *s, const struct login *l, struct err *warning,
                   struct err *e) MUST_CHECK;

/* Say that this machine renews the login that the renewable value has, or, not RENEWING, that it
 * does not after all.  ERR_CONFLICT: somebody else was faster.  Either way, look again. */
bool shelf_claim(struct shelf *s, bool renewing, struct err *e) MUST_CHECK;

/* The shared value is a login that this machine put on top of version EXPECT, when it was killed before it
 * could hear who else had: settle that race now. */
bool shelf_settle(struct shelf *s, int64_t expect, struct err *e) MUST_CHECK;

/* Finish somebody's publication: put the renewable value's login into the shared value. */
bool shelf_forward(struct shelf *s, struct err *e) MUST_CHECK;

/* VERSION of a value (0: the newest) into *RET, which is freed with shelf_value_free; one that is not
 * there is known to be absent. */
bool shelf_read(struct shelf *s, bool renewable, int64_t version, struct shelf_value *ret,
                struct err *e) MUST_CHECK;
void shelf_value_free(struct shelf_value *v);

/* Call FN for up to LIMIT versions of a value, newest first, until it returns false. */
bool shelf_history(struct shelf *s, bool renewable, int64_t limit, store_version_fn *fn, void *ctx,
                   struct err *e);

/* Add to M the logins of the store's history with their versions.  A store that will not tell is no
 * error: then the memory is what there is. */
void shelf_recall(struct shelf *s, struct memory *m);

#endif
