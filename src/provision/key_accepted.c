#include "provision/key_accepted.h"

#include "base/clock.h"

/* New keys are known everywhere after 5 s on average, 15 s at worst; then nobody waits any more. */
enum { ACCEPT_WITHIN_MS = 90000, PAUSE_FIRST_MS = 100, PAUSE_LONGEST_MS = 2000 };

/* One answer is one server's: it must be accepted so often in a row. */
enum { ACCEPTED_TIMES = 2 };

static bool is_accepted(const struct aws_admin *own, const struct aws_key *key, struct err *e)
{
    struct aws_identity me;
    return aws_admin_identity(own, key, &me, e) && aws_admin_probe(own, key, e);
}

/* What a key that is too new meets, or a network that is slow. */
static bool may_pass(const struct err *e)
{
    return e->code == ERR_BAD_CREDENTIALS || e->code == ERR_DENIED || e->code == ERR_THROTTLED ||
           e->code == ERR_UNREACHABLE;
}

bool key_wait_until_accepted(const struct aws_admin *own, const struct aws_key *key, struct err *e)
{
    int64_t give_up = clock_steady_ms() + ACCEPT_WITHIN_MS, pause = PAUSE_FIRST_MS;
    for (int times = 0;; clock_sleep_ms(pause)) {
        struct err why;
        bool ok = is_accepted(own, key, &why);
        times = ok ? times + 1 : 0;
        if (times == ACCEPTED_TIMES)
            return true;
        if (ok)
            continue;
        if (!may_pass(&why) || clock_steady_ms() + pause > give_up) {
            *e = why;
            err_context(e, "the new key is not accepted");
            return err_hint(e, "it is kept; the same command again goes on from here");
        }
        pause = pause * 2 < PAUSE_LONGEST_MS ? pause * 2 : PAUSE_LONGEST_MS;
    }
}
