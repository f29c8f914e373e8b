/* The older set-up, which kept the login in step with scripts: what is left of it on this machine,
 * and how it is put aside.  Nothing is deleted.
 *
 *   - the publisher, a LaunchAgent: stopped, and its file kept beside under another name;
 *   - snapshots, logins in some secrets.json: nothing is known of how such a file is made, so it is
 *     never written, and what looks like a login in it is told;
 *   - the parameter with the full login, refresh token and all: a writer's sync makes two values of
 *     it, and the store's history keeps the version that was. */
#ifndef CREDRELAY_PROVISION_OLDER_H
#define CREDRELAY_PROVISION_OLDER_H

#include "relay/relay.h"

/* ---- the publisher ---- */

#define OLDER_AGENT "com.cc.claude-creds-publisher"

/* Its file, into OUT of LIMIT_PATH bytes; *RET_THERE: whether there is one. */
bool older_agent(char *out, bool *ret_there, struct err *e) MUST_CHECK;

/* Stop it, and rename its file to a name that launchd does not read, which comes to BACKUP of
 * LIMIT_PATH bytes.  That it was not running is no error. */
bool older_retire(const char *agent, char *backup, struct err *e) MUST_CHECK;

/* ---- snapshots ---- */

/* Call FN for everything in the known places of a secrets.json that T takes for a login of its:
 * WHERE is "a.b", the members that lead to it, "" for the whole.  A file that cannot be read, or is
 * no JSON, is passed over. */
typedef void older_snapshot_fn(void *ctx, const char *path, const char *where,
                               const struct login_facts *f);
bool older_snapshots(const struct tool *t, older_snapshot_fn *fn, void *ctx,
                     struct err *e) MUST_CHECK;

/* The same in one text, for tests. */
bool older_snapshots_in(const struct tool *t, const char *path, const char *text, size_t len,
                        older_snapshot_fn *fn, void *ctx, struct err *e) MUST_CHECK;

/* ---- the parameter ---- */

struct older_value {
    bool full; /* a login with its refresh token, where it must not be */
    int64_t version;
};

/* Look at R's shared value.  None there is no error. */
bool older_value(const struct relay *r, struct older_value *ret, struct err *e) MUST_CHECK;

#endif
