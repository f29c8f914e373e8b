#include "provision/rotation.h"

#include <string.h>

/* Between noting that a key will be made and its date by AWS's clock: whole seconds on both sides,
 * and the longest that the call may take. */
enum { EARLIEST_MS = 2000, LATEST_MS = 120000 };

/* IAM is consistent eventually: until then a key that it made may be missing from its list. */
enum { SETTLED_MS = 20000 };

static const char *const step_names[] = {
    [ROTATION_MAKE] = "make",
    [ROTATION_DISCARD] = "discard",
    [ROTATION_INSTALL] = "install",
    [ROTATION_VERIFY] = "verify",
    [ROTATION_DEACTIVATE] = "deactivate",
    [ROTATION_DELETE] = "delete",
    [ROTATION_FORGET] = "forget",
    [ROTATION_LOOK_AGAIN] = "look_again",

    [ROTATION_WAIT] = "wait",
    [ROTATION_KEPT] = "kept",
    [ROTATION_DONE] = "done",
    [ROTATION_REFUSE] = "refuse",
};
_Static_assert(sizeof step_names / sizeof step_names[0] == ROTATION_STEP_COUNT,
               "one name for each step");

static const char *const reason_names[] = {
    [ROTATION_FRESH] = "fresh",
    [ROTATION_NO_KEY] = "no_key",
    [ROTATION_INTERRUPTED] = "interrupted",
    [ROTATION_REPLACED] = "replaced",
    [ROTATION_UNDER_WAY] = "under_way",
    [ROTATION_AWAITED] = "awaited",
    [ROTATION_GONE] = "gone",
    [ROTATION_VOID] = "void",
    [ROTATION_COMPLETE] = "complete",
    [ROTATION_NOTHING] = "nothing",
    [ROTATION_HAS_KEY] = "has_key",
    [ROTATION_ELSEWHERE] = "elsewhere",
    [ROTATION_NOT_ITS_KEY] = "not_its_key",
    [ROTATION_UNFINISHED] = "unfinished",
    [ROTATION_TWO_NEWER] = "two_newer",
    [ROTATION_TWO_OLDER] = "two_older",
    [ROTATION_WENT_BACK] = "went_back",
};
_Static_assert(sizeof reason_names / sizeof reason_names[0] == ROTATION_REASON_COUNT,
               "one name for each reason");

const char *rotation_step_name(enum rotation_step s)
{
    return step_names[s];
}

const char *rotation_reason_name(enum rotation_reason r)
{
    return reason_names[r];
}

typedef struct rotation_decision decision;

static decision answer(enum rotation_step step, enum rotation_reason reason, const char *key)
{
    return (decision){step, reason, key};
}

static const struct aws_key_row *find(const struct aws_key_list *keys, const char *id)
{
    for (size_t i = 0; *id && i < keys->count; i++)
        if (strcmp(keys->key[i].id, id) == 0)
            return &keys->key[i];
    return NULL;
}

/* The key that is not ID; NULL: there is none. */
static const struct aws_key_row *other(const struct aws_key_list *keys, const char *id)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->key[i].id, id) != 0)
            return &keys->key[i];
    return NULL;
}

static bool settled(const struct rotation_facts *f)
{
    return f->keys->now - f->note->began >= SETTLED_MS;
}

/* ---- a rotation whose new key is noted ---- */

/* The profile has the new key, and it worked: what about the old one? */
static decision retire(const struct rotation_facts *f)
{
    const struct rotation_note *n = f->note;
    const struct aws_key_row *old = find(f->keys, n->old_id);
    if (!old || strcmp(n->old_id, n->new.id) == 0)
        return answer(ROTATION_FORGET, ROTATION_COMPLETE, n->new.id);
    if (n->awaited[0])
        return answer(ROTATION_WAIT, ROTATION_AWAITED, n->old_id);
    if (old->active && f->now < n->until)
        return answer(ROTATION_WAIT, ROTATION_UNDER_WAY, n->old_id);
    if (old->active)
        return answer(ROTATION_DEACTIVATE, ROTATION_UNDER_WAY, n->old_id);
    return answer(f->finish ? ROTATION_DELETE : ROTATION_KEPT, ROTATION_UNDER_WAY, n->old_id);
}

