#include "cmd/transfer.h"

static int run(const struct options *o, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return transfer("publish", INTENT_PUBLISH, o);
}

const struct command cmd_publish = {
    .name = "publish",
    .arguments = "",
    .summary = "put the login of this machine into the store",
    .about = "Puts the login of this machine into the store when it is the newest.  Blank, torn "
             "and older logins\n"
             "are never published.  Publishing the same login again changes nothing.",
    .options =
        TAKES(RELAY) | TAKES(JSON) | TAKES(DRY_RUN) | TAKES(FORCE) | TAKES(VERBOSE) | TAKES(QUIET),
    .most = 0,
    .run = run,
};
