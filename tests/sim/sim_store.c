/* The vendor and the store: numbered logins, and a store that takes whatever comes and numbers it, as
 * Parameter Store does. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

static struct made_login logins[MOST_LOGINS];
static int made;
static int months;

static struct login_facts shared_login;
static int64_t shared_version, shared_at, renewable_version;
static struct stored_renewable renewables[RENEWABLE_KEPT];

/* ---- the vendor ---- */

int serial(const struct login_facts *f)
{
    char digits[9];
    snprintf(digits, sizeof digits, "%.8s", f->fingerprint);
    return f->state == LOGIN_USABLE ? (int)strtol(digits, NULL, 16) : 0;
}

const struct made_login *login_made(int number)
{
    return &logins[number];
}

struct login_facts vendor_login(int machine, int64_t offset, int from)
{
    if (++made == MOST_LOGINS)
        broken("more logins than can be kept", NULL);
    struct made_login *l = &logins[made];
    *l = (struct made_login){.expires = now + LIFETIME_HOURS * HOUR, .maker = machine};
    l->month = from ? logins[from].month : ++months;
    l->deadline = from ? logins[from].deadline : now + MONTH_DAYS * DAY;
    struct login_facts f = {.state = LOGIN_USABLE, .flaw = "", .renewable = true};
    /* The client writes down what its own clock says. */
    f.expires_at = l->expires + offset;
    f.deadline = l->deadline;
    f.fresh_at = f.expires_at;
    snprintf(f.fingerprint, sizeof f.fingerprint, "%08x%056d", (unsigned)made, 0);
    return f;
}

/* The one thing that must never be: that a refresh token is sent when another machine, or the store,
 * has what came of it. */
static void check_living(int machine, int number)
{
    for (int later = number + 1; later <= made; later++)
        if (logins[later].month == logins[number].month && logins[later].maker != machine)
            broken("a refresh token is sent whose successor another machine has", &fleet[machine]);
}

int vendor_refresh(int machine, int64_t offset, const struct login_facts *login,
                   struct login_facts *ret)
{
    int number = serial(login);
    struct made_login *l = &logins[number];
    check_living(machine, number);
    if (l->spent || l->deadline <= now)
        return 0;
    l->spent = true;
    if (scenario.revokes && l->expires > now)
        l->expires = now;
    *ret = vendor_login(machine, offset, number);
    return made;
}

bool vendor_accepts(const struct login_facts *login)
{
    int number = serial(login);
    return number && logins[number].expires > now;
}

/* ---- the store ---- */

static const struct stored_renewable *renewable_at(int64_t version)
{
    return &renewables[version % RENEWABLE_KEPT];
}

/* As find_what_counts() in relay/shelf.c. */
static const struct stored_renewable *what_counts(const struct memory *m)
{
    const struct stored_renewable *top = renewable_at(renewable_version), *found = NULL;
    if (login_is_news(&top->login, &shared_login, m, now))
        return top;
    for (int64_t v = renewable_version; v > 0 && v > renewable_version - RENEWABLE_KEPT; v--) {
        const struct stored_renewable *r = renewable_at(v);
        if (!login_same(&r->login, &shared_login))
            continue;
        if (r->renewing || !found)
            found = r;
        if (!r->renewing)
            break;
    }
    return found ? found : top;
}

void store_look(const struct memory *m, struct stored *shared, struct stored *renewable)
{
    const struct login_facts none = {.state = LOGIN_ABSENT, .flaw = ""};
    *shared = (struct stored){
        .known = true, .version = shared_version, .login = shared_version ? shared_login : none};
    shared->login.renewable = false;
    if (!renewable)
        return;
    *renewable = (struct stored){.known = true, .version = renewable_version, .login = none};
    if (!renewable_version)
        return;
    const struct stored_renewable *r = what_counts(m);
    renewable->login = r->login;
    renewable->renewing = r->renewing;
    snprintf(renewable->holder, sizeof renewable->holder, "%s", fleet[r->holder].name);
}

int64_t store_put_shared(const struct login_facts *l)
{
    if (serial(l) == 0)
        broken("a login that is none goes into the store", NULL);
    if (shared_version && login_made(serial(l))->month < login_made(serial(&shared_login))->month)
        broken("the store goes back to an earlier login of the person's", NULL);
    if (!shared_version || !login_same(l, &shared_login))
        shared_at = now;
    shared_login = *l;
    return ++shared_version;
}

int64_t store_put_renewable(const struct login_facts *l, int holder, bool renewing)
{
    renewable_version++;
    renewables[renewable_version % RENEWABLE_KEPT] =
        (struct stored_renewable){*l, holder, renewing};
    return renewable_version;
}

bool store_claim_is_lost(void)
{
    const struct memory nothing = {.seen_count = 0};
    const struct stored_renewable *r = what_counts(&nothing);
    return r->renewing && !machine_there(&fleet[r->holder]);
}

int64_t store_shared_at(void)
{
    return shared_at;
}

int store_shared(void)
{
    return shared_version ? serial(&shared_login) : 0;
}
