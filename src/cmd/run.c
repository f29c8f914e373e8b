#include "run/run.h"
#include "cmd/cmd.h"

static bool load(const struct options *o, struct relay *ret, struct err *e)
{
    if (!o->tool)
        return relay_load(o->relay, ret, e);
    if (!o->relay)
        return relay_load_of_tool(o->tool, ret, e);
    err_set(e, ERR_USAGE, "a relay has its tool already");
    return err_hint(e, "give --relay or --tool, not both");
}

static int run(const struct options *o, int argc, char **argv)
{
    struct relay r;
    struct err e;
    (void)argc;
    if (run_switched_off())
        return run_plain(argv);
    if (!load(o, &r, &e))
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
    .options = TAKES(RELAY) | TAKES(TOOL),
    .least = 1,
    .most = -1,
    .run = run,
};
