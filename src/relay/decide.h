/* What to do about a login: the one place where it is decided.  Pure: no I/O, no clock; tested by a
 * table of cases (tests/unit/test_decide.c) and by random fleets (test_fleet.c).
 *
 * `expiresAt` alone does not say which of two logins is newer: a person who logs in again may get a
 * shorter-lived token.  So a login gets its place in line from the store:
 *
 *   - a machine remembers the version of the shared value it was last in step with, and the logins
 *     it has seen with their versions;
 *   - a login seen before is exactly as old as its version: a restored backup is no news;
 *   - a usable login never seen, here on a writer in step with the store, is the successor,
 *     whatever its expiry;
 *   - never seen and out of step: the later deadline wins where both have one (a login by a human
 *     is later than any before it), else the fresher one as its tool tells it (of claude: the
 *     later expiry); ties go to the store;
 *   - an expired login never beats an unexpired one; a rejected or unusable one beats nothing.
 *
 * One decision is one step.  The engine takes it, looks again and asks again, until the answer is
 * to do nothing, to wait, or to call a human. */
#ifndef CREDRELAY_RELAY_DECIDE_H
#define CREDRELAY_RELAY_DECIDE_H

#include "tool/login.h"

enum role { ROLE_READER, ROLE_WRITER };

enum { MEMORY_SEEN = 100, MEMORY_REJECTED = 16 };

struct seen {
    char fingerprint[FINGERPRINT_SIZE];
    int64_t version; /* of the shared value; the login is no newer than that */
};

struct rejected {
    char fingerprint[FINGERPRINT_SIZE];
    int64_t at; /* ms since 1970 */
};

/* What this machine remembers of one relay (relay/state.h keeps it on disk). */
struct memory {
    struct seen step; /* the value last in step with; version 0: none */
    struct seen seen[MEMORY_SEEN];
    size_t seen_count;
    struct rejected rejected[MEMORY_REJECTED]; /* refused by the server, for a day */
    size_t rejected_count;
    char refused[FINGERPRINT_SIZE]; /* the login whose renewal was refused here; "": none */
    /* The login that the store was last seen to hold in full, and the one that this machine has
     * claimed to renew (relay/renew.h); "": none. */
    char entrusted[FINGERPRINT_SIZE], claimed[FINGERPRINT_SIZE];
    /* The login that was last put, and on top of which version, until it is known what came of it;
     * fingerprint "": nothing. */
    struct seen putting;
};

#define REJECTED_FOR_MS INT64_C(86400000)
#define HOLDER_SIZE     128

/* One value of the store. */
struct stored {
    bool known; /* false: not asked for, or not allowed to see it */
    int64_t version;
    struct login_facts login; /* LOGIN_ABSENT when there is no such value */
    char holder[HOLDER_SIZE]; /* of the renewable value: the machine that renews */
    bool renewing;            /* the holder has claimed it, to renew it now */
};

struct situation {
    const struct login_facts *local;
    const struct stored *shared;
    const struct stored *renewable; /* writers only; not known in the plain layout */
    const struct memory *memory;
    enum role role;
    bool plain;       /* share-refresh-token: one value, the full login */
    bool takes_turns; /* other machines may renew the login that this one holds */
    const char *machine;
    int64_t now; /* ms since 1970 */
};

enum action {
    DO_NOTHING,
    DO_PUBLISH,           /* put the login of this machine into the store; we become its holder */
    DO_FORWARD,           /* put the renewable value's login into the shared value */
    DO_INSTALL_SHARED,    /* put the store's login into the file, without refresh token */
    DO_INSTALL_RENEWABLE, /* put the full login into the file: this machine is its holder */
    DO_WAIT,              /* another machine can bring a login that works */
    DO_HUMAN,             /* only a person can */
    ACTION_COUNT
};

enum reason {
    WHY_SAME,               /* the file and the store hold the same login */
    WHY_STORE_EMPTY,        /* the store has no login yet */
    WHY_STORE_UNUSABLE,     /* the store's value is no login that works */
    WHY_STORE_REJECTED,     /* the server refused the store's login on this machine */
    WHY_SUCCESSOR,          /* a new login on a machine that was in step */
    WHY_LATER,              /* both moved; this machine's is later */
    WHY_STORE_LATER,        /* both moved, or no memory; the store's is later */
    WHY_SUPERSEDED,         /* the file's login is an older one, seen before */
    WHY_EXPIRED,            /* the file's login is expired, the store's is not */
    WHY_LOCAL_UNUSABLE,     /* the file holds no usable login */
    WHY_LOCAL_REJECTED,     /* the server refused the file's login */
    WHY_OLDER_BUT_LIVE,     /* the store's login is newer but expired; the file's still works */
    WHY_READER_KEEPS,       /* a newer login made on a reader: kept, not published */
    WHY_NOT_HOLDER,         /* a refresh token on a machine that does not renew */
    WHY_RENEWAL_NEAR,       /* a refresh token on disk that others may be about to spend */
    WHY_HOLDER_NEEDS_IT,    /* the holder lost the refresh token of its login */
    WHY_HALF_PUBLISHED,     /* the two values of the store disagree */
    WHY_SHARED_HAS_REFRESH, /* the shared value carries a refresh token it must not */
    WHY_NOTHING_WORKS,      /* neither side has a login that works */
    WHY_DEADLINE_PASSED,    /* the month is over */
    REASON_COUNT
};

struct decision {
    enum action action;
    enum reason reason;
};

struct decision decide(const struct situation *s);

/* "publish", ... and "successor", ... for the log and --json; and the reason as half a sentence. */
const char *action_name(enum action a);
const char *reason_name(enum reason r);
const char *reason_text(enum reason r);

/* Is login A, never seen, later than B of the store?  By deadline, then by freshness, then
 * by expiry; an expired one never beats an unexpired one; ties go to B.  For two writers that overwrote each other. */
bool login_beats(const struct login_facts *a, const struct login_facts *b, int64_t now);

/* Is the renewable value's login one that the shared value is still to get: never seen, and later? */
bool login_is_news(const struct login_facts *renewable, const struct login_facts *shared,
                   const struct memory *m, int64_t now);

/* Is a login so near its end that clients are about to refresh it? */
bool login_is_near_end(const struct login_facts *f, int64_t now);

/* The version a login was seen with; 0: never seen. */
int64_t memory_version(const struct memory *m, const char *fingerprint);

/* Remember that the login is no newer than VERSION (the later one counts).  The oldest is forgotten
 * when there is no room. */
void memory_saw(struct memory *m, const char *fingerprint, int64_t version);

/* In step with this value of the store. */
void memory_in_step(struct memory *m, const char *fingerprint, int64_t version);

bool memory_rejects(const struct memory *m, const char *fingerprint);
void memory_reject(struct memory *m, const char *fingerprint, int64_t now);
void memory_forgive(struct memory *m, const char *fingerprint);

#endif
