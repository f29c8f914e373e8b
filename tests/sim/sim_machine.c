/* One machine: its watcher, and what befalls it. */
#include <string.h>

#include "sim.h"

/* How long things take, and how often they go wrong. */
enum {
    LATENCY_MS = 300,  /* of a call to the store, at most */
    CLIENT_MS = 4000,  /* until a client has refreshed, at most */
    LEAVE_MS = 2000,   /* as CLAIM_LEAVE_MS */
    CLIENTS_FAIL = 50, /* one of so many does not get to refresh */
    CRASHES = 1000     /* one of so many steps of a renewal is the last one before a reboot */
};

bool machine_there(const struct machine *m)
{
    return m->awake && !m->cut;
}

int64_t machine_clock(const struct machine *m)
{
    return now + m->offset;
}

/* ---- a sync, as relay/engine.c does it ---- */

static struct decision ask(const struct machine *m, const struct stored *shared,
                           const struct stored *renewable)
{
    const struct situation s = {.local = &m->local,
                                .shared = shared,
                                .renewable = renewable,
                                .memory = &m->memory,
                                .role = m->role,
                                .takes_turns = m->role == ROLE_WRITER,
                                .machine = m->name,
                                .now = machine_clock(m)};
    return decide(&s);
}

static void got(struct machine *m, const struct login_facts *l)
{
    if (m->has == serial(l) || serial(l) != store_shared())
        return;
    int64_t since = store_shared_at(), took = now - since;
    m->has = serial(l);
    if (m->there_since == NEVER || m->there_since > since)
        return; /* it was not there all the time */
    counts.within[took <= MINUTE ? 0 : took <= 5 * MINUTE ? 1 : took <= 10 * MINUTE ? 2 : 3]++;
    if (took > counts.slowest)
        counts.slowest = took;
}

static void install(struct machine *m, const struct login_facts *l, int64_t version)
{
    if (m->local.state == LOGIN_USABLE)
        memory_saw(&m->memory, m->local.fingerprint, version);
    m->local = *l;
    memory_in_step(&m->memory, l->fingerprint, version);
}

static void publish(struct machine *m)
{
    store_put_renewable(&m->local, m->number, false);
    int64_t version = store_put_shared(&m->local);
    memory_in_step(&m->memory, m->local.fingerprint, version);
}

static void act(struct machine *m, const struct decision *d, const struct stored *shared,
                const struct stored *renewable)
{
    switch (d->action) {
    case DO_PUBLISH: publish(m); break;
    case DO_FORWARD:
        memory_saw(&m->memory, renewable->login.fingerprint, store_put_shared(&renewable->login));
        break;
    case DO_INSTALL_SHARED: install(m, &shared->login, shared->version); break;
    case DO_INSTALL_RENEWABLE: install(m, &renewable->login, shared->version); break;
    default: break;
    }
}

static bool is_step(const struct decision *d)
{
    return d->action != DO_NOTHING && d->action != DO_WAIT && d->action != DO_HUMAN;
}

/* As stand_in_step() in watch/duty.c. */
static void stand(struct machine *m, const struct stored *shared, const struct stored *renewable)
{
    struct schedule_facts *f = &m->facts;
    const struct login_facts *l = &shared->login;
    bool any = l->state == LOGIN_USABLE;
    f->expires_at = any ? l->expires_at : 0;
    f->deadline = any ? l->deadline : 0;
    f->lacking = !any || memory_rejects(&m->memory, l->fingerprint);
    f->here = !f->lacking && login_same(&m->local, l);
    snprintf(m->standing, sizeof m->standing, "%s", any ? l->fingerprint : "");
    if (m->role == ROLE_READER)
        return;
    f->renews = true;
    f->renewable = login_same(&renewable->login, l) && renewable->login.renewable;
    f->full_here = f->here && m->local.renewable && f->renewable;
    f->claimed = renewable->renewing && strcmp(renewable->holder, m->name) != 0;
    f->place = succession_place("", m->name, renewable->holder);
    f->renewed = strcmp(m->memory.refused, m->standing) == 0 ? RENEWED_REFUSED : RENEWED_NOT_TRIED;
}

static void settle(struct machine *m, const struct decision *d, const struct stored *shared,
                   const struct stored *renewable)
{
    if (d->reason == WHY_SAME)
        memory_in_step(&m->memory, shared->login.fingerprint, shared->version);
    if (m->role == ROLE_WRITER && login_same(&renewable->login, &shared->login) &&
        renewable->login.renewable)
        memcpy(m->memory.entrusted, shared->login.fingerprint, sizeof m->memory.entrusted);
    stand(m, shared, renewable);
    if (m->local.state == LOGIN_USABLE)
        got(m, &m->local);
}

