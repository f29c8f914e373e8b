/* A command is one file and one row: what help, completions and the manual's synopsis say stands in
 * the row, beside the function that runs it.  Only this layer and main.c speak to people. */
#ifndef CREDRELAY_CMD_CMD_H
#define CREDRELAY_CMD_CMD_H

#include "base/err.h"

/* What the options of a command line may set; each command takes those its row names. */
struct options {
    const char *relay;   /* -r NAME: NULL the first one */
    const char *tool;    /* -t NAME: the relay by its tool */
    const char *manager; /* -F MANAGER: of services; NULL this system's */
    /* Of log; NULL: not given. */
    const char *lines, *since, *event, *days, *prometheus;
    const char *relay;           /* -r NAME: NULL the first one */
    const char *tool;            /* -t NAME: the relay by its tool */
    const char *expires;         /* invite: for how long, NULL the default */
    const char *passphrase_file; /* join: NULL ask */
    bool json;
    bool dry_run;
    bool force;
    bool verbose;
    bool quiet;
    bool help;
    bool detach;
    bool once;
    bool offline;
    bool follow;
    bool stats;
    bool seal;
    bool no_seal;
    bool replace;
    bool no_service;
};

struct option_row {
    char id;              /* its own; most often what is typed after a dash */
    const char *name;     /* "dry-run" */
    const char *argument; /* NULL: a flag */
    const char *help;
};

/* Every option there is; a command takes those whose ids stand in its row. */
enum {
    OPTION_RELAY = 'r',
    OPTION_TOOL = 't',
    OPTION_FOR = 'F',
    OPTION_FOLLOW = 'L',
    OPTION_LINES = 'N',
    OPTION_SINCE = 'S',
    OPTION_EVENT = 'E',
    OPTION_STATS = 'T',
    OPTION_DAYS = 'D',
    OPTION_PROMETHEUS = 'P',
    OPTION_JSON = 'j',
    OPTION_OFFLINE = 'o',
    OPTION_DRY_RUN = 'n',
    OPTION_FORCE = 'f',
    OPTION_VERBOSE = 'v',
    OPTION_QUIET = 'q',
    OPTION_DETACH = 'd',
    OPTION_ONCE = '1',
    OPTION_HELP = 'h' OPTION_HELP = 'h',
    OPTION_EXPIRES = 'e',
    OPTION_SEAL = 'L',
    OPTION_NO_SEAL = 'U',
    OPTION_PASSPHRASE_FILE = 'p',
    OPTION_REPLACE = 'F',
    OPTION_NO_SERVICE = 'Z'
};
const struct option_row *option_row(size_t i);    /* NULL after the last */
char option_letter(const struct option_row *row); /* what is typed after a dash; 0: its name only */

struct command {
    const char *name;
    const char *arguments; /* after the options in the usage line; "" none */
    const char *summary;   /* one line */
    const char *about;     /* a paragraph for help */
    const char *options;   /* the ids of its options */
    int least, most;       /* arguments; -1: no limit */
    int (*run)(const struct options *o, int argc, char **argv);
};

extern const struct command cmd_run;
extern const struct command cmd_pull;
extern const struct command cmd_publish;
extern const struct command cmd_sync;
extern const struct command cmd_watch;
extern const struct command cmd_status;
extern const struct command cmd_log;
extern const struct command cmd_invite;
extern const struct command cmd_join;
extern const struct command cmd_service;
extern const struct command cmd_version;
extern const struct command cmd_help;

/* The table; NULL after the last. */
const struct command *command_at(size_t i);
const struct command *command_find(const char *name);

/* Read the options of ARGV (after the command's name) and run it.  Returns the exit status. */
int command_run(const struct command *c, int argc, char **argv);

/* The usage of one command, or of all, on standard output. */
void command_help(const struct command *c);

/* Tell a failure on standard error (or as JSON on standard output) and return its exit status. */
int tell_failure(const char *what, const struct options *o, const struct err *e);

#endif
