/* What the watcher makes of a report, and of one that does not come. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "memory_store.h"
#include "os/pipe.h"
#include "refuse.h"
#include "watch/charge.h"

static struct charge charge;
static struct repeats said;
static const struct watch_common common = {.teller = {.voice = VOICE_QUIET, .said = &said},
                                           .lock = LOCK_NONE};

/* Takes over a relay whose login is A. */
static void begin(void)
{
    const struct relay r = memory_relay();
    file_has(&r, login_named('a', 300, true));
    memset(&said, 0, sizeof said);
    charge_begin(&charge, &r, NULL);
    charge.asked = false;
    charge.tried_at = clock_wall_ms();
}

static void end(void)
{
    charge_end(&charge);
}

/* A process that says so and ends; it says nothing and stays: REPORT is NULL. */
static struct worker working(enum duty what, const struct duty_report *report)
{
    int fds[2];
    assert_true(os_pipe(fds));
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        setpgid(0, 0);
        while (!report)
            pause();
        _exit(write(fds[1], report, sizeof *report) == (ssize_t)sizeof *report ? 0 : 1);
    }
    setpgid(pid, pid);
    close(fds[1]);
    return (struct worker){.pid = pid,
                           .fd = fds[0],
                           .deadline = clock_steady_ms() + 100000,
                           .order = {.what = what, .attempt_ms = 1000}};
}

static struct duty_report failure(enum err_code code)
{
    struct duty_report r = {.ok = false};
    err_set(&r.failure, code, "made up");
    return r;
}

/* ---- a wait ---- */

static void test_waits(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        bool ok, newer;
        enum err_code code;
        bool asked; /* already */
        bool asks;
        unsigned failed;
    } cases[] = {
        {"a newer one", true, true, ERR_NONE, false, true, 0},
        {"none came", true, false, ERR_NONE, false, false, 0},
        {"none came, and it is asked for", true, false, ERR_NONE, true, true, 0},
        {"no answer", false, false, ERR_UNREACHABLE, false, true, 2},
        {"one that cannot be waited on", false, false, ERR_UNSUPPORTED, false, false, 3},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct duty_report r = failure(cases[i].code);
        begin();
        r.ok = cases[i].ok;
        r.newer = cases[i].newer;
        charge.waits_failed = 1;
        charge.asked = cases[i].asked;
        charge.waiter = working(DUTY_WAIT, &r);
        charge_collect(&charge, &charge.waiter, &common);
        same_int(cases[i].what, charge.asked, cases[i].asks);
        same_int(cases[i].what, charge.waits_failed, cases[i].failed);
        end();
    }
}

/* ---- a renewal ---- */

static void test_renewals(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        bool ok; /* the sync after it */
        enum renewal outcome;
        unsigned failures; /* of renewing */
        enum err_code told;
    } cases[] = {
        {"done", true, RENEWAL_DONE, 0, ERR_NONE},
        {"not published yet", false, RENEWAL_UNPUBLISHED, 0, ERR_NONE},
        {"not its turn", true, RENEWAL_NOT_OURS, 1, ERR_NONE},
        {"the client did not", true, RENEWAL_FAILED, 1, ERR_FAILED},
        {"nothing to renew", true, RENEWAL_NOTHING, 1, ERR_FAILED},
        {"it could not be tried", true, RENEWAL_COUNT, 1, ERR_FAILED},
        {"nor could the store be asked", false, RENEWAL_COUNT, 0, ERR_FAILED},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct duty_report r = failure(ERR_UNREACHABLE);
        begin();
        r.ok = cases[i].ok;
        r.synced = r.renews = true;
        r.renewal.outcome = cases[i].outcome;
        if (duty_renewal_failed(&r))
            err_set(&r.renewal.why, ERR_FAILED, "made up");
        memset(r.standing.fingerprint, 'a', FINGERPRINT_SIZE - 1);
        charge.worker = working(DUTY_RENEW, &r);
        charge_collect(&charge, &charge.worker, &common);
        same_int(cases[i].what, charge.renewals.failures, cases[i].failures);
        same_text(cases[i].what, err_name(charge.renewals.told), err_name(cases[i].told));
        end();
    }
}