/* As relay/lay_down.c. */
void machine_lay_down(struct machine *m)
{
    struct login_facts *l = &m->local;
    if (l->state == LOGIN_USABLE && l->renewable && m->role == ROLE_WRITER &&
        login_is_near_end(l, machine_clock(m)) &&
        strcmp(m->memory.entrusted, l->fingerprint) == 0 &&
        strcmp(m->memory.claimed, l->fingerprint) != 0)
        l->renewable = false;
}

bool machine_sync(struct machine *m)
{
    struct stored shared, renewable = {.known = false};
    struct decision d;
    m->facts.tried_at = machine_clock(m);
    if (m->cut) {
        m->facts.failing_since = m->facts.failures ? m->facts.failing_since : m->facts.tried_at;
        m->facts.failures++;
        machine_lay_down(m);
        return false;
    }
    count_gets(m->role == ROLE_WRITER ? 2 : 1);
    if (m->local.state == LOGIN_BLANK && m->memory.step.version)
        memcpy(m->memory.refused, m->memory.step.fingerprint, sizeof m->memory.refused);
    for (int step = 0;; step++) {
        store_look(&m->memory, &shared, m->role == ROLE_WRITER ? &renewable : NULL);
        d = ask(m, &shared, &renewable);
        if (!is_step(&d))
            break;
        if (step == 12)
            broken("a sync does not end", m);
        act(m, &d, &shared, &renewable);
    }
    m->facts.failures = 0;
    settle(m, &d, &shared, &renewable);
    return true;
}

/* ---- renewing, as relay/renew.c and relay/claim.c do it ---- */

static void fail_renewal(struct machine *m)
{
    m->phase = NO_RENEWAL;
    m->facts.renew_tried_at = machine_clock(m);
    m->facts.renew_failures = strcmp(m->tried, m->standing) == 0 ? m->facts.renew_failures + 1 : 1;
    memcpy(m->tried, m->standing, sizeof m->tried);
}

static void next_phase(struct machine *m, enum phase phase, int64_t most)
{
    m->phase = phase;
    m->phase_at = now + 1 + random_below(most);
}

static void begin_renewal(struct machine *m)
{
    struct stored shared, renewable;
    if (!machine_sync(m))
        return;
    store_look(&m->memory, &shared, &renewable);
    const struct login_facts *l = &shared.login;
    bool ours = strcmp(renewable.holder, m->name) == 0;
    bool whole = login_same(&renewable.login, l) && renewable.login.renewable;
    int place = succession_place("", m->name, renewable.holder);
    if (!whole || strcmp(m->memory.refused, l->fingerprint) == 0 || (renewable.renewing && !ours) ||
        machine_clock(m) < succession_turn(place, l->expires_at)) {
        fail_renewal(m);
        return;
    }
    m->seen_version = renewable.version;
    m->claiming = renewable.login;
    counts.taken_over += !ours;
    if (renewable.renewing) /* what it had claimed when it crashed */
        memcpy(m->memory.claimed, l->fingerprint, sizeof m->memory.claimed);
    next_phase(m, renewable.renewing ? CLIENT : CLAIM, LATENCY_MS);
}

/* What the claim was put on top of must still be the newest: then it is the first of its kind. */
static void put_claim(struct machine *m)
{
    if (m->cut || store_put_renewable(&m->claiming, m->number, true) != m->seen_version + 1) {
        counts.claims_lost += !m->cut;
        fail_renewal(m);
        return;
    }
    memcpy(m->memory.claimed, m->claiming.fingerprint, sizeof m->memory.claimed);
    next_phase(m, CLIENT, CLIENT_MS);
}

static void run_client(struct machine *m)
{
    struct login_facts fresh;
    m->local = m->claiming;
    if (random_below(CLIENTS_FAIL) == 0) {
        m->local.renewable = false;
        m->memory.claimed[0] = '\0';
        m->phase = GIVE_BACK;
        m->phase_at = now + LEAVE_MS;
    } else if (vendor_refresh(m->number, m->offset, &m->local, &fresh)) {
        m->local = fresh;
        next_phase(m, SAVED, LATENCY_MS);
    } else {
        counts.refused++;
        m->local.state = LOGIN_BLANK;
        machine_sync(m);
        fail_renewal(m);
    }
}

static void publish_renewed(struct machine *m)
{
    int before = store_shared();
    m->phase = NO_RENEWAL;
    machine_sync(m);
    counts.rotations += store_shared() != before;
}

