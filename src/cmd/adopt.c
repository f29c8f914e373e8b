#include "cmd/adopt.h"

#include <stdio.h>
#include <string.h>

#include "cmd/set_up.h"
#include "provision/older.h"

/* ---- the publisher ---- */

static void adopt_agent(struct steps *s, bool watched)
{
    char agent[LIMIT_PATH], backup[LIMIT_PATH];
    bool there = false, dry_run = s->o->dry_run;
    struct err e;
    bool ok = older_agent(agent, &there, &e);
    if (ok && there && watched && !dry_run)
        ok = older_retire(agent, backup, &e);
    if (!ok)
        steps_fail(s, "publisher", &e);
    else if (!there)
        steps_tell(s, "publisher", STEP_THERE, "%s: not here", OLDER_AGENT);
    else if (!watched)
        steps_tell(s, "publisher", STEP_LEFT, "%s: stays, since no service takes its place", agent);
    else if (dry_run)
        steps_tell(s, "publisher", STEP_WOULD,
                   "%s: would be stopped, and kept as %s.plist.credrelay-backup", agent,
                   OLDER_AGENT);
    else
        steps_tell(s, "publisher", STEP_DONE, "%s: stopped, and kept as %s", OLDER_AGENT, backup);
}

/* ---- snapshots ---- */

struct snapshots {
    struct steps *steps;
    unsigned count;
};

static void tell_snapshot(void *ctx, const char *path, const char *where,
                          const struct login_facts *f)
{
    struct snapshots *found = ctx;
    char which[FINGERPRINT_SHOWN + 4] = "";
    found->count++;
    if (f->state == LOGIN_USABLE)
        snprintf(which, sizeof which, " (%.*s)", FINGERPRINT_SHOWN, f->fingerprint);
    steps_tell(found->steps, "snapshot", STEP_LEFT,
               "%s: %s holds a login%s; it is left: take it out once nothing reads it", path,
               *where ? where : "it", which);
}

static void adopt_snapshots(struct steps *s, const struct tool *t)
{
    struct snapshots found = {s, 0};
    struct err e;
    if (!older_snapshots(t, tell_snapshot, &found, &e))
        steps_fail(s, "snapshot", &e);
    else if (found.count == 0)
        steps_tell(s, "snapshot", STEP_THERE, "no login in a secrets.json");
}

/* ---- the parameter ---- */

static void adopt_login(struct steps *s, const struct relay *r, const struct older_value *was)
{
    struct older_value is;
    struct err e;
    set_up_login(s, r->name, INTENT_SYNC);
    if (!older_value(r, &is, &e))
        steps_fail(s, "parameter", &e);
    else if (is.full)
        steps_tell(s, "parameter", STEP_LEFT,
                   "%s holds the full login; the machine that has this login makes two values of "
                   "it: credrelay sync there",
                   r->store_url);
    else
        steps_tell(s, "parameter", STEP_DONE,
                   "%s: without the refresh token now; version %lld, with it, is in the history",
                   r->store_url, (long long)was->version);
}

static void adopt_value(struct steps *s, const struct relay *r)
{
    struct older_value was;
    struct err e;
    if (!older_value(r, &was, &e))
        steps_fail(s, "parameter", &e);
    else if (!was.full)
        steps_tell(s, "parameter", STEP_THERE, "%s: no refresh token in it", r->store_url);
    else if (r->role == ROLE_READER)
        steps_tell(s, "parameter", STEP_LEFT,
                   "%s holds the full login: a writer makes two values of it: credrelay init "
                   "--adopt there",
                   r->store_url);
    else if (s->o->dry_run)
        steps_tell(s, "parameter", STEP_WOULD,
                   "%s holds the full login: would become two values; version %lld stays in the "
                   "history",
                   r->store_url, (long long)was.version);
    else
        adopt_login(s, r, &was);
}

void adopt(struct steps *s, const struct section *section, bool watched)
{
    struct relay r;
    struct err e;
    if (!section_relay(section, &r, &e)) {
        steps_fail(s, "parameter", &e);
        return;
    }
    adopt_agent(s, watched);
    adopt_snapshots(s, r.tool);
    adopt_value(s, &r);
    relay_free(&r);
}