static decision go_on(const struct rotation_facts *f)
{
    const struct rotation_note *n = f->note;
    bool has_new = strcmp(f->profile_key, n->new.id) == 0;
    bool has_old = strcmp(f->profile_key, n->old_id) == 0;
    if (!find(f->keys, n->new.id) && settled(f))
        return answer(ROTATION_FORGET, ROTATION_GONE, n->new.id);
    if (has_new)
        return n->new.secret ? answer(ROTATION_VERIFY, ROTATION_UNDER_WAY, n->new.id) : retire(f);
    /* Somebody put a third key there, by hand or by an invitation: then that one counts. */
    if (!has_old && find(f->keys, f->profile_key))
        return n->new.secret ? answer(ROTATION_DISCARD, ROTATION_REPLACED, n->new.id)
                             : answer(ROTATION_FORGET, ROTATION_REPLACED, n->new.id);
    if (n->new.secret)
        return answer(ROTATION_INSTALL, ROTATION_UNDER_WAY, n->new.id);
    /* Other machines may have the new key by now; its secret is not here any more. */
    return answer(ROTATION_REFUSE, ROTATION_WENT_BACK, n->new.id);
}

/* ---- one that was stopped while a key was being made ---- */

static bool was_known(const struct rotation_note *n, const char *id)
{
    return strcmp(n->known[0], id) == 0 || strcmp(n->known[1], id) == 0;
}

static decision look_for_orphan(const struct rotation_facts *f)
{
    const struct rotation_note *n = f->note;
    for (size_t i = 0; i < f->keys->count; i++) {
        const struct aws_key_row *k = &f->keys->key[i];
        if (!was_known(n, k->id) && strcmp(k->id, f->profile_key) != 0 &&
            k->created >= n->began - EARLIEST_MS && k->created <= n->began + LATEST_MS)
            return answer(ROTATION_DISCARD, ROTATION_INTERRUPTED, k->id);
    }
    return answer(settled(f) ? ROTATION_FORGET : ROTATION_LOOK_AGAIN, ROTATION_VOID, "");
}

/* ---- nothing noted ---- */

static decision two_keys(const struct rotation_facts *f, const struct aws_key_row *mine,
                         const struct aws_key_row *second)
{
    bool older = second->created <= mine->created;
    if (older && !second->active)
        return answer(f->finish ? ROTATION_DELETE : ROTATION_REFUSE, ROTATION_UNFINISHED,
                      second->id);
    return answer(ROTATION_REFUSE, older ? ROTATION_TWO_OLDER : ROTATION_TWO_NEWER, second->id);
}

static decision begin(const struct rotation_facts *f)
{
    const struct aws_key_row *mine = find(f->keys, f->profile_key);
    if (!*f->profile_key && f->keys->count == 0 && !f->finish)
        return answer(ROTATION_MAKE, ROTATION_NO_KEY, "");
    if (!*f->profile_key)
        return answer(ROTATION_REFUSE, ROTATION_ELSEWHERE,
                      f->keys->count ? f->keys->key[0].id : "");
    if (!mine)
        return answer(ROTATION_REFUSE, ROTATION_NOT_ITS_KEY, f->profile_key);
    if (f->first)
        return answer(ROTATION_DONE, ROTATION_HAS_KEY, f->profile_key);
    const struct aws_key_row *second = other(f->keys, mine->id);
    if (second)
        return two_keys(f, mine, second);
    return f->finish ? answer(ROTATION_DONE, ROTATION_NOTHING, f->profile_key)
                     : answer(ROTATION_MAKE, ROTATION_FRESH, f->profile_key);
}

decision rotation_next(const struct rotation_facts *f)
{
    if (f->note->new.id[0])
        return go_on(f);
    return f->note->began ? look_for_orphan(f) : begin(f);
}
