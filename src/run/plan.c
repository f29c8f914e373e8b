#include "run/plan.h"

#include <string.h>

static enum run_format format_named(const char *name)
{
    if (strcmp(name, "json") == 0)
        return RUN_JSON;
    return strcmp(name, "stream-json") == 0 ? RUN_STREAM_JSON : RUN_TEXT;
}

/* "--output-format=json": the value; NULL when ARG is another option. */
static const char *value_of(const char *arg, const char *option)
{
    size_t n = strlen(option);
    return strncmp(arg, option, n) == 0 && arg[n] == '=' ? arg + n + 1 : NULL;
}

/* "-p", also among others as in "-cp": short options without a value can stand together. */
static bool has_short(const struct tool *t, const char *arg, const char *option)
{
    return option[0] == '-' && option[1] != '-' && strlen(option) == 2 && arg[0] == '-' &&
           arg[1] != '-' && strspn(arg + 1, t->flags) == strlen(arg + 1) &&
           strchr(arg + 1, option[1]);
}

/* ARG asks for one answer; COMMAND: it is the first that is no option. */
static bool asks_once(const struct tool *t, const char *arg, bool command)
{
    for (const char *const *once = t->once; *once; once++)
        if (((*once)[0] == '-' || command) && (strcmp(arg, *once) == 0 || has_short(t, arg, *once)))
            return true;
    return false;
}

struct plan plan_read(const struct tool *t, char *const *argv)
{
    /* A tool that does not say how always answers once. */
    struct plan plan = {.prints = !t->once[0], .format = RUN_TEXT};
    bool command = true;
    for (; *argv && strcmp(*argv, "--") != 0; argv++) {
        const char *value = t->format_option ? value_of(*argv, t->format_option) : NULL;
        plan.prints |= asks_once(t, *argv, command && (*argv)[0] != '-');
        command &= (*argv)[0] == '-';
        if (value)
            plan.format = format_named(value);
        else if (t->format_option && strcmp(*argv, t->format_option) == 0 && argv[1])
            plan.format = format_named(*++argv);
        else if (t->stream_option && strcmp(*argv, t->stream_option) == 0)
            plan.format = RUN_STREAM_JSON;
    }
    return plan;
}
