#include "journal/outcome.h"

#include <string.h>

#define NOTHING_REACH (64 << 10)

static const char *const outcomes[] = {
    [OUTCOME_OTHER] = "other",   [OUTCOME_NOTHING] = "nothing", [OUTCOME_PUBLISHED] = "published",
    [OUTCOME_PULLED] = "pulled", [OUTCOME_REFUSED] = "refused", [OUTCOME_RECOVERED] = "recovered",
    [OUTCOME_FAILED] = "failed",
};
_Static_assert(sizeof outcomes / sizeof outcomes[0] == OUTCOME_COUNT, "one name for each outcome");

const char *outcome_name(enum outcome o)
{
    return outcomes[o];
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; text && *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static enum outcome of_sync(const jv *members)
{
    static const char *const puts[] = {"publish", "forward", NULL};
    static const char *const installs[] = {"install_shared", "install_renewable", NULL};
    const char *did = jv_text(members, "did");
    if (is_one_of(did, puts))
        return OUTCOME_PUBLISHED;
    if (is_one_of(did, installs))
        return OUTCOME_PULLED;
    return jv_flag(members, "ok") ? OUTCOME_NOTHING : OUTCOME_REFUSED;
}

/* A run that ended well, or for another reason than its login, is no failure of the login's. */
static enum outcome of_run(const jv *members)
{
    static const char *const of_the_login[] = {"lapsed", "overridden", "forbidden", NULL};
    if (jv_flag(members, "recovery_succeeded"))
        return OUTCOME_RECOVERED;
    return is_one_of(jv_text(members, "verdict"), of_the_login) ? OUTCOME_FAILED : OUTCOME_OTHER;
}

enum outcome journal_outcome(const struct journal_event *ev)
{
    static const char *const syncs[] = {"publish", "pull", "sync", NULL};
    if (is_one_of(ev->name, syncs))
        return of_sync(ev->members);
    return strcmp(ev->name, "run") == 0 ? of_run(ev->members) : OUTCOME_OTHER;
}

static bool note(void *ctx, const struct journal_event *ev)
{
    struct journal_latest *l = ctx;
    enum outcome o = journal_outcome(ev);
    if (!l->event[o]) {
        l->event[o] = jv_copy(ev->members);
        l->at[o] = ev->at;
    }
    for (int i = OUTCOME_NOTHING; i < OUTCOME_COUNT; i++)
        if (!l->event[i])
            return true;
    return false;
}

/* Syncs with nothing to do are most of the log and not worth parsing each: one is enough. */
static bool note_first(void *ctx, const struct journal_event *ev)
{
    note(ctx, ev);
    return !((struct journal_latest *)ctx)->event[OUTCOME_NOTHING];
}

bool journal_latest(const char *state_dir, const char *relay, struct journal_latest *ret,
                    struct err *e)
{
    static const char *const names[] = {"publish", "pull", "sync", "run", NULL};
    const struct journal_wanted near = {.relay = relay, .names = names, .reach = NOTHING_REACH};
    const struct journal_wanted far = {
        .relay = relay, .names = names, .except = "\"did\":\"nothing\"", .reach = LATEST_REACH};
    *ret = (struct journal_latest){.at = {0}};
    if (journal_read(state_dir, JOURNAL_NEWEST_FIRST, &near, note_first, ret, e) &&
        journal_read(state_dir, JOURNAL_NEWEST_FIRST, &far, note, ret, e))
        return true;
    journal_latest_free(ret);
    return false;
}

void journal_latest_free(struct journal_latest *l)
{
    for (int i = 0; i < OUTCOME_COUNT; i++)
        jv_free(l->event[i]);
    *l = (struct journal_latest){.at = {0}};
}
