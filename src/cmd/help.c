#include "cmd/cmd.h"

#include <stdio.h>

#include "alert/settings.h"
#include "cmd/show.h"
#include "relay/relay.h"

static jv *command_value(const struct command *c)
{
    jv *v = jv_object(), *options = jv_array(), *within = jv_array();
    for (int id = 0; id < OPTION_COUNT; id++) {
        const struct option_row *row = option_row((enum option_id)id);
        if (!command_takes(c, (enum option_id)id))
            continue;
        jv *o = jv_object();
        const char letter[] = {row->letter, '\0'};
        jv_put_text(o, "letter", letter[0] ? letter : NULL);
        jv_put_text(o, "name", row->name);
        jv_put_text(o, "argument", row->argument);
        jv_put_text(o, "help", row->help);
        jv_push(options, o);
    }
    jv_put_text(v, "name", c->name);
    jv_put_text(v, "arguments", c->arguments);
    jv_put_text(v, "summary", c->summary);
    jv_put(v, "options", options);
    for (size_t i = 0; c->within && c->within[i]; i++)
        jv_push(within, command_value(c->within[i]));
    jv_put(v, "commands", within);
    return v;
}

static jv *commands_value(void)
{
    jv *commands = jv_array();
    const struct command *c;
    for (size_t i = 0; (c = command_at(i)); i++)
        jv_push(commands, command_value(c));
    return commands;
}

/* Of a section of a relay, or of [alert]. */
static jv *settings_value(const struct setting *(*at)(size_t i))
{
    jv *settings = jv_array();
    const struct setting *s;
    for (size_t i = 0; (s = at(i)); i++) {
        jv *v = jv_object();
        jv_put_text(v, "key", s->key);
        jv_put_text(v, "takes", s->takes);
        jv_put_text(v, "default", s->fallback);
        jv_put_text(v, "help", s->help);
        jv_push(settings, v);
    }
    return settings;
}

/* The tables as data: completions and the manual are checked against them. */
static void help_json(void)
{
    jv *v = jv_object();
    jv_put(v, "commands", commands_value());
    jv_put(v, "settings", settings_value(relay_setting));
    jv_put(v, "alert_settings", settings_value(alert_setting));
    show_line(v);
}

static int run(const struct options *o, int argc, char **argv)
{
    const struct command *c = argc ? command_find(argv[0]) : NULL;
    if (argc && !c) {
        fprintf(stderr, "credrelay help: no command called '%s'\n  see: credrelay help\n", argv[0]);
        return err_exit_status(ERR_USAGE);
    }
    if (o->json)
        help_json();
    else
        command_help(c);
    return 0;
}

const struct command cmd_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "show the commands, or one of them",
    .about = "Shows what a command does and which options it takes.",
    .options = TAKES(JSON),
    .most = 1,
    .run = run,
};
