/* Random fleets: machines that sync, renew, log in, lose their files, their memory and their
 * connection in every order, with a store that compares and swaps.  Whatever happens:
 *
 *   - the store never holds a blank login, nor one that was already superseded;
 *   - no machine is given a login it knows to be rejected, nor an earlier one than it had;
 *   - in the end every machine has the store's login, and one machine at most can renew it;
 *   - where every login was made in step with the store, that is the last one made.
 *
 * The steps are taken as engine.c takes them; what it adds (files, helpers, races without
 * compare-and-swap) is for the system tests.  A failure prints its seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "situations.h"

enum { MOST_MACHINES = 6, MOST_LOGINS = 400, FLEETS = 20000, EVENTS = 60 };

struct machine {
    char name[8];
    enum role role;
    struct login_facts local;
    struct memory memory;
    bool amnesia; /* it has lost its memory at some time */
};

struct fleet {
    unsigned seed;
    bool careful; /* a person logs in only on a machine that is in step */
    bool deadlines;
    int64_t now;
    int machines;
    struct machine machine[MOST_MACHINES];
    struct stored shared, renewable;
    struct seen history[MOST_LOGINS * 2];
    int history_count;
    int made; /* logins made so far; each has its serial number for a name */
    struct login_facts login[MOST_LOGINS];
    bool superseded[MOST_LOGINS]; /* by a later value of the store */
    bool dead[MOST_LOGINS];       /* the server refuses it */
};

static unsigned random_below(struct fleet *f, unsigned n)
{
    f->seed = f->seed * 1664525u + 1013904223u;
    return (f->seed >> 8) % n;
}

static int serial(const struct login_facts *f)
{
    return f->state == LOGIN_USABLE ? (int)strtol(f->fingerprint + 48, NULL, 16) : -1;
}

static struct login_facts make_login(struct fleet *f, int hours, int64_t deadline)
{
    struct login_facts l = {.state = LOGIN_USABLE, .flaw = "", .renewable = true};
    l.expires_at = f->now + hours * HOUR + (int64_t)random_below(f, 1000);
    l.deadline = deadline;
    snprintf(l.fingerprint, sizeof l.fingerprint, "%064x", (unsigned)f->made);
    return f->login[f->made++] = l;
}

/* ---- the store ---- */

static void put_shared(struct fleet *f, const struct login_facts *l)
{
    int before = serial(&f->shared.login), after = serial(l);
    assert_true(after >= 0);
    assert_false(f->superseded[after]);
    if (before >= 0 && before != after)
        f->superseded[before] = true;
    f->shared.version++;
    f->shared.login = *l;
    f->shared.login.renewable = false;
    struct seen *h = &f->history[f->history_count++];
    memcpy(h->fingerprint, l->fingerprint, sizeof h->fingerprint);
    h->version = f->shared.version;
}

/* ---- one sync of one machine, as engine.c does it ---- */

static struct decision ask(struct fleet *f, struct machine *m)
{
    struct stored unknown = {.known = false};
    const struct situation s = {
        .local = &m->local,
        .shared = &f->shared,
        .renewable = m->role == ROLE_WRITER ? &f->renewable : &unknown,
        .memory = &m->memory,
        .role = m->role,
        .machine = m->name,
        .now = f->now,
    };
    struct decision d = decide(&s);
    if (d.action == DO_PUBLISH && f->shared.version && d.reason != WHY_HALF_PUBLISHED) {
        for (int i = 0; i < f->history_count; i++)
            memory_saw(&m->memory, f->history[i].fingerprint, f->history[i].version);
        d = decide(&s);
    }
    return d;
}

static void publish(struct fleet *f, struct machine *m, bool cut_short)
{
    f->renewable.version++;
    f->renewable.login = m->local;
    snprintf(f->renewable.holder, sizeof f->renewable.holder, "%s", m->name);
    if (cut_short)
        return;
    if (!login_same(&f->shared.login, &m->local))
        put_shared(f, &m->local);
    memory_in_step(&m->memory, m->local.fingerprint, f->shared.version);
}

static void install(struct fleet *f, struct machine *m, const struct login_facts *l)
{
    assert_false(memory_rejects(&m->memory, l->fingerprint));
    assert_true(serial(l) >= 0);
    if (m->local.state == LOGIN_USABLE)
        memory_saw(&m->memory, m->local.fingerprint, f->shared.version);
    m->local = *l;
    memory_in_step(&m->memory, l->fingerprint, f->shared.version);
}

