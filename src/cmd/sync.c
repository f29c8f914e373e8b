#include "cmd/transfer.h"

static int run(const struct options *o, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return transfer("sync", INTENT_SYNC, o);
}

const struct command cmd_sync = {
    .name = "sync",
    .arguments = "",
    .summary = "pull or publish, whichever is right",
    .about = "Compares the login of this machine with the store's and brings the newer one to the "
             "other side.",
    .options = TAKES(RELAY) | TAKES(JSON) | TAKES(DRY_RUN) | TAKES(VERBOSE) | TAKES(QUIET),
    .most = 0,
    .run = run,
};
