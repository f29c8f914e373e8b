#include "cmd/cmd.h"

#include <stdio.h>

static int run(const struct options *o, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf(o->json ? "{\"version\":\"%s\"}\n" : "credrelay %s\n", CREDRELAY_VERSION);
    return 0;
}

const struct command cmd_version = {
    .name = "version",
    .arguments = "",
    .summary = "print the version",
    .about = "Prints the version of credrelay.",
    .options = TAKES(JSON),
    .most = 0,
    .run = run,
};
