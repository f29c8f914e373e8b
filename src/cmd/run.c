#include "run/run.h"
#include "cmd/cmd.h"

static int run(const struct options *o, int argc, char **argv)
{
    struct relay r;
    struct err e;
    (void)argc;
    if (run_switched_off())
        return run_plain(argv);
    if (!relay_load(o->relay, &r, &e))
        return tell_failure("run", o, &e);
    int status = run_relay(&r, argv);
    relay_free(&r);
    return status;
}

const struct command cmd_run = {
    .name = "run",
    .arguments = "-- COMMAND [ARGUMENT...]",
    .summary = "run a command with a login that heals itself",
    .about = "Runs COMMAND.  When it fails because its login lapsed, pulls a fresh one and runs it "
             "once more;\n"
             "when nothing can be done, says why and exits with 78.  `claude-p ARGUMENT...` is\n"
             "`credrelay run -- claude -p ARGUMENT...`.  CLAUDE_P_NO_RECOVER=1 switches claude-p's "
             "help off.",
    .options = "rh",
    .least = 1,
    .most = -1,
    .run = run,
};