/* False: nothing was left to do. */
static bool step(struct fleet *f, struct machine *m, bool cut_short)
{
    struct decision d = ask(f, m);
    if (m->local.state == LOGIN_BLANK && m->memory.step.version)
        memcpy(m->memory.refused, m->memory.step.fingerprint, sizeof m->memory.refused);
    switch (d.action) {
    case DO_PUBLISH: publish(f, m, cut_short); return true;
    case DO_FORWARD:
        put_shared(f, &f->renewable.login);
        memory_saw(&m->memory, f->shared.login.fingerprint, f->shared.version);
        return true;
    case DO_INSTALL_SHARED: install(f, m, &f->shared.login); return true;
    case DO_INSTALL_RENEWABLE:
        assert_string_equal(f->renewable.holder, m->name);
        install(f, m, &f->renewable.login);
        return true;
    default:
        if (d.reason == WHY_SAME)
            memory_in_step(&m->memory, f->shared.login.fingerprint, f->shared.version);
        return false;
    }
}

static void sync_machine(struct fleet *f, struct machine *m)
{
    for (int i = 0; i < 12; i++)
        if (!step(f, m, false))
            return;
    fail_msg("seed %u: a sync does not end", f->seed);
}

/* ---- what happens to machines ---- */

static void human_login(struct fleet *f, struct machine *m)
{
    if (m->role == ROLE_READER || f->made >= MOST_LOGINS - 1)
        return;
    if (f->careful)
        sync_machine(f, m);
    int hours = 1 + (int)random_below(f, 9);
    m->local = make_login(f, hours, f->deadlines ? f->now + 30 * 24 * HOUR : 0);
    if (f->careful)
        sync_machine(f, m);
}

/* The client renews what it can; the refresh token is single-use, the old login is refused. */
static void renew(struct fleet *f, struct machine *m)
{
    int before = serial(&m->local);
    if (before < 0 || !m->local.renewable || f->made >= MOST_LOGINS - 1)
        return;
    if (f->careful)
        sync_machine(f, m);
    if (serial(&m->local) != before || !m->local.renewable)
        return;
    if (f->dead[before]) {
        m->local.state = LOGIN_BLANK;
        return;
    }
    m->local = make_login(f, 8, m->local.deadline);
    f->dead[before] = true;
    if (f->careful)
        sync_machine(f, m);
}

/* A run finds out whether the login works. */
static void run(struct fleet *f, struct machine *m)
{
    int which = serial(&m->local);
    if (which >= 0 && f->dead[which])
        memory_reject(&m->memory, m->local.fingerprint, f->now);
}

/* A login that was published once, and then followed by another; on a reader, one it had. */
static void restore_backup(struct fleet *f, struct machine *m)
{
    int which = f->made ? (int)random_below(f, (unsigned)f->made) : 0;
    const struct login_facts *old = &f->login[which];
    bool had = m->role == ROLE_WRITER || m->amnesia || memory_version(&m->memory, old->fingerprint);
    if (!f->superseded[which] || !had)
        return;
    m->local = *old;
    m->local.renewable = m->role == ROLE_WRITER; /* a reader never had the refresh token */
}

static void event(struct fleet *f)
{
    struct machine *m = &f->machine[random_below(f, (unsigned)f->machines)];
    f->now += (int64_t)random_below(f, 40) * HOUR / 60;
    switch (random_below(f, 12)) {
    case 0: human_login(f, m); break;
    case 1:
    case 2: renew(f, m); break;
    case 3: m->local.state = LOGIN_ABSENT; break;
    case 4: m->local.state = LOGIN_BLANK; break;
    case 5: m->local.state = LOGIN_TORN; break;
    case 6: restore_backup(f, m); break;
    case 7:
        memset(&m->memory, 0, sizeof m->memory);
        m->amnesia = true;
        break;
    case 8: run(f, m); break;
    case 9: (void)step(f, m, random_below(f, 3) == 0); break; /* killed after one step */
    default: sync_machine(f, m);
    }
}

/* Need this machine have the store's login?  Not when the server refused it here, or it is
 * expired; and a reader without memory cannot know that a login brought from a backup is an older
 * one: it may not read the store's history, and keeps it until the server refuses it. */
static bool must_agree(const struct fleet *f, const struct machine *m)
{
    return f->shared.version && f->shared.login.expires_at > f->now &&
           !memory_rejects(&m->memory, f->shared.login.fingerprint) &&
           !(m->role == ROLE_READER && m->amnesia && m->local.state == LOGIN_USABLE);
}

static void check_converged(struct fleet *f, unsigned seed)
{
    int renewers = 0;
    for (int round = 0; round < 4; round++)
        for (int i = 0; i < f->machines; i++)
            sync_machine(f, &f->machine[i]);
    for (int i = 0; i < f->machines; i++) {
        struct machine *m = &f->machine[i];
        if (must_agree(f, m) && !login_same(&m->local, &f->shared.login))
            fail_msg("seed %u: %s has login %d, the store %d (%s)", seed, m->name,
                     serial(&m->local), serial(&f->shared.login), reason_name(ask(f, m).reason));
        renewers += login_same(&m->local, &f->shared.login) && m->local.renewable;
    }
    if (renewers > 1)
        fail_msg("seed %u: %d machines can renew one login", seed, renewers);
}

