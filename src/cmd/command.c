/* The table of commands, their options, and their help. */
#include "cmd/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cmd/output.h"
#include "cmd/show.h"

static const struct command *const table[] = {
    &cmd_run,      //
    &cmd_pull,     //
    &cmd_publish,  //
    &cmd_sync,     //
    &cmd_watch,    //
    &cmd_renew,    //
    &cmd_status,   //
    &cmd_doctor,   //
    &cmd_log,      //
    &cmd_history,  //
    &cmd_rollback, //
    &cmd_init,     //
    &cmd_invite,   //
    &cmd_join,     //
    &cmd_service,  //
    &cmd_aws,      //
    &cmd_alert,    //
    &cmd_version,  //
    &cmd_help,     //
};

#define PLACE(member) offsetof(struct options, member)

static const struct option_row option_rows[] = {
    [OPTION_RELAY] = {'r', "relay", "NAME", PLACE(relay),
                      "the relay (a section of credrelay.conf) it is about"},
    [OPTION_TOOL] = {'t', "tool", "NAME", PLACE(tool),
                     "the relay of this tool: claude, codex, or one of your own"},
    [OPTION_FOR] = {'F', "for", "systemd|launchd", PLACE(manager),
                    "the service manager; by default this system's"},
    [OPTION_FOLLOW] = {'f', "follow", NULL, PLACE(follow),
                       "show what comes as well, until you stop it"},
    [OPTION_LINES] = {'n', "lines", "N", PLACE(lines),
                      "the last N of them; 20 where nothing else is said"},
    [OPTION_SINCE] = {0, "since", "WHEN", PLACE(since),
                      "the events since then: 2h, 3d, 2026-11-24, '2026-11-24 06:13'"},
    [OPTION_EVENT] = {0, "event", "NAME[,NAME]", PLACE(event),
                      "the events of that name: run, publish, pull, sync, ..."},
    [OPTION_STATS] = {0, "stats", NULL, PLACE(stats),
                      "count the runs whose login was in question, by day"},
    [OPTION_DAYS] = {0, "days", "N", PLACE(days),
                     "so many days of it, today being the last; 14 by default"},
    [OPTION_PROMETHEUS] = {0, "prometheus", "FILE", PLACE(prometheus),
                           "write metrics for node_exporter's textfile collector"},
    [OPTION_ROLE] = {0, "role", "reader|writer", PLACE(role), "what this machine is to be"},
    [OPTION_STORE] = {0, "store", "URL", PLACE(store),
                      "the single source: ssm://REGION/NAME or local:"},
    [OPTION_READER_PROFILE] = {0, "reader-profile", "PROFILE", PLACE(reader_profile),
                               "AWS profile that a reader uses"},
    [OPTION_WRITER_PROFILE] = {0, "writer-profile", "PROFILE", PLACE(writer_profile),
                               "AWS profile that a writer uses"},
    [OPTION_KMS_KEY_ID] = {0, "kms-key-id", "KEY", PLACE(kms_key_id),
                           "KMS key that encrypts the values"},
    [OPTION_YES] = {'y', "yes", NULL, PLACE(yes), "ask nothing: what was not said is as proposed"},
    [OPTION_ADOPT] = {0, "adopt", NULL, PLACE(adopt),
                      "take the place of the older set-up, and keep what was of it"},
    [OPTION_EXPIRES] = {0, "expires", "DURATION", PLACE(expires),
                        "how long the invitation is good: 24h"},
    [OPTION_SEAL] = {0, "seal", NULL, PLACE(seal), "seal the invitation, into a pipe as well"},
    [OPTION_NO_SEAL] = {0, "no-seal", NULL, PLACE(no_seal),
                        "do not seal it: who reads it has the key"},
    [OPTION_PASSPHRASE_FILE] = {0, "passphrase-file", "FILE", PLACE(passphrase_file),
                                "read the passphrase from FILE"},
    [OPTION_REPLACE] = {0, "replace", NULL, PLACE(replace),
                        "write over a configuration or a key that says otherwise"},
    [OPTION_NO_SERVICE] = {0, "no-service", NULL, PLACE(no_service),
                           "do not install the watcher as a service"},
    [OPTION_ACCOUNT] = {0, "account", "ID", PLACE(account),
                        "the account's number; without it AWS is asked"},
    [OPTION_ADMIN_PROFILE] = {0, "admin-profile", "PROFILE", PLACE(admin_profile),
                              "whose keys make and delete"},
    [OPTION_ROTATE_SELF] = {0, "rotate-self", NULL, PLACE(rotate_self),
                            "users may rotate their own keys"},
    [OPTION_KMS] = {0, "kms", NULL, PLACE(kms), "make a customer-managed key, and an alias for it"},
    [OPTION_ROLES] = {0, "roles", NULL, PLACE(roles),
                      "roles instead of users, for machines that take on roles"},
    [OPTION_GRACE] = {0, "grace", "DURATION", PLACE(grace),
                      "how long the old key goes on working; 1d"},
    [OPTION_FINISH] = {0, "finish", NULL, PLACE(finish), "deactivate and delete the old key"},
    [OPTION_SSH] = {0, "ssh", NULL, PLACE(ssh), "give the new key to each HOST over ssh"},
    [OPTION_JSON] = {'j', "json", NULL, PLACE(json), "print the result as JSON"},
    [OPTION_OFFLINE] = {'o', "offline", NULL, PLACE(offline),
                        "look at this machine only, ask neither store nor services"},
    [OPTION_FIX] = {'x', "fix", NULL, PLACE(fix),
                    "mend what is safe to mend, and say what was done"},
    [OPTION_DRY_RUN] = {'n', "dry-run", NULL, PLACE(dry_run),
                        "say what would be done, change nothing"},
    [OPTION_FORCE] = {'f', "force", NULL, PLACE(force),
                      "do it whatever the order says; blank and torn logins excepted"},
    [OPTION_VERBOSE] = {'v', "verbose", NULL, PLACE(verbose), "say more on standard error"},
    [OPTION_QUIET] = {'q', "quiet", NULL, PLACE(quiet), "say nothing when all is well"},
    [OPTION_DETACH] = {'d', "detach", NULL, PLACE(detach),
                       "go on in the background; print the process's number"},
    [OPTION_ONCE] = {'1', "once", NULL, PLACE(once), "one sync of each relay, then the end"},
    [OPTION_WAIT] = {'w', "wait", NULL, PLACE(wait),
                     "stay until everything is sent, a quarter of an hour at most"},
    [OPTION_NOW] = {0, "now", NULL, PLACE(now), "at once, without waiting for the turn"},
    [OPTION_HELP] = {'h', "help", NULL, PLACE(help), "show this help"},
};
_Static_assert(sizeof option_rows / sizeof option_rows[0] == OPTION_COUNT, "one row for each");

