/* A command is one file and one row: what help, completions and the manual's synopsis say stands in
 * the row, beside the function that runs it.  Only this layer and main.c speak to people. */
#ifndef CREDRELAY_CMD_CMD_H
#define CREDRELAY_CMD_CMD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What the options of a command line set; a text that was not given is NULL. */
struct options {
    const char *relay;
    const char *tool;
    const char *manager;
    const char *lines;
    const char *since;
    const char *event;
    const char *days;
    const char *prometheus;
    const char *expires;
    const char *passphrase_file;
    const char *role;
    const char *store;
    const char *reader_profile;
    const char *writer_profile;
    const char *kms_key_id;
    const char *account;
    const char *admin_profile;
    const char *grace;
    bool json;
    bool offline;
    bool fix;
    bool dry_run;
    bool force;
    bool verbose;
    bool quiet;
    bool detach;
    bool once;
    bool wait;
    bool now;
    bool follow;
    bool stats;
    bool seal;
    bool no_seal;
    bool replace;
    bool no_service;
    bool yes;
    bool adopt;
    bool rotate_self;
    bool kms;
    bool roles;
    bool finish;
    bool ssh;
    bool help;
};

/* Every option there is, in the order that help shows them. */
enum option_id {
    OPTION_RELAY,
    OPTION_TOOL,
    OPTION_FOR,
    OPTION_FOLLOW,
    OPTION_LINES,
    OPTION_SINCE,
    OPTION_EVENT,
    OPTION_STATS,
    OPTION_DAYS,
    OPTION_PROMETHEUS,
    OPTION_ROLE,
    OPTION_STORE,
    OPTION_READER_PROFILE,
    OPTION_WRITER_PROFILE,
    OPTION_KMS_KEY_ID,
    OPTION_YES,
    OPTION_ADOPT,
    OPTION_EXPIRES,
    OPTION_SEAL,
    OPTION_NO_SEAL,
    OPTION_PASSPHRASE_FILE,
    OPTION_REPLACE,
    OPTION_NO_SERVICE,
    OPTION_ACCOUNT,
    OPTION_ADMIN_PROFILE,
    OPTION_ROTATE_SELF,
    OPTION_KMS,
    OPTION_ROLES,
    OPTION_GRACE,
    OPTION_FINISH,
    OPTION_SSH,
    OPTION_JSON,
    OPTION_OFFLINE,
    OPTION_FIX,
    OPTION_DRY_RUN,
    OPTION_FORCE,
    OPTION_VERBOSE,
    OPTION_QUIET,
    OPTION_DETACH,
    OPTION_ONCE,
    OPTION_WAIT,
    OPTION_NOW,
    OPTION_HELP,
    OPTION_COUNT
};

/* Two options may have one letter, but no command takes both. */
struct option_row {
    char letter;          /* 0: none */
    const char *name;     /* "dry-run" */
    const char *argument; /* NULL: a flag */
    size_t place;         /* in struct options: of a text, or of a flag */
    const char *help;
};
const struct option_row *option_row(enum option_id id);

/* A set of options: TAKES(RELAY) | TAKES(JSON). */
#define TAKES(option) (UINT64_C(1) << OPTION_##option)

struct command {
    const char *name;
    const char *arguments; /* after the options in the usage line; "" none */
    const char *summary;   /* one line */
    const char *about;     /* a paragraph for help */
    uint64_t options;      /* TAKES(...); every command takes --help */
    int least, most;       /* arguments; -1: no limit */
    int (*run)(const struct options *o, int argc, char **argv);
    const struct command *const *within; /* commands of its own, each under its whole name ("aws
                                            policy"); ends with NULL; NULL none */
};

extern const struct command cmd_run;
extern const struct command cmd_pull;
extern const struct command cmd_publish;
extern const struct command cmd_sync;
extern const struct command cmd_watch;
extern const struct command cmd_renew;
extern const struct command cmd_status;
extern const struct command cmd_doctor;
extern const struct command cmd_log;
extern const struct command cmd_history;
extern const struct command cmd_rollback;
extern const struct command cmd_init;
extern const struct command cmd_invite;
extern const struct command cmd_join;
extern const struct command cmd_service;
extern const struct command cmd_aws;
extern const struct command cmd_alert;
extern const struct command cmd_version;
extern const struct command cmd_help;

/* The table; NULL after the last. */
const struct command *command_at(size_t i);
const struct command *command_find(const char *name);

bool command_takes(const struct command *c, enum option_id id);

/* Read the options of ARGV (after the command's name) and run it.  Returns the exit status. */
int command_run(const struct command *c, int argc, char **argv);

/* Run the one of the commands within C that ARGV[0] names. */
int command_run_within(const struct command *c, int argc, char **argv);

/* The usage of one command, or of all, on standard output. */
void command_help(const struct command *c);

/* Tell a failure on standard error (or as JSON on standard output) and return its exit status. */
int tell_failure(const char *what, const struct options *o, const struct err *e);

/* What was done, was done; but. */
void tell_warning(const struct err *e);

#endif