static struct fleet *new_fleet(unsigned seed, bool careful)
{
    static struct fleet f; /* too large for some stacks */
    memset(&f, 0, sizeof f);
    f.seed = seed;
    f.careful = careful;
    f.now = NOW;
    f.deadlines = random_below(&f, 2);
    f.machines = 2 + (int)random_below(&f, MOST_MACHINES - 1);
    f.shared = f.renewable = (struct stored){.known = true, .login = parse_login("-")};
    for (int i = 0; i < f.machines; i++) {
        snprintf(f.machine[i].name, sizeof f.machine[i].name, "m%u", (unsigned)i % 100);
        f.machine[i].role = i == 0 || random_below(&f, 2) ? ROLE_WRITER : ROLE_READER;
        f.machine[i].local = parse_login("-");
    }
    return &f;
}

static void random_fleets(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= FLEETS; seed++) {
        struct fleet *f = new_fleet(seed, seed % 2);
        for (int i = 0; i < EVENTS; i++)
            event(f);
        check_converged(f, seed);
    }
}

/* After everything else a person logs in, in step: that login is everybody's, however short. */
static void last_login_wins(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= FLEETS; seed++) {
        struct fleet *f = new_fleet(seed, true);
        for (int i = 0; i < EVENTS; i++)
            event(f);
        int last = f->made;
        human_login(f, &f->machine[0]);
        check_converged(f, seed);
        if (serial(&f->shared.login) != last)
            fail_msg("seed %u: the store has login %d, not the last one, %d", seed,
                     serial(&f->shared.login), last);
    }
}

/* ---- rollbacks ---- */

/* A login that the store once had, that the server still takes and that has not expired; -1. */
static int find_earlier(struct fleet *f)
{
    int first = f->made ? (int)random_below(f, (unsigned)f->made) : 0;
    for (int i = 0; i < f->made; i++) {
        int which = (first + i) % f->made;
        if (f->superseded[which] && !f->dead[which] && f->login[which].expires_at > f->now)
            return which;
    }
    return -1;
}

/* As relay/rollback.c does it: the renewable value, then the shared one, then the memory. */
static void roll_back(struct fleet *f, struct machine *m, int which, bool cut_short)
{
    const struct login_facts before = f->shared.login;
    int64_t replaced = f->shared.version;
    f->superseded[which] = false;
    f->renewable.version++;
    f->renewable.login = f->login[which];
    snprintf(f->renewable.holder, sizeof f->renewable.holder, "%s", m->name);
    if (cut_short)
        return;
    put_shared(f, &f->login[which]);
    memory_saw(&m->memory, before.fingerprint, replaced);
    memory_saw(&m->memory, f->login[which].fingerprint, f->shared.version);
}

/* What befalls machines before they hear of it; nobody logs in and nothing is renewed. */
static void befall(struct fleet *f, struct machine *m)
{
    switch (random_below(f, 6)) {
    case 0: m->local.state = LOGIN_ABSENT; break;
    case 1: m->local.state = LOGIN_TORN; break;
    case 2: restore_backup(f, m); break;
    case 3:
        memset(&m->memory, 0, sizeof m->memory);
        m->amnesia = true;
        break;
    default: break;
    }
}

/* Whoever syncs in whatever order: every machine takes the login that was put back, and none brings
 * the abandoned one again. */
static void everybody_follows_a_rollback(void **state)
{
    int rolled_back = 0;
    (void)state;
    for (unsigned seed = 1; seed <= FLEETS; seed++) {
        struct fleet *f = new_fleet(seed, true);
        for (int i = 0; i < EVENTS; i++)
            event(f);
        check_converged(f, seed);
        int which = find_earlier(f);
        bool cut_short = random_below(f, 8) == 0;
        if (which < 0 || memory_rejects(&f->machine[0].memory, f->login[which].fingerprint))
            continue;
        roll_back(f, &f->machine[0], which, cut_short);
        int stands = serial(&f->shared.login);
        for (int i = 0; i < 20; i++) {
            struct machine *m = &f->machine[random_below(f, (unsigned)f->machines)];
            befall(f, m);
            sync_machine(f, m);
            if (serial(&f->shared.login) != stands && !cut_short)
                fail_msg("seed %u: %s has put login %d over the %d that was put back", seed,
                         m->name, serial(&f->shared.login), which);
        }
        check_converged(f, seed);
        rolled_back += !cut_short;
    }
    assert_in_range(rolled_back, FLEETS / 10, FLEETS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_fleets),
        cmocka_unit_test(last_login_wins),
        cmocka_unit_test(everybody_follows_a_rollback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
