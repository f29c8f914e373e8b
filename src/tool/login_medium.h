/* What holds the text of a login on this machine, and knows nothing of logins: a file, an item of the
 * Keychain.  Private to login_source.c, which reads and writes through it. */
#ifndef CREDRELAY_TOOL_LOGIN_MEDIUM_H
#define CREDRELAY_TOOL_LOGIN_MEDIUM_H

#include "base/limits.h"
#include "tool/login_source.h"

struct login_medium {
    /* As messages name it, into OUT of LIMIT_PATH bytes. */
    void (*name)(const struct login_source *s, char *out);

    /* The whole text to the end of OUT.  *RET: LOGIN_USABLE, there is one, and it says what it is;
     * LOGIN_ABSENT; LOGIN_NOT_A_FILE or LOGIN_UNREADABLE, and WHY says why.  False: out of memory. */
    bool (*load)(const struct login_source *s, struct buf *out, enum login_state *ret,
                 struct err *why);

    /* Put TEXT in its place, whole or not at all.  The caller holds the client's lock. */
    bool (*save)(const struct login_source *s, const struct buf *text, struct err *e);
};

extern const struct login_medium login_in_file, login_in_keychain;

/* May this system and this tool have a login in the Keychain? */
bool login_keychain_is_here(const struct tool *t);

#endif
