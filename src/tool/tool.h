/* A tool is a command-line program with a login of its own, described as data: where the login is,
 * which part of the file is relayed, what makes it usable, what renews it, what goes before it,
 * and how the tool says that it failed.  One file and one row for each tool. */
#ifndef CREDRELAY_TOOL_TOOL_H
#define CREDRELAY_TOOL_TOOL_H

#include "base/err.h"
#include "tool/failure.h"

struct tool {
    const char *name;          /* as the configuration says it: "claude" */
    const char *product;       /* as people say it: "Claude Code" */
    const char *program;       /* looked for on PATH */
    const char *login_command; /* what a person types to log in */
    const char *const *renew;  /* a run that renews a login near its end; ends with NULL */

    /* The credentials file: FOLDER below the home unless the variable FOLDER_ENV moves it.  The
     * client guards its writing with the folder FOLDER.lock, made with mkdir. */
    const char *folder_env, *folder, *file;

    /* The member of the file that is relayed, and its own members. */
    const char *part;
    const char *access, *refresh, *expires, *deadline; /* the last two: ms since 1970 */
    const char *required_array;                        /* without it the client refuses the login */

    /* Environment variables that the client prefers to its login, in its order; ends with NULL. */
    const char *const *overrides;
    /* The file in its folder and the member of it that name a program which gives out keys. */
    const char *settings, *helper;

    /* How its command line asks for a run that answers once and ends. */
    const char *print_short, *print_long;
    const char *format_option; /* takes "text", "json" or "stream-json" */

    const struct failure_table *failures; /* how it says that it failed */
};

/* NULL when no tool is called NAME. */
const struct tool *tool_find(const char *name);

/* "claude, ..." for messages. */
const char *tool_names(void);

/* The credentials file's path (LIMIT_PATH bytes), and the folder that holds it. */
bool tool_login_path(const struct tool *t, char *out, struct err *e) MUST_CHECK;
bool tool_folder(const struct tool *t, char *out, struct err *e) MUST_CHECK;

/* The client's lock for that folder. */
bool tool_lock_path(const struct tool *t, char *out, struct err *e) MUST_CHECK;

/* What the client would use instead of its login, in words: a variable in the environment, or the
 * helper of its settings; NULL: nothing.  Reads the settings file: not for the good day. */
const char *tool_override(const struct tool *t);

extern const struct tool tool_claude;

#endif