/* What came of renewing one login is nothing about another. */
static void test_another_login(void **state)
{
    (void)state;
    begin();
    charge.standing.facts = (struct schedule_facts){
        .expires_at = clock_wall_ms() + 1000, .renews = true, .renewable = true};
    charge.renewals.failures = 10;
    charge.renewals.tried_at = clock_wall_ms();
    memset(charge.standing.fingerprint, 'a', FINGERPRINT_SIZE - 1);
    memset(charge.renewals.fingerprint, 'a', FINGERPRINT_SIZE - 1);
    int64_t now = clock_steady_ms();
    assert_true(charge_due(&charge) > now);
    memset(charge.renewals.fingerprint, 'b', FINGERPRINT_SIZE - 1);
    assert_true(charge_due(&charge) <= clock_steady_ms());
    end();
}

/* ---- trouble ---- */

static void test_busy(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        unsigned before; /* failures in a row */
        enum err_code code, trouble;
    } cases[] = {
        {"a run has the lock", 0, ERR_BUSY, ERR_NONE},
        {"too often", 6, ERR_BUSY, ERR_BUSY},
        {"something else", 0, ERR_UNREACHABLE, ERR_UNREACHABLE},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct duty_report r = failure(cases[i].code);
        begin();
        charge.failures = cases[i].before;
        charge.worker = working(DUTY_SYNC, &r);
        charge_collect(&charge, &charge.worker, &common);
        same_text(cases[i].what, err_name(charge.trouble.code), err_name(cases[i].trouble));
        same_int(cases[i].what, charge.failures, cases[i].before + 1);
        end();
    }
}

/* No process can be had: it is tried again, and since when that is so stays. */
static void test_no_process(void **state)
{
    (void)state;
    begin();
    charge.asked = true;
    for (unsigned failures = 1; failures <= 2; failures++) {
        int64_t since = charge.failing_since;
        charge.asked = true;
        refuse("fork", 1, EAGAIN);
        charge_act(&charge, &common);
        assert_true(was_refused());
        same_int("failures", charge.failures, failures);
        same_text("told", charge.trouble.text,
                  "cannot start a process: Resource temporarily unavailable");
        if (failures > 1)
            same_int("since the first", charge.failing_since, since);
    }
    end();
}

/* ---- its time ---- */

static void test_late(void **state)
{
    (void)state;
    begin();
    charge.worker = working(DUTY_SYNC, NULL);
    charge.waiter = working(DUTY_WAIT, NULL);
    charge_act(&charge, &common);
    same_int("both have time", charge.worker.pid && charge.waiter.pid, true);
    charge.waiter.deadline = clock_steady_ms() - 1;
    same_int("due at once", charge_due(&charge) <= clock_steady_ms(), true);
    charge_act(&charge, &common);
    same_int("the waiter is over", charge.waiter.pid, 0);
    same_int("and a sync is to tell why", charge.asked, true);
    same_int("the worker is not", charge.worker.pid != 0, true);
    charge.asked = false;
    charge.worker.deadline = clock_steady_ms() - 1;
    charge.tried_at = clock_wall_ms();
    charge_act(&charge, &common);
    same_int("the worker is over", charge.worker.pid, 0);
    same_int("failed", charge.failures, 1);
    same_text("told", charge.trouble.text, "the sync was not done within 28 s, and was ended");
    end();
}

/* ---- looking ---- */

static void test_looks(void **state)
{
    (void)state;
    begin();
    charge_look(&charge);
    same_int("never judged", charge.debounce.first != 0, true);
    debounce_forget(&charge.debounce);
    os_file_id(charge.relay.login_path, &charge.judged.file);
    charge_look(&charge);
    same_int("as it was judged", charge.debounce.first, 0);
    charge.relay.login_place = LOGIN_KEYCHAIN; /* which tells nobody */
    charge_look(&charge);
    same_int("a Keychain, each time", charge.debounce.first != 0, true);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_waits), IN_WORLD(test_renewals),   IN_WORLD(test_another_login),
        IN_WORLD(test_busy),  IN_WORLD(test_no_process), IN_WORLD(test_late),
        IN_WORLD(test_looks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
