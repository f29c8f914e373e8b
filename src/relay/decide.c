#include "relay/decide.h"

#include <string.h>

#include "relay/succession.h"

static const char *const actions[] = {
    [DO_NOTHING] = "nothing",
    [DO_PUBLISH] = "publish",
    [DO_FORWARD] = "forward",
    [DO_INSTALL_SHARED] = "install_shared",
    [DO_INSTALL_RENEWABLE] = "install_renewable",
    [DO_WAIT] = "wait",
    [DO_HUMAN] = "human",
};
_Static_assert(sizeof actions / sizeof actions[0] == ACTION_COUNT, "one name for each action");

static const struct {
    const char *name, *text;
} reasons[] = {
    [WHY_SAME] = {"same", "this machine and the store hold the same login"},
    [WHY_STORE_EMPTY] = {"store_empty", "the store has no login yet"},
    [WHY_STORE_UNUSABLE] = {"store_unusable", "the store's value is not a login that works"},
    [WHY_STORE_REJECTED] = {"store_rejected", "the server refused the store's login"},
    [WHY_SUCCESSOR] = {"successor", "the login here is new"},
    [WHY_LATER] = {"later", "both changed, and the login here is the later one"},
    [WHY_STORE_LATER] = {"store_later", "the store's login is the later one"},
    [WHY_SUPERSEDED] = {"superseded", "the login here is an older one, seen before"},
    [WHY_EXPIRED] = {"expired", "the login here is expired, the store's is not"},
    [WHY_LOCAL_UNUSABLE] = {"local_unusable", "there is no usable login here"},
    [WHY_LOCAL_REJECTED] = {"local_rejected", "the server refused the login here"},
    [WHY_OLDER_BUT_LIVE] = {"older_but_live",
                            "the store's login is newer but expired; the one here still works"},
    [WHY_READER_KEEPS] = {"reader_keeps",
                          "a newer login was made on this reader: kept here, not published"},
    [WHY_NOT_HOLDER] = {"not_holder", "another machine renews this login"},
    [WHY_RENEWAL_NEAR] = {"renewal_near",
                          "the login is about to be renewed, by one machine at a time"},
    [WHY_HOLDER_NEEDS_IT] = {"holder_needs_it", "this machine renews the login"},
    [WHY_HALF_PUBLISHED] = {"half_published", "a publication was cut short"},
    [WHY_SHARED_HAS_REFRESH] = {"shared_has_refresh",
                                "the shared value carries a refresh token it must not"},
    [WHY_NOTHING_WORKS] = {"nothing_works",
                           "neither this machine nor the store has a login that works"},
    [WHY_DEADLINE_PASSED] = {"deadline_passed", "the login has reached its time limit"},
};
_Static_assert(sizeof reasons / sizeof reasons[0] == REASON_COUNT, "one row for each reason");

const char *action_name(enum action a)
{
    return actions[a];
}

const char *reason_name(enum reason r)
{
    return reasons[r].name;
}

const char *reason_text(enum reason r)
{
    return reasons[r].text;
}

static struct decision answer(enum action a, enum reason r)
{
    return (struct decision){a, r};
}

/* ---- facts about one login ---- */

static bool usable(const struct login_facts *f)
{
    return f->state == LOGIN_USABLE;
}

static bool rejected(const struct situation *s, const struct login_facts *f)
{
    return usable(f) && memory_rejects(s->memory, f->fingerprint);
}

/* Can be installed, can be published. */
static bool good(const struct situation *s, const struct login_facts *f)
{
    return usable(f) && !rejected(s, f);
}

bool login_beats(const struct login_facts *a, const struct login_facts *b, int64_t now)
{
    if (login_expired(a, now) != login_expired(b, now))
        return login_expired(b, now);
    if (a->deadline && b->deadline && a->deadline != b->deadline)
        return a->deadline > b->deadline;
    if (a->fresh_at && b->fresh_at && a->fresh_at != b->fresh_at)
        return a->fresh_at > b->fresh_at;
    return a->expires_at > b->expires_at;
}

