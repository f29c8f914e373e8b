/* The resident process, in the foreground for a service manager or a person, or detached. */
#include "watch/loop.h"

#include <stdio.h>

#include "cmd/cmd.h"
#include "watch/background.h"

static void let_go(void *ctx)
{
    background_ready(ctx);
}

static int run_watch(const struct options *o, struct watch_request *rq)
{
    struct err e;
    enum err_code came;
    rq->voice = o->json ? VOICE_JSON : o->quiet || o->detach ? VOICE_QUIET : VOICE_TEXT;
    rq->once = o->once;
    return watch_run(rq, &came, &e) ? err_exit_status(came) : tell_failure("watch", o, &e);
}

static int run_detached(const struct options *o)
{
    struct background b;
    struct err e;
    int status;
    pid_t pid = background_begin(&b, &status, &e);
    if (pid == 0) {
        struct watch_request rq = {.ready = let_go, .ctx = &b};
        return run_watch(o, &rq);
    }
    if (pid < 0)
        return status >= 0 ? status : tell_failure("watch", o, &e);
    printf("%lld\n", (long long)pid);
    return 0;
}

static int run(const struct options *o, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct watch_request rq = {.ready = NULL};
    if (!o->detach)
        return run_watch(o, &rq);
    if (!o->once)
        return run_detached(o);
    fputs(
        "credrelay watch: --once and --detach exclude each other\n  see: credrelay watch --help\n",
        stderr);
    return err_exit_status(ERR_USAGE);
}

const struct command cmd_watch = {
    .name = "watch",
    .arguments = "",
    .summary = "keep all relays of this machine in step, as they change",
    .about = "Stays, and syncs each relay of the configuration when its login file changes, when a "
             "fresher login is due, after the machine wakes up, every 15 min, and on SIGHUP, which "
             "also reads the configuration anew.  There is one for each user.",
    .options = TAKES(DETACH) | TAKES(ONCE) | TAKES(JSON) | TAKES(QUIET),
    .most = 0,
    .run = run,
};
