/* A relay is one login kept alive: a tool, a store, this machine's role, as the configuration says
 * (credrelay.conf(5)).
 *
 *   struct relay r;
 *   if (!relay_load(NULL, &r, &e)) ...      the first one, or `claude` with its defaults
 *   relay_free(&r);
 *
 * Loading reads the configuration and the environment and touches nothing else; the store's helper
 * is looked for when it is needed (store_open). */
#ifndef CREDRELAY_RELAY_RELAY_H
#define CREDRELAY_RELAY_RELAY_H

#include "relay/decide.h"
#include "store/store.h"
#include "tool/login_source.h"

enum retry { RETRY_SAFE, RETRY_ALWAYS, RETRY_NEVER, RETRY_COUNT };

enum { RELAY_NAME_SIZE = 64, MOST_RELAYS = 32 };

struct relay {
    char name[RELAY_NAME_SIZE];
    char machine[HOLDER_SIZE];
    char tool_name[64];
    const struct tool *tool;
    enum role role;
    bool plain; /* share-refresh-token */
    enum retry retry;
    int64_t timeout_ms;      /* of one call to the store */
    int64_t preflight_ms;    /* of what may go before a run */
    int64_t recover_wait_ms; /* for a writer to publish, after a failed run */
    char writers[1024];      /* "a, b, c": the order of succession; "": by name (succession.h) */
    int64_t fleet_size;      /* machines that ask the store */
    bool renews;             /* this machine may run the renew command */
    char renew_command[512]; /* instead of the tool's own; "": that one */
    int64_t log_size;        /* of a file of the log, in bytes */
    int64_t log_keep;        /* files it was rotated into that are kept */
    char store_url[1024];
    jv *store_options; /* what the section says to the store: profiles, keys */
    char login_path[LIMIT_PATH];
    enum login_place login_place; /* login-source */
    char state_dir[LIMIT_PATH];
};

/* NAME: NULL for the only one, or `claude`.  Errors name the file, the line and the setting. */
bool relay_load(const char *name, struct relay *ret, struct err *e) MUST_CHECK;

/* The first section whose tool is TOOL; with none, the defaults in a relay of the tool's name. */
bool relay_load_of_tool(const char *tool, struct relay *ret, struct err *e) MUST_CHECK;

void relay_free(struct relay *r);

/* May a section, and with it files of the state, be called so? */
bool relay_name_ok(const char *name);
/* Add to E which would be one.  Returns false. */
bool relay_name_hint(const char *name, struct err *e);

/* May other machines renew the login that this one holds?  Then it leaves its refresh token lying only
 * while nobody can want it, and claims it before it is spent (relay/renew.h).  No: a store of this
 * machine's own, `writers` with this one alone, one value for all, or a tool that cannot be made to
 * renew. */
bool relay_takes_turns(const struct relay *r);

/* Where R's login is on this machine; as long as R is there. */
struct login_source relay_login_source(const struct relay *r);

/* The names of all relays of the configuration, in its order; `claude` when it has none. */
struct relay_names {
    char name[MOST_RELAYS][RELAY_NAME_SIZE];
    size_t count;
};

bool relay_names(struct relay_names *ret, struct err *e) MUST_CHECK;

/* May a section NAME be added to TEXT, the content of the configuration PATH?  ERR_INVALID: beside what
 * is there it could not be loaded. */
bool relay_may_be_added(const char *name, const char *path, const struct buf *text,
                        struct err *e) MUST_CHECK;

/* The file the configuration is read from (LIMIT_PATH bytes); it need not exist. */
bool relay_config_path(char *out, struct err *e) MUST_CHECK;

/* A file of this relay in the state folder: "claude.json", "claude.lock". */
bool relay_state_path(const struct relay *r, const char *suffix, char *out,
                      struct err *e) MUST_CHECK;

const char *role_name(enum role r);

/* ---- the settings, for help and the manual ---- */

struct setting {
    const char *key;
    const char *fallback; /* as written in the file; "" none */
    const char *takes;    /* "reader|writer", "DURATION", ... */
    const char *help;
};

/* What a section may say, one by one; NULL after the last. */
const struct setting *relay_setting(size_t i);

#endif
