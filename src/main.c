/* The program everybody runs: a checklist, then a command. */
#include <stdio.h>
#include <string.h>

#include "base/inherit.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "run/run.h"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int main(int argc, char **argv)
{
    if (argc < 1)
        return 71;
    if (!inherit_and_harden()) {
        fputs("credrelay: the process cannot be closed to others, or memory is short\n", stderr);
        return 71;
    }
    jv_init();
    if (strcmp(base_name(argv[0]), "credrelay") != 0)
        return run_as(base_name(argv[0]), argc - 1, argv + 1);
    if (argc < 2) {
        command_help(NULL);
        return 64;
    }
    const struct command *c = command_find(argv[1]);
    if (!c && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        c = &cmd_help;
    if (!c && strcmp(argv[1], "--version") == 0)
        c = &cmd_version;
    if (!c) {
        fprintf(stderr, "credrelay: no command called '%s'\n  see: credrelay help\n", argv[1]);
        return 64;
    }
    return command_run(c, argc - 1, argv + 1);
}
