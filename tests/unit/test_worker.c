/* What is said of a process that was to sync and did not. */
#include "unit.h"

#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/pipe.h"
#include "watch/worker.h"

/* One that does nothing; our end of its pipe is where a report would come. */
static struct worker idle_worker(enum duty what, int64_t deadline)
{
    int fds[2];
    assert_true(os_pipe(fds));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        setpgid(0, 0);
        for (;;)
            pause();
    }
    setpgid(pid, pid);
    close(fds[1]);
    return (struct worker){.pid = pid,
                           .fd = fds[0],
                           .deadline = deadline,
                           .order = {.what = what, .attempt_ms = 10000}};
}

#define AGAIN "it is tried again by itself; what it depends on: credrelay doctor"

static void test_failures(void **state)
{
    (void)state;
    static const struct {
        enum duty what;
        bool late;
        enum err_code code;
        const char *text;
    } cases[] = {
        {DUTY_SYNC, true, ERR_UNREACHABLE, "the sync was not done within 37 s, and was ended"},
        {DUTY_RENEW, true, ERR_UNREACHABLE, "the renewal was not done within 337 s, and was ended"},
        {DUTY_SYNC, false, ERR_FAILED, "the process that syncs ended without a word (signal 9)"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct duty_report report;
        struct worker w =
            idle_worker(cases[i].what, cases[i].late ? 0 : clock_steady_ms() + 1000000);
        pid_t pid = w.pid;
        if (!cases[i].late)
            kill(pid, SIGKILL);
        worker_end(&w, &report);
        same_error(cases[i].text, &report.failure, cases[i].code, cases[i].text, AGAIN);
        same_error(cases[i].text, &report.renewal.why, cases[i].code, cases[i].text, AGAIN);
        same_int("none", w.pid, 0);
        same_int("gone", kill(pid, 0), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