bool login_is_news(const struct login_facts *renewable, const struct login_facts *shared,
                   const struct memory *m, int64_t now)
{
    return usable(renewable) && memory_version(m, renewable->fingerprint) == 0 &&
           (!usable(shared) || memory_rejects(m, shared->fingerprint) ||
            login_beats(renewable, shared, now));
}

bool login_is_near_end(const struct login_facts *f, int64_t now)
{
    return f->expires_at && f->expires_at - now < LEAD_LAY_DOWN_MS;
}

/* ---- facts about the situation ---- */

static bool writer(const struct situation *s)
{
    return s->role == ROLE_WRITER;
}

static bool in_step(const struct situation *s)
{
    return s->memory->step.version != 0 && s->memory->step.version == s->shared->version;
}

/* The renewable value holds the full form of the shared login. */
static bool whole(const struct situation *s)
{
    return s->renewable->known && login_same(&s->renewable->login, &s->shared->login);
}

static bool holder(const struct situation *s)
{
    return s->renewable->known && strcmp(s->renewable->holder, s->machine) == 0;
}

/* This machine has claimed the login, and the claim stands. */
static bool claimed(const struct situation *s)
{
    return holder(s) && s->renewable->renewing &&
           strcmp(s->memory->claimed, s->renewable->login.fingerprint) == 0;
}

/* Is it too late for a refresh token to lie on the disk?  Clients refresh of their own accord now,
 * and others take over what this machine does not renew. */
static bool too_late(const struct situation *s)
{
    return s->takes_turns && login_is_near_end(&s->shared->login, s->now);
}

/* Is the file's login an earlier one than the newest that the store has had?  A value that is no
 * login at all supersedes nothing by itself. */
static bool superseded(const struct situation *s)
{
    int64_t place = memory_version(s->memory, s->local->fingerprint);
    if (place == 0)
        return false;
    if (usable(&s->shared->login))
        return true;
    for (size_t i = 0; i < s->memory->seen_count; i++)
        if (s->memory->seen[i].version > place)
            return true;
    return false;
}

static struct decision install(const struct situation *s, enum reason why)
{
    bool full = writer(s) && !s->plain && whole(s) && holder(s) && s->renewable->login.renewable &&
                !too_late(s) && strcmp(s->memory->refused, s->shared->login.fingerprint) != 0;
    return answer(full ? DO_INSTALL_RENEWABLE : DO_INSTALL_SHARED, why);
}

/* Neither side has anything to offer: who could? */
static struct decision hopeless(const struct situation *s, enum reason why)
{
    int64_t deadline = usable(s->local) ? s->local->deadline : 0;
    if (usable(&s->shared->login) && s->shared->login.deadline > deadline)
        deadline = s->shared->login.deadline;
    if (deadline && deadline <= s->now)
        return answer(DO_HUMAN, WHY_DEADLINE_PASSED);
    bool another = s->renewable->known && usable(&s->renewable->login) &&
                   (!holder(s) || s->renewable->renewing);
    return answer(!writer(s) || another ? DO_WAIT : DO_HUMAN, why);
}

/* ---- the cases ---- */

/* The store's two values disagree: a publication was cut short between them, or two writers
 * overwrote each other.  True: *ret is the next step. */
static bool settle_store(const struct situation *s, struct decision *ret)
{
    const struct login_facts *half = &s->renewable->login, *shared = &s->shared->login;
    if (!writer(s) || s->plain || !s->renewable->known || !good(s, half) || whole(s))
        return false;
    if (!login_is_news(half, shared, s->memory, s->now))
        return false; /* left behind; whoever has the shared login's full form puts it right */
    bool ours = good(s, s->local) && !login_same(s->local, half) && !superseded(s) &&
                !login_same(s->local, shared) && login_beats(s->local, half, s->now);
    *ret = ours ? answer(DO_PUBLISH, WHY_LATER) : answer(DO_FORWARD, WHY_HALF_PUBLISHED);
    return true;
}

