/* A run under the wrapper, as run/recover.c makes it, and whose fault it is when it fails. */
#include "sim.h"

enum {
    /* A clock that is 3 min behind, in the last of the places by name, and a first attempt that
     * failed. */
    LATE_MS = 5 * 60000,
    /* A writer that has just woken up, or come back: a first attempt, and a second one. */
    READY_MS = 60000,
    RECOVER_WAIT_MS = 10000 /* as the setting's default */
};

static bool works(const struct machine *m)
{
    return m->local.state == LOGIN_USABLE && !login_expired(&m->local, machine_clock(m)) &&
           !memory_rejects(&m->memory, m->local.fingerprint);
}

/* The client refreshes what is near its end, and after a 401 what it can. */
static void client_refreshes(struct machine *m)
{
    struct login_facts fresh;
    bool due =
        machine_clock(m) > m->local.expires_at - LEAD_WILLING_MS || !vendor_accepts(&m->local);
    if (m->local.state != LOGIN_USABLE || !m->local.renewable || !due)
        return;
    if (vendor_refresh(m->number, m->offset, &m->local, &fresh))
        m->local = fresh;
    else
        m->local.state = LOGIN_BLANK;
    machine_sync(m); /* the watcher sees it */
}

/* Long enough to have renewed what was due. */
static bool any_writer_there(void)
{
    for (int i = 0; i < scenario.writers; i++)
        if (machine_there(&fleet[i]) && fleet[i].there_since <= now - READY_MS)
            return true;
    return false;
}

/* Whose fault was it? */
static void count_failure(const struct machine *m)
{
    const struct made_login *l = login_made(store_shared());
    counts.failed++;
    if (m->cut)
        counts.failed_cut++;
    else if (!any_writer_there())
        counts.failed_asleep++;
    else if (store_claim_is_lost())
        counts.failed_lost++;
    else if (now < l->expires + LATE_MS)
        counts.failed_late++;
    else
        counts.failed_else++;
}

/* It was refused, and has waited for a writer. */
void run_again(struct machine *m)
{
    m->again_at = NEVER;
    machine_sync(m);
    client_refreshes(m);
    if (vendor_accepts(&m->local))
        counts.recovered++;
    else
        count_failure(m);
}

void run_job(struct machine *m)
{
    counts.runs++;
    machine_lay_down(m);
    if (!works(m))
        machine_sync(m);
    machine_lay_down(m);
    client_refreshes(m);
    if (vendor_accepts(&m->local))
        return;
    if (m->local.state == LOGIN_USABLE)
        memory_reject(&m->memory, m->local.fingerprint, machine_clock(m));
    machine_sync(m);
    if (vendor_accepts(&m->local))
        counts.recovered++;
    else
        m->again_at = now + RECOVER_WAIT_MS;
}
