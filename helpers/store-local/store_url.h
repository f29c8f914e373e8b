/* Where `local:[PATH]` keeps its database.  Pure: what the environment says is passed in. */
#ifndef CREDRELAY_STORE_LOCAL_STORE_URL_H
#define CREDRELAY_STORE_LOCAL_STORE_URL_H

#include "base/err.h"

/* The absolute path of the database of URL into OUT of LIMIT_PATH bytes.
 *   local:               STATE_HOME/credrelay/store.db, or HOME/.local/state/credrelay/store.db
 *   local:~/login.db     in HOME
 *   local:/srv/login.db  as it stands
 * HOME and STATE_HOME (XDG_STATE_HOME) may be NULL; like the XDG specification says, one that is
 * not absolute counts as not set.  Errors: ERR_INVALID for a relative path or a folder. */
bool store_url_path(const char *url, const char *home, const char *state_home, char *out,
                    struct err *e) MUST_CHECK;

#endif