static enum reason what_ails_the_store(const struct situation *s)
{
    if (s->shared->login.state == LOGIN_ABSENT)
        return WHY_STORE_EMPTY;
    return rejected(s, &s->shared->login) ? WHY_STORE_REJECTED : WHY_STORE_UNUSABLE;
}

static struct decision store_has_nothing(const struct situation *s)
{
    enum reason why = what_ails_the_store(s);
    if (!good(s, s->local))
        return hopeless(s, why == WHY_STORE_EMPTY ? why : WHY_NOTHING_WORKS);
    bool of_use = s->local->renewable || !login_expired(s->local, s->now);
    if (!of_use)
        return hopeless(s, WHY_NOTHING_WORKS);
    return answer(writer(s) && !superseded(s) ? DO_PUBLISH : DO_NOTHING, why);
}

/* File and store hold the same login: is each in the form it should have? */
static struct decision same_login(const struct situation *s)
{
    const struct login_facts *local = s->local, *shared = &s->shared->login;
    if (s->plain) {
        if (writer(s) && local->renewable && !shared->renewable)
            return answer(DO_PUBLISH, WHY_HALF_PUBLISHED);
        if (!local->renewable && shared->renewable &&
            strcmp(s->memory->refused, shared->fingerprint) != 0)
            return answer(DO_INSTALL_SHARED, WHY_HOLDER_NEEDS_IT);
        return answer(DO_NOTHING, WHY_SAME);
    }
    if (!writer(s))
        return local->renewable ? answer(DO_INSTALL_SHARED, WHY_NOT_HOLDER)
                                : answer(DO_NOTHING, WHY_SAME);
    if (!s->renewable->known)
        return answer(DO_NOTHING, WHY_SAME);
    if (local->renewable && (!whole(s) || !s->renewable->login.renewable))
        return answer(DO_PUBLISH, WHY_HALF_PUBLISHED);
    if (whole(s) && holder(s) && !local->renewable) {
        struct decision full = install(s, WHY_HOLDER_NEEDS_IT);
        if (full.action == DO_INSTALL_RENEWABLE)
            return full;
    }
    if (whole(s) && !holder(s) && local->renewable)
        return answer(DO_INSTALL_SHARED, WHY_NOT_HOLDER);
    if (whole(s) && local->renewable && too_late(s) && !claimed(s))
        return answer(DO_INSTALL_SHARED, WHY_RENEWAL_NEAR);
    if (shared->renewable && whole(s))
        return answer(DO_FORWARD, WHY_SHARED_HAS_REFRESH);
    return answer(DO_NOTHING, WHY_SAME);
}

/* A usable login here that the store has never had. */
static struct decision never_seen(const struct situation *s)
{
    const struct login_facts *local = s->local, *shared = &s->shared->login;
    if (login_expired(local, s->now) && !login_expired(shared, s->now))
        return install(s, WHY_EXPIRED);
    bool step = in_step(s);
    if (!step && !login_beats(local, shared, s->now))
        return install(s, WHY_STORE_LATER);
    if (!writer(s))
        return answer(DO_NOTHING, WHY_READER_KEEPS);
    return answer(DO_PUBLISH, step ? WHY_SUCCESSOR : WHY_LATER);
}

struct decision decide(const struct situation *s)
{
    const struct login_facts *local = s->local, *shared = &s->shared->login;
    struct decision settled;
    if (settle_store(s, &settled))
        return settled;
    if (!good(s, shared))
        return store_has_nothing(s);
    if (login_same(local, shared))
        return same_login(s);
    if (!usable(local))
        return install(s, WHY_LOCAL_UNUSABLE);
    if (rejected(s, local))
        return install(s, WHY_LOCAL_REJECTED);
    if (!superseded(s))
        return never_seen(s);
    if (login_expired(shared, s->now) && !login_expired(local, s->now))
        return answer(DO_NOTHING, WHY_OLDER_BUT_LIVE);
    return install(s, WHY_SUPERSEDED);
}