static void give_back(struct machine *m)
{
    struct stored shared, renewable;
    fail_renewal(m);
    if (m->cut)
        return;
    store_look(&m->memory, &shared, &renewable);
    if (renewable.renewing && strcmp(renewable.holder, m->name) == 0)
        store_put_renewable(&renewable.login, m->number, false);
}

static void crash(struct machine *m)
{
    m->phase = NO_RENEWAL;
    m->awake = false;
    m->there_since = NEVER;
    m->again_at = NEVER;
    m->awake_change = now + MINUTE + random_below(30 * MINUTE);
}

static void go_on(struct machine *m)
{
    switch (m->phase) {
    case CLAIM: put_claim(m); break;
    case CLIENT: run_client(m); break;
    case SAVED: publish_renewed(m); break;
    case GIVE_BACK: give_back(m); break;
    default: break;
    }
    if (random_below(CRASHES) == 0)
        crash(m);
}

/* ---- what befalls it ---- */

static void wake_or_sleep(struct machine *m)
{
    m->awake = !m->awake;
    m->awake_change = NEVER;
    if (m->sleeper)
        m->awake_change = now + random_about(m->awake ? 6 * HOUR : 8 * HOUR);
    if (m->phase != NO_RENEWAL && m->phase_at < now)
        m->phase_at = now;
    if (!m->awake)
        return;
    if (m->run_at < now) /* a job does not catch up */
        m->run_at = now + random_below(scenario.run_every);
    m->facts.tried_at = 0; /* the watcher syncs when it wakes up */
}

static void cut_or_mend(struct machine *m)
{
    m->cut = !m->cut;
    m->cut_change = now + random_about(m->cut ? HOUR : 10 * DAY);
}

void machine_log_in(struct machine *m)
{
    machine_sync(m);
    m->local = vendor_login(m->number, m->offset, 0);
    machine_sync(m);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* By the true clock. */
static int64_t truly(const struct machine *m, int64_t at)
{
    return at == NEVER ? NEVER : at - m->offset;
}

static struct schedule schedule(const struct machine *m)
{
    struct schedule_facts f = m->facts;
    f.now = machine_clock(m);
    f.jitter = m->jitter;
    f.fleet_size = (unsigned)scenario.machines;
    if (f.renewed != RENEWED_REFUSED && f.renew_failures && strcmp(m->tried, m->standing) == 0)
        f.renewed = RENEWED_FAILED;
    return schedule_next(&f);
}

static void plan(struct machine *m)
{
    m->next = earlier(m->awake_change, m->cut_change);
    if (!m->awake)
        return;
    struct schedule s = schedule(m);
    m->next = earlier(m->next, earlier(m->run_at, m->again_at));
    if (m->phase != NO_RENEWAL)
        m->next = earlier(m->next, m->phase_at);
    else
        m->next = earlier(m->next, truly(m, s.renew_at));
    m->next = earlier(m->next, truly(m, s.sync_at));
    if (m->next <= now)
        m->next = now + 1;
}

static void act_awake(struct machine *m)
{
    struct schedule s = schedule(m);
    if (m->again_at <= now)
        run_again(m);
    if (m->run_at <= now) {
        m->run_at = now + random_about(scenario.run_every);
        if (m->again_at == NEVER)
            run_job(m);
    }
    if (m->phase != NO_RENEWAL && m->phase_at <= now)
        go_on(m);
    else if (m->phase == NO_RENEWAL && truly(m, s.renew_at) <= now)
        begin_renewal(m);
    else if (truly(m, s.sync_at) <= now)
        machine_sync(m);
}

void machine_act(struct machine *m)
{
    if (m->awake_change <= now)
        wake_or_sleep(m);
    if (m->cut_change <= now)
        cut_or_mend(m);
    bool there = machine_there(m);
    m->there_since = !there ? NEVER : m->there_since == NEVER ? now : m->there_since;
    if (m->awake)
        act_awake(m);
    plan(m);
}

void machine_begin(struct machine *m)
{
    m->awake = true;
    m->local = (struct login_facts){.state = LOGIN_ABSENT, .flaw = ""};
    m->jitter = succession_jitter(m->name);
    m->offset = random_below(6 * MINUTE) - 3 * MINUTE;
    m->awake_change = m->sleeper ? now + random_about(6 * HOUR) : NEVER;
    m->cut_change = now + random_about(10 * DAY);
    m->run_at = now + MINUTE + random_below(scenario.run_every);
    m->again_at = NEVER;
    m->next = m->there_since = now + random_below(HOUR);
}
