#include "cmd/transfer.h"

static int run(const struct options *o, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return transfer("pull", INTENT_PULL, o);
}

const struct command cmd_pull = {
    .name = "pull",
    .arguments = "",
    .summary = "bring the store's login to this machine",
    .about = "Reads the store and, when its login is the newer one or the one here does not work, "
             "puts it into\n"
             "the tool's own file: mode 0600, other keys kept.  A newer login here is left alone.",
    .options =
        TAKES(RELAY) | TAKES(JSON) | TAKES(DRY_RUN) | TAKES(FORCE) | TAKES(VERBOSE) | TAKES(QUIET),
    .most = 0,
    .run = run,
};
