#include "relay/lay_down.h"

#include <string.h>

#include "base/clock.h"

bool lay_down_due(const struct relay *r, const struct memory *m, const struct login_facts *login,
                  int64_t now)
{
    return login->state == LOGIN_USABLE && login->renewable && relay_takes_turns(r) &&
           login_is_near_end(login, now) && strcmp(m->entrusted, login->fingerprint) == 0 &&
           strcmp(m->claimed, login->fingerprint) != 0;
}

bool lay_down(const struct relay *r, const struct memory *m, struct err *e)
{
    const struct login_source source = relay_login_source(r);
    struct login full, bare = LOGIN_INIT(LOGIN_ABSENT);
    struct err why;
    if (!login_source_read(&source, &full, &why)) {
        *e = why;
        return false;
    }
    bool ok = !lay_down_due(r, m, &full.facts, clock_wall_ms()) ||
              (login_without_refresh(r->tool, &full, &bare, e) &&
               login_source_write(&source, &full.facts, &bare, e));
    login_free(&full);
    login_free(&bare);
    return ok;
}