const struct option_row *option_row(enum option_id id)
{
    return &option_rows[id];
}

bool command_takes(const struct command *c, enum option_id id)
{
    return id == OPTION_HELP || (c->options >> id & 1);
}

const struct command *command_at(size_t i)
{
    return i < sizeof table / sizeof table[0] ? table[i] : NULL;
}

const struct command *command_find(const char *name)
{
    const struct command *c;
    for (size_t i = 0; (c = command_at(i)); i++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

static void take_option(struct options *o, enum option_id id, const char *argument)
{
    char *place = (char *)o + option_rows[id].place;
    if (option_rows[id].argument)
        memcpy(place, &argument, sizeof argument);
    else
        *(bool *)(void *)place = true;
}

/* What getopt returns of an option that was named: this and its id. */
enum { BY_NAME = 256 };

/* The options of C for getopt_long(3).  "+": it stops at the first argument, and does not order
 * them by itself, which POSIXLY_CORRECT would turn off. */
static void getopt_tables(const struct command *c, char *letters, struct option *longs)
{
    *letters++ = '+';
    *letters++ = ':';
    for (int id = 0; id < OPTION_COUNT; id++) {
        const struct option_row *row = &option_rows[id];
        if (!command_takes(c, (enum option_id)id))
            continue;
        if (row->letter) {
            *letters++ = row->letter;
            if (row->argument)
                *letters++ = ':';
        }
        *longs++ = (struct option){row->name, row->argument ? required_argument : no_argument, NULL,
                                   BY_NAME + id};
    }
    *letters = '\0';
    *longs = (struct option){NULL, 0, NULL, 0};
}

static int usage_error(const struct command *c, const char *what, const char *which)
{
    fprintf(stderr, "credrelay %s: %s%s\n  see: credrelay %s --help\n", c->name, what, which,
            c->name);
    return err_exit_status(ERR_USAGE);
}

/* The option of C that getopt has found. */
static enum option_id found(const struct command *c, int letter)
{
    if (letter >= BY_NAME)
        return (enum option_id)(letter - BY_NAME);
    int id = 0;
    while (id < OPTION_HELP &&
           !(command_takes(c, (enum option_id)id) && option_rows[id].letter == letter))
        id++;
    return (enum option_id)id;
}

/* getopt says '?' of an option it does not know, and of a flag that was given an argument
 * (--json=1); in a cluster (-nx) ARGV names it only together with its neighbours. */
static int no_such_option(const struct command *c, char **argv)
{
    char letter[] = {'-', (char)optopt, '\0'};
    return usage_error(c,
                       "no such option: ", optopt && optopt < BY_NAME ? letter : argv[optind - 1]);
}

/* The options of C into O; its arguments into ARGV from 1 on, and how many into *RET_COUNT.  Options
 * may stand among the arguments, but for a command whose arguments are a command line of their own.
 * Returns 0, or an exit status. */
static int take_options(const struct command *c, int argc, char **argv, struct options *o,
                        int *ret_count)
{
    char letters[3 + 2 * OPTION_COUNT];
    struct option longs[OPTION_COUNT + 1];
    int count = 0;
    getopt_tables(c, letters, longs);
    opterr = 0;
    optind = 1;
    while (optind < argc) {
        int before = optind, letter = getopt_long(argc, argv, letters, longs, NULL);
        if (letter == '?')
            return no_such_option(c, argv);
        if (letter == ':')
            return usage_error(c, "an argument is missing: ", argv[optind - 1]);
        if (letter != -1)
            take_option(o, found(c, letter), optarg);
        else if (c->most < 0 || optind > before) /* past "--" */
            break;
        else
            argv[1 + count++] = argv[optind++];
    }
    while (optind < argc)
        argv[1 + count++] = argv[optind++];
    argv[1 + count] = NULL;
    *ret_count = count;
    return 0;
}

/* What could not be had for want of memory is missing from what was shown, and in a template or in
 * JSON nobody would see that.  What a wrapped command ends with is its own, and the watcher tells as
 * it goes. */
static int whole_or_not(const struct command *c, int status)
{
    if (!err_memory_ran_out() || c == &cmd_run || c == &cmd_watch)
        return status;
    fprintf(stderr, "credrelay: %s: out of memory: not all of it was done or shown\n", c->name);
    return status ? status : err_exit_status(ERR_NO_MEMORY);
}

int command_run(const struct command *c, int argc, char **argv)
{
    struct options o = {.relay = NULL};
    int count = 0, status = take_options(c, argc, argv, &o, &count);
    if (status)
        return status;
    if (o.help) {
        command_help(c);
        return output_end(c->name, 0);
    }
    if (count < c->least)
        return usage_error(c, "an argument is missing: ", c->arguments);
    if (c->most >= 0 && count > c->most)
        return usage_error(c, "too many arguments: ", argv[1 + c->most]);
    status = whole_or_not(c, c->run(&o, count, argv + 1));
    return c == &cmd_run || c->within ? status : output_end(c->name, status);
}

int command_run_within(const struct command *c, int argc, char **argv)
{
    size_t prefix = strlen(c->name) + 1;
    for (size_t i = 0; c->within[i]; i++)
        if (strcmp(c->within[i]->name + prefix, argv[0]) == 0)
            return command_run(c->within[i], argc, argv);
    return usage_error(c, "no such command: ", argv[0]);
}

static void help_within(const struct command *c)
{
    for (size_t i = 0; c->within && c->within[i]; i++)
        printf("  %-16s %s\n", c->within[i]->name, c->within[i]->summary);
    if (c->within)
        putchar('\n');
}

static void help_options(const struct command *c)
{
    for (int id = 0; id < OPTION_COUNT; id++) {
        const struct option_row *row = &option_rows[id];
        char name[40], letter[] = {'-', row->letter, ',', '\0'};
        if (!command_takes(c, (enum option_id)id))
            continue;
        snprintf(name, sizeof name, "--%s%s%s", row->name, row->argument ? " " : "",
                 row->argument ? row->argument : "");
        printf("  %3s %-18s %s\n", letter[1] ? letter : "", name, row->help);
    }
}

static void help_all(void)
{
    const struct command *c;
    puts("credrelay: log in once, and every machine you own stays logged in\n\n"
         "usage: credrelay COMMAND [OPTION...]     credrelay COMMAND --help\n"
         "       claude-p ARGUMENT...              as `claude -p`, with a login that heals "
         "itself\n");
    for (size_t i = 0; (c = command_at(i)); i++)
        printf("  %-10s %s\n", c->name, c->summary);
    puts("\nmanual: credrelay(1), credrelay.conf(5), credrelay-log(5), credrelay-store(7)");
}

void command_help(const struct command *c)
{
    if (!c) {
        help_all();
        return;
    }
    printf("%s\n\nusage: credrelay %s%s%s%s\n\n%s\n\n", c->summary, c->name, " [OPTION...]",
           c->arguments[0] ? " " : "", c->arguments, c->about);
    help_within(c);
    help_options(c);
}

static void tell(const char *what, const struct err *e)
{
    fprintf(stderr, "credrelay: %s: %s\n", what, e->text);
    if (e->hint[0])
        fprintf(stderr, "  %s\n", e->hint);
}

void tell_warning(const struct err *e)
{
    tell("warning", e);
}

int tell_failure(const char *what, const struct options *o, const struct err *e)
{
    int status = err_exit_status(e->code);
    if (!o->json) {
        tell(what, e);
        return status;
    }
    jv *v = jv_object();
    jv_put_bool(v, "ok", false);
    jv_put_text(v, "command", what);
    jv_put_text(v, "error", err_name(e->code));
    jv_put_text(v, "message", e->text);
    jv_put_text(v, "hint", e->hint);
    jv_put_int(v, "exit_status", status);
    show_line(v);
    return status;
}
