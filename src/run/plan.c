#include "run/plan.h"

#include <string.h>

static enum run_format format_named(const char *name)
{
    if (name && strcmp(name, "json") == 0)
        return RUN_JSON;
    return name && strcmp(name, "stream-json") == 0 ? RUN_STREAM_JSON : RUN_TEXT;
}

/* "--output-format=json": the value; NULL when ARG is another option. */
static const char *value_of(const char *arg, const char *option)
{
    size_t n = strlen(option);
    return strncmp(arg, option, n) == 0 && arg[n] == '=' ? arg + n + 1 : NULL;
}

/* "-p", also among others as in "-cp": short options without a value can stand together. */
static bool has_short(const char *arg, const char *option)
{
    return arg[0] == '-' && arg[1] != '-' && strspn(arg + 1, "cpv") == strlen(arg + 1) &&
           strchr(arg + 1, option[1]);
}

struct plan plan_read(const struct tool *t, char *const *argv)
{
    struct plan plan = {.prints = false, .format = RUN_TEXT};
    for (; *argv && strcmp(*argv, "--") != 0; argv++) {
        const char *value = value_of(*argv, t->format_option);
        if (strcmp(*argv, t->print_long) == 0 || has_short(*argv, t->print_short))
            plan.prints = true;
        else if (value)
            plan.format = format_named(value);
        else if (strcmp(*argv, t->format_option) == 0 && argv[1])
            plan.format = format_named(*++argv);
    }
    return plan;
}
