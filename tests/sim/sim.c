/* A fleet over its days, and what came of it.
 *
 *   fleet-sim [--machines N] [--writers N] [--days N] [--run-every MINUTES] [--sleepers PERCENT]
 *             [--seed N] [--revokes]
 *
 * Ends with 1 when an invariant is broken: a refresh token sent whose successor another machine has, a
 * store that goes back, a sync that does not end, a run that failed although its machine and a writer
 * could reach the store. */
#include "sim.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct scenario scenario = {
    .machines = 4, .writers = 2, .sleepers = 50, .run_every = 10 * MINUTE, .days = 365, .seed = 1};
struct counts counts;
struct machine *fleet;
int64_t now = INT64_C(1795500000000);

enum { ALLOWED_GETS = 40 };

/* A person is told when the fleet has had no login for half an hour, and has time within two. */
enum { LOOK_MS = 5 * 60000, TOLD_AFTER_MS = 30 * 60000, PERSON_MS = 2 * 3600000 };

/* ---- chance (splitmix64) ---- */

static uint64_t state;

static uint64_t random_next(void)
{
    uint64_t x = state += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

int64_t random_below(int64_t n)
{
    return (int64_t)(random_next() % (uint64_t)n);
}

int64_t random_about(int64_t mean)
{
    double u = ((double)(random_next() >> 11) + 1) / 9007199254740993.0;
    return 1 + (int64_t)(-log(u) * (double)mean);
}

/* ---- counting ---- */

void count_gets(int n)
{
    static int64_t second, in_second;
    if (now / SECOND != second) {
        counts.over += in_second > ALLOWED_GETS;
        second = now / SECOND;
        in_second = 0;
    }
    in_second += n;
    counts.asked += n;
    if (in_second > counts.peak)
        counts.peak = in_second;
}

void broken(const char *what, const struct machine *m)
{
    fprintf(stderr, "broken: %s (%s, %lld ms, seed %llu)\n", what, m ? m->name : "the fleet",
            (long long)now, (unsigned long long)scenario.seed);
    exit(1);
}

/* ---- the machines by when they act: a heap ---- */

static int *heap;

static bool sooner(int a, int b)
{
    return fleet[heap[a]].next < fleet[heap[b]].next;
}

static void sift_down(int i)
{
    for (;;) {
        int least = i;
        for (int child = 2 * i + 1; child <= 2 * i + 2 && child < scenario.machines; child++)
            if (sooner(child, least))
                least = child;
        if (least == i)
            return;
        int other = heap[least];
        heap[least] = heap[i];
        heap[i] = other;
        i = least;
    }
}

static void order_all(void)
{
    for (int i = scenario.machines - 1; i >= 0; i--)
        sift_down(i);
}

/* ---- people ---- */

static struct machine *somebody_there(void)
{
    int first = (int)random_below(scenario.writers);
    for (int i = 0; i < scenario.writers; i++) {
        struct machine *m = &fleet[(first + i) % scenario.writers];
        if (machine_there(m) && m->phase == NO_RENEWAL)
            return m;
    }
    return NULL;
}

static bool log_in(void)
{
    struct machine *m = somebody_there();
    if (!m)
        return false;
    machine_log_in(m);
    counts.people++;
    return true;
}

/* The month is nearly over, or the fleet has no login and nobody renews it. */
static void look_after(void)
{
    static int64_t lacking_since, log_in_at = NEVER;
    int number = store_shared();
    bool due = !number || login_made(number)->deadline - now < DAY;
    bool lacking = number && login_made(number)->expires + TOLD_AFTER_MS < now;
    if (due && log_in())
        order_all();
    if (due || !lacking || !somebody_there()) {
        lacking_since = lacking ? lacking_since : 0;
        log_in_at = lacking ? log_in_at : NEVER;
        return;
    }
    if (!lacking_since) {
        lacking_since = now;
        log_in_at = now + random_below(PERSON_MS);
    }
    bool lost = store_claim_is_lost();
    if (log_in_at <= now && log_in()) {
        counts.extra_lost += lost;
        counts.extra_else += !lost;
        order_all();
    }
}

/* ---- the fleet ---- */

static void begin(void)
{
    state = scenario.seed;
    fleet = calloc((size_t)scenario.machines, sizeof *fleet);
    heap = calloc((size_t)scenario.machines, sizeof *heap);
    if (!fleet || !heap)
        abort();
    for (int i = 0; i < scenario.machines; i++) {
        struct machine *m = &fleet[i];
        heap[i] = m->number = i;
        m->role = i < scenario.writers ? ROLE_WRITER : ROLE_READER;
        snprintf(m->name, sizeof m->name, "machine-%d", i);
        /* Every other one of a hundred, beginning with the second; the writers of a large fleet are
         * servers. */
        m->sleeper = (m->role == ROLE_READER || scenario.machines < 100) &&
                     (i * 61 + 60) % 100 < scenario.sleepers;
        machine_begin(m);
    }
}

static void live(void)
{
    int64_t end = now + scenario.days * DAY, look_at = now;
    while (now < end) {
        if (look_at <= fleet[heap[0]].next) {
            now = look_at;
            look_after();
            look_at += LOOK_MS;
            continue;
        }
        struct machine *m = &fleet[heap[0]];
        now = m->next;
        machine_act(m);
        sift_down(0);
    }
}

static void report(void)
{
    const struct counts *c = &counts;
    int64_t all = c->within[0] + c->within[1] + c->within[2] + c->within[3];
    printf("%d machines (%d writers), %lld days%s\n", scenario.machines, scenario.writers,
           (long long)scenario.days, scenario.revokes ? ", a refresh revokes" : "");
    printf("rotations            %lld, %lld of them taken over; %lld claims lost, %lld refused\n",
           (long long)c->rotations, (long long)c->taken_over, (long long)c->claims_lost,
           (long long)c->refused);
    printf("logins by a person   %lld; beyond one a month %lld because who renewed was lost, %lld "
           "else\n",
           (long long)c->people, (long long)c->extra_lost, (long long)c->extra_else);
    printf("runs                 %lld, %lld of them healed, %lld failed\n", (long long)c->runs,
           (long long)c->recovered, (long long)c->failed);
    printf("  failed because     %lld cut off from the store, %lld no writer was there, %lld who "
           "renewed was lost, %lld clocks, %lld else\n",
           (long long)c->failed_cut, (long long)c->failed_asleep, (long long)c->failed_lost,
           (long long)c->failed_late, (long long)c->failed_else);
    printf("gets                 %lld, at most %lld in a second; more than %d in %lld seconds\n",
           (long long)c->asked, (long long)c->peak, ALLOWED_GETS, (long long)c->over);
    printf("a fresher login      everywhere after %lld s at most; within 1 min at %.1f %%, 5 min "
           "%.1f %%, 10 min %.1f %%\n",
           (long long)(c->slowest / SECOND), 100.0 * (double)c->within[0] / (double)(all ? all : 1),
           100.0 * (double)(c->within[0] + c->within[1]) / (double)(all ? all : 1),
           100.0 * (double)(all - c->within[3]) / (double)(all ? all : 1));
}

static const struct option options[] = {
    {"machines", required_argument, NULL, 'm'}, {"writers", required_argument, NULL, 'w'},
    {"days", required_argument, NULL, 'd'},     {"run-every", required_argument, NULL, 'r'},
    {"sleepers", required_argument, NULL, 's'}, {"seed", required_argument, NULL, 'x'},
    {"revokes", no_argument, NULL, 'v'},        {NULL, 0, NULL, 0},
};

static bool read_options(int argc, char **argv)
{
    for (int letter; (letter = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        long n = optarg ? strtol(optarg, NULL, 10) : 0;
        switch (letter) {
        case 'm': scenario.machines = (int)n; break;
        case 'w': scenario.writers = (int)n; break;
        case 'd': scenario.days = n; break;
        case 'r': scenario.run_every = n * MINUTE; break;
        case 's': scenario.sleepers = (int)n; break;
        case 'x': scenario.seed = (uint64_t)n; break;
        case 'v': scenario.revokes = true; break;
        default: return false;
        }
    }
    return scenario.machines > 0 && scenario.writers > 0 && scenario.writers <= scenario.machines;
}

int main(int argc, char **argv)
{
    if (!read_options(argc, argv)) {
        fprintf(stderr, "usage: %s [--machines N] [--writers N] [--days N] ...\n", argv[0]);
        return 64;
    }
    begin();
    live();
    report();
    free(fleet);
    free(heap);
    return counts.failed_else || counts.extra_else || counts.over ? 1 : 0;
}
